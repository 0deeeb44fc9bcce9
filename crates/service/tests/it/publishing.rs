//! Before an announcement is published: its preview, and the images that it shows.

use domain::{
    Failure, FieldError, FileId,
    access::{Reach, Role},
    announcements::{AnnouncementProblem, AnnouncementRemark, PublishOptions},
    cases::CaseForm,
    failure::Denial,
    files::MAX_IMAGE_BYTES,
};
use jiff::SignedDuration;
use service::{
    Context, announcements, cases,
    files::{self, Uploads},
    jobs,
};
use store::jobs::NewJob;
use testkit::{World, on_both};

const PLAIN: PublishOptions = PublishOptions { allow_loss: false, replace: false };
const LOSS: PublishOptions = PublishOptions { allow_loss: true, replace: false };
/// The beginning of a PNG image.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01";

async fn upload(context: &Context, name: &str, bytes: &[u8]) -> Result<FileId, Failure> {
    let uploads = Uploads::begin_images(context).await?;
    let body = futures::stream::iter(bytes.chunks(1_000_000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())));
    uploads.take(name, body).await.map(|file| file.id)
}

fn refusal(outcome: Result<FileId, Failure>) -> FieldError {
    match outcome {
        Err(Failure::Invalid(errors)) => errors.get("files").cloned().expect("an error under files"),
        other => panic!("{other:?}"),
    }
}

fn text(image: FileId) -> String {
    format!("---\ntitle: Map\nlang: en\n---\nHere:\n\n![The map](/files/{image})\n")
}

async fn sees(context: &Context, image: FileId) -> bool {
    match files::open(context, image).await {
        Ok(_) => true,
        Err(Failure::NotFound) => false,
        Err(other) => panic!("{other}"),
    }
}

async fn sweep(world: &World) {
    let services = &world.services;
    let (id, now) = (services.id(), services.now());
    let tx = store::write_tx(&services.db).await.expect("a transaction");
    let payload = serde_json::Value::Null;
    let job = NewJob { id, kind: "sweep", dedup_key: None, payload, run_at: now, now };
    store::jobs::insert(&tx, job).await.expect("a job");
    tx.commit().await.expect("a commit");
    assert!(jobs::run_due(services).await.is_ok_and(|done| done > 0));
}

on_both! {
    /// Part 7: an image is uploaded, seen by publishers, and by every reader once a text shows it.
    async fn an_image_is_seen_when_a_published_text_shows_it(world: World) {
        let company = world.organisation("Alpha", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let (mia, igor) = (world.vendor("Mia Manager", Role::ProgrammeManager).await, world.vendor("Igor Orlov", Role::Operator).await);
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, mia, igor, omar) = (world.context(ana).await, world.context(mia).await, world.context(igor).await, world.context(omar).await);
        let image = upload(&mia, "Map (1).png", PNG).await.expect("taken");
        let other = upload(&igor, "other.png", PNG).await.expect("taken");
        assert!(sees(&mia, image).await && sees(&igor, image).await);
        assert!(!sees(&ana, image).await && !sees(&omar, image).await, "not before it is published");
        let listed = announcements::images(&mia).await.expect("a list");
        assert_eq!((listed.total, listed.newest.len()), (2, 2));
        assert!(listed.newest.iter().any(|image| image.name == "Map (1).png" && !image.published));

        announcements::keep_preview(&mia, &text(image), "map.md", PLAIN).await.expect("kept");
        announcements::preview(&mia).await.expect("a preview");
        assert!(!sees(&ana, image).await, "a preview publishes nothing");
        let published = announcements::publish_as(&mia, &text(image), Some("map.md"), PLAIN).await.expect("published");
        assert_eq!(published.remarks, []);
        let page = announcements::page(&ana, "map", None, None).await.expect("a page");
        assert!(page.html.contains(&format!("<img src=\"/files/{image}\" alt=\"The map\">")), "{}", page.html);
        assert!(sees(&ana, image).await && sees(&omar, image).await);
        assert!(!sees(&ana, other).await, "only what the text shows");
        let (file, _) = files::open(&ana, image).await.expect("the image");
        assert_eq!(file.media_type, "image/png");
    }

    /// By what a file holds, not by its name; who does not publish uploads none (SVG can run scripts: CVE-2026-34718).
    async fn cve_2026_34718_only_images_that_run_nothing_are_taken(world: World) {
        let company = world.organisation("Alpha", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, mia, omar) = (world.context(ana).await, world.context(mia).await, world.context(omar).await);
        for (name, bytes) in [
            ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".as_slice()),
            ("a.svg", b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"),
            ("a.jpg", b"<html><script>alert(1)</script>"),
            ("a.gif", b"%PDF-1.7"),
            ("a.webp", b"text"),
        ] {
            assert_eq!(refusal(upload(&mia, name, bytes).await), FieldError::NotAnImage, "{name}");
        }
        assert_eq!(refusal(upload(&mia, "a.exe", PNG).await), FieldError::RefusedFile);
        assert_eq!(refusal(upload(&mia, "a.png", b"").await), FieldError::EmptyFile);
        let mut large = PNG.to_vec();
        large.resize(MAX_IMAGE_BYTES as usize + 1, 0);
        assert_eq!(refusal(upload(&mia, "a.png", &large).await), FieldError::TooLarge { max_bytes: MAX_IMAGE_BYTES });
        for context in [&ana, &omar] {
            assert!(matches!(upload(context, "a.png", PNG).await, Err(Failure::Forbidden(Denial::Role { .. }))));
            assert!(matches!(announcements::images(context).await, Err(Failure::Forbidden(_))));
        }
    }

    /// An image that no text shows goes after thirty days, one that is shown stays; bytes that a case has too stay.
    async fn f13_images_that_no_text_shows_are_swept(world: World) {
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let (kept, swept) = (upload(&mia, "a.png", PNG).await.expect("taken"), upload(&mia, "b.png", PNG).await.expect("taken"));
        announcements::publish_as(&mia, &text(kept), Some("map.md"), PLAIN).await.expect("published");
        world.clock.advance(SignedDuration::from_hours(29 * 24));
        sweep(&world).await;
        assert!(sees(&mia, swept).await);
        world.clock.advance(SignedDuration::from_hours(2 * 24));
        sweep(&world).await;
        assert!(!sees(&mia, swept).await && sees(&mia, kept).await);
        let listed = announcements::images(&mia).await.expect("a list");
        assert_eq!((listed.total, listed.newest[0].published), (1, true));
    }

    /// A text that names a file of a case says so to its author, and opens it to no one; an image cannot be attached.
    async fn an_announcement_opens_no_file_of_a_case(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Alpha", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let beta = world.organisation("Beta", &[product]).await;
        let bo = world.member(beta, "Bo Berg", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let (ana, bo, mia) = (world.context(ana).await, world.context(bo).await, world.context(mia).await);
        let uploads = Uploads::begin(&ana, None).await.expect("begun");
        let body = futures::stream::iter([Ok::<_, std::io::Error>(PNG.to_vec())]);
        let file = uploads.take("secret.png", body).await.expect("taken").id;
        let form = CaseForm {
            organisation: company.to_string(),
            product: product.to_string(),
            title: "The till".into(),
            description: "It does not open.".into(),
            priority: "p3".into(),
            impact: String::new(),
        };
        cases::open(&ana, &form, &[file]).await.expect("a case");
        let published = announcements::publish_as(&mia, &text(file), Some("map.md"), PLAIN).await.expect("published");
        let remark = AnnouncementRemark::NoSuchImage { line: 7, address: format!("/files/{file}") };
        assert_eq!(published.remarks, [remark]);
        assert!(sees(&ana, file).await && !sees(&bo, file).await && !sees(&mia, file).await);
        let image = upload(&mia, "a.png", PNG).await.expect("taken");
        let attached = cases::open(&ana, &form, &[image]).await;
        assert!(matches!(attached, Err(Failure::Invalid(_))), "{attached:?}");
    }

    /// B20: what would be lost and why it would be refused are seen before, and nothing is published by looking.
    async fn b20_a_preview_shows_the_page_and_what_it_loses(world: World) {
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (mia, omar) = (world.context(mia).await, world.context(omar).await);
        assert_eq!(announcements::preview(&mia).await, Ok(None));
        let source = "---\r\ntitle: News\r\n---\r\nA **word**.\r\n\r\n<select><option>One</select>\r\n\r\n<!-- open\r\n\r\nswallowed\r\n";
        announcements::keep_preview(&mia, source, "news.en.md", PLAIN).await.expect("kept");
        let seen = announcements::preview(&mia).await.expect("a preview").expect("one");
        let page = seen.page.expect("a page");
        assert!(page.html.contains("<strong>word</strong>") && page.slug == "news", "{page:?}");
        assert!(page.remarks.contains(&AnnouncementRemark::DroppedElement { line: 6, name: "select".into() }), "{:?}", page.remarks);
        assert!(matches!(seen.problem, Some(AnnouncementProblem::LosesText { line: 8.., .. })), "{:?}", seen.problem);
        assert_eq!(announcements::page(&mia, "news", None, None).await, Err(Failure::NotFound), "nothing is published");

        announcements::keep_preview(&mia, source, "news.en.md", LOSS).await.expect("kept");
        let seen = announcements::preview(&mia).await.expect("a preview").expect("one");
        assert_eq!((seen.problem, seen.options), (None, LOSS));
        announcements::publish_as(&mia, source, Some("news.en.md"), LOSS).await.expect("published");
        assert_eq!(announcements::preview(&mia).await, Ok(None), "what was published is forgotten");

        for (name, source, wanted) in [
            ("news.en.md", "---\ntitle: Other\n---\nNothing of that kind at all.\n", "would_replace"),
            ("a.en.md", "---\ntitle: t\nsupersedes: none\n---\nx\n", "nothing_to_supersede"),
            ("a.en.md", "no front matter", "no_front_matter"),
        ] {
            announcements::keep_preview(&mia, source, name, PLAIN).await.expect("kept, whatever it is");
            let seen = announcements::preview(&mia).await.expect("a preview").expect("one");
            let problem = serde_json::to_value(seen.problem.expect("a problem")).expect("JSON");
            assert_eq!(problem["problem"], wanted);
            assert_eq!(seen.page.is_some(), wanted != "no_front_matter");
        }
        let long = "x".repeat(256 * 1024 + 1);
        assert!(matches!(announcements::keep_preview(&mia, &long, "a.en.md", PLAIN).await, Err(Failure::Invalid(_))));
        assert!(matches!(announcements::keep_preview(&omar, source, "a.en.md", PLAIN).await, Err(Failure::Forbidden(_))));
        assert!(matches!(announcements::preview(&omar).await, Err(Failure::Forbidden(_))));
    }

    /// B04: a file with the line ends of Windows or of an old Mac is the same text.
    async fn b04_line_ends_make_no_new_version(world: World) {
        let source = "---\ntitle: News\n---\n- one\n- two\n\n| A |\n|---|\n| b |\n";
        let publish = async |source: &str| announcements::publish(&world.services, source, Some("news.en.md"), PLAIN).await;
        let first = publish(source).await.expect("published");
        for ends in ["\r\n", "\r"] {
            let again = publish(&source.replace('\n', ends)).await.expect("the same");
            assert!(again.unchanged && again.version == first.version, "{ends:?}");
        }
    }
}
