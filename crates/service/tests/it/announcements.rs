//! Publishing, reading and mailing announcements (F1-F4, R34).

use std::path::Path;

use domain::{
    Failure, FieldError,
    access::{Reach, Role},
    announcements::{AnnouncementProblem, TranslationStatus},
    locale::Locale,
    rollout::Phase,
};
use service::announcements;
use testkit::on_both;

const FRENCH: &str =
    "---\ntitle: Le nouveau portail\ndescription: Ce qui change\n---\n# Le nouveau portail\n\nBonjour à **tous**.\n";
const ENGLISH: &str = "---\ntitle: The new portal\nlang: en\nworkflow-type: ht\n---\nHello **all**.\n";

/// The file of the source, where it is at hand.
fn real_file() -> Option<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found =
        here.ancestors().find_map(|up| std::fs::read_to_string(up.join("shared/inputs/announcement.fr.md")).ok());
    if found.is_none() {
        eprintln!("skipped: no shared/inputs/announcement.fr.md above the repository");
    }
    found
}

on_both! {
    /// F1, F2, F4: versions, the sequence, languages.
    async fn f1_f2_f4_versions_and_languages(world: World) {
        let company = world.organisation("Alpha", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let services = &world.services;
        let first = announcements::publish(services, FRENCH, Some("portal.fr.md")).await.expect("published");
        assert_eq!((first.sequence, first.version, first.slug.as_str()), (1, 1, "portal"));
        let again = announcements::publish(services, FRENCH, Some("portal.fr.md")).await.expect("the same");
        assert!(again.unchanged && again.version == 1);
        let english = announcements::publish(services, ENGLISH, Some("portal.md")).await.expect("published");
        assert_eq!((english.id, english.sequence, english.version), (first.id, 1, 1), "F4: it joins");
        let newer = FRENCH.replace("tous", "toutes et tous");
        assert_eq!(announcements::publish(services, &newer, Some("portal.fr.md")).await.expect("published").version, 2);
        let other = "---\ntitle: Only English\nlang: en\nsupersedes: portal\n---\nNews.";
        assert!(announcements::publish(services, &other.replace("portal", "nothing"), Some("n.md")).await.is_err());

        let list = announcements::list(&ana).await.expect("a list");
        assert_eq!(list.len(), 1);
        assert_eq!((list[0].title.as_str(), list[0].version), ("Le nouveau portail", 2), "in her language");
        let page = announcements::page(&ana, "portal", None, None).await.expect("a page");
        assert_eq!(page.html, "<p>Bonjour à <strong>toutes et tous</strong>.</p>\n", "without the title");
        assert_eq!(page.languages, [Locale::Fr, Locale::En]);
        assert_eq!(page.translation, TranslationStatus::Source);
        let page = announcements::page(&ana, "portal", Some(Locale::En), None).await.expect("a page");
        assert_eq!((page.row.title.as_str(), page.translation), ("The new portal", TranslationStatus::Reviewed));
        let old = announcements::page(&ana, "portal", Some(Locale::Fr), Some(1)).await.expect("F1: kept");
        assert!(old.row.superseded && old.html.contains("tous"));
        assert_eq!(announcements::archive(&ana).await.expect("an archive").len(), 1);

        let second = announcements::publish(services, other, Some("second.md")).await.expect("published");
        assert_eq!(second.sequence, 2, "F2, without a gap for what failed");
        let titles: Vec<_> = announcements::list(&ana).await.expect("a list").into_iter().map(|row| row.title).collect();
        assert_eq!(titles, ["Only English"], "falls back to another language; the first was superseded");
        assert_eq!(announcements::archive(&ana).await.expect("an archive").len(), 3);
        assert_eq!(announcements::page(&ana, "nothing", None, None).await, Err(Failure::NotFound));
    }

    /// F1: what another announcement took the place of leads there, and stands again when it is published again.
    async fn f1_a_superseded_announcement_leads_to_its_successor(world: World) {
        let company = world.organisation("Alpha", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let services = &world.services;
        announcements::publish(services, FRENCH, Some("old.fr.md")).await.expect("published");
        let newer = FRENCH.replace("title:", "supersedes: old\ntitle:");
        announcements::publish(services, &newer, Some("new.fr.md")).await.expect("published");
        let page = async |slug| announcements::page(&ana, slug, None, None).await.expect("a page");
        let old = page("old").await;
        assert_eq!((old.row.superseded, old.successor.as_deref()), (true, Some("new")));
        assert_eq!(page("new").await.successor, None);
        announcements::publish(services, &FRENCH.replace("tous", "vous"), Some("old.fr.md")).await.expect("published");
        let old = page("old").await;
        assert_eq!((old.row.superseded, old.successor), (false, None));
    }

    /// F3: who hides an announcement hides the versions before it, until it is listed again.
    async fn f3_hidden_announcements_leave_the_archive(world: World) {
        let company = world.organisation("Alpha", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let archive = async || announcements::archive(&ana).await.expect("an archive").len();
        announcements::publish(&world.services, FRENCH, Some("portal.fr.md")).await.expect("published");
        let hidden = FRENCH.replace("title:", "hide: true\ntitle:");
        announcements::publish(&world.services, &hidden, Some("portal.fr.md")).await.expect("published");
        assert_eq!(archive().await, 0);
        announcements::publish(&world.services, FRENCH, Some("portal.fr.md")).await.expect("published");
        assert_eq!(archive().await, 1);
    }

    /// The real input, as it is: F1-F4.
    async fn the_real_file_is_taken_as_it_is(world: World) {
        let Some(source) = real_file() else { return };
        let company = world.organisation("Alpha", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let published = announcements::publish(&world.services, &source, Some("announcement.fr.md")).await.expect("published");
        assert!(published.unlisted && published.locale == Locale::Fr);
        assert!(announcements::list(&ana).await.expect("a list").is_empty(), "F3: in no list");
        let page = announcements::page(&ana, "announcement", None, None).await.expect("F3: by its address");
        assert!(page.unlisted);
        assert_eq!((page.translation, page.translated_percent), (TranslationStatus::Machine, Some(97)), "F4");
        assert_eq!(page.source_version.as_deref(), Some("03a17fde256c9249664da170489d4ff8707fc5aa"), "F4");
        assert!(page.html.contains("mailto:customercare@"), "R34");
        assert!(page.html.contains("<h4>Avril - Activation</h4>") && !page.html.contains("<h1"), "{}", page.html);
        assert!(!page.html.contains("exl-id"));
    }

    /// R34, K20: sending is a step of its own, counted, once for each person.
    async fn r34_mailing_is_explicit_and_once(world: World) {
        let product = world.product("atlas").await;
        let (a, b) = (world.organisation("Alpha", &[product]).await, world.organisation("Beta", &[product]).await);
        let outside = world.organisation("Outside", &[product]).await;
        let programme = world.enrol(a, &[product], Phase::Setup).await;
        world.enrol(b, &[product], Phase::Setup).await;
        let ana = world.member(a, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        world.member(b, "Bob Martin", Role::SupportUser, Reach::Own, None).await;
        world.member(outside, "Zoe Away", Role::SupportUser, Reach::Own, None).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let (ana, mia) = (world.context(ana).await, world.context(mia).await);
        let source = format!("{FRENCH}\n[Un dossier](/cases/new) ![](/files/p.png)\n");
        announcements::publish_as(&mia, &source, Some("portal.fr.md")).await.expect("published");
        let page = announcements::page(&mia, "portal", None, None).await.expect("a page");
        assert!(page.html.contains("href=\"/cases/new\"") && page.html.contains("src=\"/files/p.png\""));
        assert!(world.mails().await.is_empty(), "publishing sends nothing");
        assert!(matches!(announcements::publish_as(&ana, FRENCH, Some("x.fr.md")).await, Err(Failure::Forbidden(_))));
        assert!(matches!(announcements::mail_everyone(&ana, "portal", programme).await, Err(Failure::Forbidden(_))));

        let count = announcements::count_recipients(&mia, "portal", programme).await.expect("a count");
        assert_eq!((count.recipients, count.already), (2, 0));
        announcements::mail_everyone(&mia, "portal", programme).await.expect("queued");
        let mails = world.mails().await;
        let mut to: Vec<_> = mails.iter().map(|letter| letter.to.as_str()).collect();
        to.sort_unstable();
        assert_eq!(to, ["ana@example.com", "bob@example.com"]);
        let letter = &mails[0];
        assert_eq!(letter.subject, "Le nouveau portail");
        assert!(letter.text.contains("Bonjour à tous.") && letter.text.contains("care@nordlys.example"), "{}", letter.text);
        assert!(letter.html.contains("<strong>tous</strong>") && letter.html.contains("mailto:care@nordlys.example"));
        let portal = &world.services.settings.public_url;
        for part in [format!("href=\"{portal}/cases/new\""), format!("src=\"{portal}/files/p.png\"")] {
            assert!(letter.html.contains(&part), "{part} is not in {}", letter.html);
        }
        assert!(letter.text.contains(&format!("Un dossier ({portal}/cases/new)")), "{}", letter.text);
        let again = announcements::mail_everyone(&mia, "portal", programme).await.expect("nothing to do");
        assert_eq!((again.recipients, again.already), (2, 2));
        assert!(world.mails().await.is_empty(), "once");
    }
}

/// Every broken file says where and what to do.
#[test]
fn broken_files_say_what_to_do() {
    use AnnouncementProblem::*;
    let parse = |source: &str, name: Option<&str>| announcements::parse(source, name).map(|_| ()).expect_err(source);
    let name = Some("a.fr.md");
    assert_eq!(parse("# Hello", name), NoFrontMatter);
    assert_eq!(parse("", name), NoFrontMatter);
    assert_eq!(parse("\n---\ntitle: x\nHello", name), UnclosedFrontMatter { line: 2 });
    assert_eq!(parse("---\ndescription: x\n---\nHello", name), NoTitle { line: 3 });
    assert_eq!(parse("---\nlang: fr\ntitle: ''\n---\nHello", name), NoTitle { line: 3 });
    assert!(matches!(parse("---\ntitle: x\nother: [1, 2\n---\nHello", name), NotYaml { line: 2..=4, .. }));
    assert!(matches!(parse("---\ntitle: x\nhide: [1]\n---\nHello", name), NotYaml { line: 3, .. }));
    assert!(matches!(parse("---\njust text\n---\nHello", name), NotYaml { line: 2, .. }));
    assert_eq!(parse("---\ntitle: x\n---\nHello", Some("a.md")), NoLanguage { line: 3 });
    assert_eq!(parse("---\ntitle: x\n---\nHello", Some("a.de.md")), UnknownLanguage { line: 2, language: "de".into() });
    assert_eq!(
        parse("---\ntitle: x\nlang: klingon\n---\nH", name),
        UnknownLanguage { line: 3, language: "klingon".into() }
    );
    let percent = NotAPercentage { line: 3, key: "ht-degree".into(), value: "many".into() };
    assert_eq!(parse("---\ntitle: x\nht-degree: many\n---\nH", name), percent);
    assert_eq!(parse("---\ntitle: x\n---\n\n", name), NoText { line: 4 });
    assert_eq!(parse("---\ntitle: x\nlang: fr\n---\nH", Some("…")), BadName { name: "…".into() });
    assert_eq!(announcements::text_of(b"---\ntitle: \xff\n---\n"), Err(NotUtf8 { line: 2 }));
    assert!(matches!(announcements::text_of(&vec![b'a'; 300_000]), Err(TooLarge { .. })));
    // Windows line ends and a byte order mark are fine; values that look like numbers are text.
    let (front, body) =
        announcements::parse("\u{feff}---\r\ntitle: 2026\r\nht-degree: 97\r\n---\r\nHi", name).expect("fine");
    assert_eq!((front.title.as_str(), front.translated_percent, body), ("2026", Some(97), "Hi"));
    // Aliases that grow without bounds are stopped.
    let mut bomb = String::from("---\ntitle: x\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [before.as_str(); 10].join(",")));
    }
    assert!(matches!(parse(&format!("{bomb}---\nHello"), name), NotYaml { .. }));
    let failure = Failure::field("source", FieldError::Announcement(NoFrontMatter));
    assert_eq!(failure.status(), 422);
}
