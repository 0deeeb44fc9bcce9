//! Publishing, reading and mailing announcements (F1-F4, R34).

use std::path::Path;

use domain::{
    Failure, FieldError, PersonId, ProgrammeId,
    access::{Reach, Role},
    announcements::{AnnouncementProblem, AnnouncementRemark, PublishOptions, TranslationStatus},
    failure::Conflict,
    locale::Locale,
    mail::MailProblem,
    rollout::Phase,
};
use jiff::SignedDuration;
use service::{
    Context, Services,
    announcements::{self, Confirmation},
};
use testkit::{World, on_both};

/// Nothing said yes to in advance.
const PLAIN: PublishOptions = PublishOptions { allow_loss: false, replace: false };
const REPLACE: PublishOptions = PublishOptions { allow_loss: false, replace: true };

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
        let first = announcements::publish(services, FRENCH, Some("portal.fr.md"), PLAIN).await.expect("published");
        assert_eq!((first.sequence, first.version, first.slug.as_str()), (1, 1, "portal"));
        let again = announcements::publish(services, FRENCH, Some("portal.fr.md"), PLAIN).await.expect("the same");
        assert!(again.unchanged && again.version == 1);
        let english = announcements::publish(services, ENGLISH, Some("portal.md"), PLAIN).await.expect("published");
        assert_eq!((english.id, english.sequence, english.version), (first.id, 1, 1), "F4: it joins");
        let newer = FRENCH.replace("tous", "toutes et tous");
        assert_eq!(announcements::publish(services, &newer, Some("portal.fr.md"), PLAIN).await.expect("published").version, 2);
        let other = "---\ntitle: Only English\nlang: en\nsupersedes: portal\n---\nNews.";
        assert!(announcements::publish(services, &other.replace("portal", "nothing"), Some("n.md"), PLAIN).await.is_err());

        let list = announcements::list(&ana, "", 1).await.expect("a list").rows;
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
        assert_eq!(announcements::archive(&ana, "", 1).await.expect("an archive").rows.len(), 1);

        let second = announcements::publish(services, other, Some("second.md"), PLAIN).await.expect("published");
        assert_eq!(second.sequence, 2, "F2, without a gap for what failed");
        let titles: Vec<_> = announcements::list(&ana, "", 1).await.expect("a list").rows.into_iter().map(|row| row.title).collect();
        assert_eq!(titles, ["Only English"], "falls back to another language; the first was superseded");
        assert_eq!(announcements::archive(&ana, "", 1).await.expect("an archive").rows.len(), 3);
        assert_eq!(announcements::page(&ana, "nothing", None, None).await, Err(Failure::NotFound));
    }

    /// F1: what another announcement took the place of leads there, and stands again when it is published again.
    async fn f1_a_superseded_announcement_leads_to_its_successor(world: World) {
        let company = world.organisation("Alpha", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let services = &world.services;
        announcements::publish(services, FRENCH, Some("old.fr.md"), PLAIN).await.expect("published");
        let newer = FRENCH.replace("title:", "supersedes: old\ntitle:");
        announcements::publish(services, &newer, Some("new.fr.md"), PLAIN).await.expect("published");
        let page = async |slug| announcements::page(&ana, slug, None, None).await.expect("a page");
        let old = page("old").await;
        assert_eq!((old.row.superseded, old.successor.as_deref()), (true, Some("new")));
        assert_eq!(page("new").await.successor, None);
        announcements::publish(services, &FRENCH.replace("tous", "vous"), Some("old.fr.md"), PLAIN).await.expect("published");
        let old = page("old").await;
        assert_eq!((old.row.superseded, old.successor), (false, None));
    }

    /// F3: who hides an announcement hides the versions before it, until it is listed again.
    async fn f3_hidden_announcements_leave_the_archive(world: World) {
        let company = world.organisation("Alpha", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let archive = async || announcements::archive(&ana, "", 1).await.expect("an archive").rows.len();
        announcements::publish(&world.services, FRENCH, Some("portal.fr.md"), PLAIN).await.expect("published");
        let hidden = FRENCH.replace("title:", "hide: true\ntitle:");
        assert!(announcements::publish(&world.services, &hidden, Some("portal.fr.md"), PLAIN).await.is_err(), "not unasked");
        announcements::publish(&world.services, &hidden, Some("portal.fr.md"), REPLACE).await.expect("published");
        assert_eq!(archive().await, 0);
        assert!(announcements::publish(&world.services, FRENCH, Some("portal.fr.md"), PLAIN).await.is_err(), "not unasked");
        announcements::publish(&world.services, FRENCH, Some("portal.fr.md"), REPLACE).await.expect("published");
        assert_eq!(archive().await, 1);
    }

    /// The real input, as it is: F1-F4.
    async fn the_real_file_is_taken_as_it_is(world: World) {
        let Some(source) = real_file() else { return };
        let company = world.organisation("Alpha", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let published = announcements::publish(&world.services, &source, Some("announcement.fr.md"), PLAIN).await.expect("published");
        assert!(published.unlisted && published.locale == Locale::Fr);
        assert!(announcements::list(&ana, "", 1).await.expect("a list").rows.is_empty(), "F3: in no list");
        let page = announcements::page(&ana, "announcement", None, None).await.expect("F3: by its address");
        assert!(page.unlisted);
        assert_eq!((page.translation, page.translated_percent), (TranslationStatus::Machine, Some(97)), "F4");
        assert_eq!(page.source_version.as_deref(), Some("03a17fde256c9249664da170489d4ff8707fc5aa"), "F4");
        assert!(page.html.contains("mailto:customercare@"), "R34");
        assert!(page.html.contains("<h4 id=\"avril---activation\">Avril - Activation</h4>") && !page.html.contains("<h1"), "{}", page.html);
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
        announcements::publish_as(&mia, &source, Some("portal.fr.md"), PLAIN).await.expect("published");
        let page = announcements::page(&mia, "portal", None, None).await.expect("a page");
        assert!(page.html.contains("href=\"/cases/new\"") && page.html.contains("src=\"/files/p.png\""));
        assert!(world.mails().await.is_empty(), "publishing sends nothing");
        assert!(matches!(announcements::publish_as(&ana, FRENCH, Some("x.fr.md"), PLAIN).await, Err(Failure::Forbidden(_))));
        assert!(matches!(announcements::mail_everyone(&ana, "portal", programme, yes(2)).await, Err(Failure::Forbidden(_))));

        let plan = plan(&mia, "portal").await;
        assert_eq!((plan.mailing.recipients, plan.mailing.sent, plan.mailing.new_recipients()), (2, 0, 2));
        announcements::mail_everyone(&mia, "portal", programme, yes(2)).await.expect("queued");
        let waiting = self::plan(&mia, "portal").await.mailing;
        assert_eq!((waiting.sent, waiting.waiting), (0, 2), "D3: queued is not received");
        let mails = world.mails().await;
        let mut to: Vec<_> = mails.iter().map(|letter| letter.to.as_str()).collect();
        to.sort_unstable();
        assert_eq!(to, ["ana@example.com", "bob@example.com"]);
        let letter = &mails[0];
        assert_eq!(letter.subject, "Le nouveau portail");
        assert!(letter.text.contains("Bonjour à tous.") && letter.text.contains("care@nordlys.example"), "{}", letter.text);
        assert!(letter.html.contains("<strong>tous</strong>") && letter.html.contains("mailto:care@nordlys.example"));
        let portal = &world.services.settings.public_url;
        // An image of this site is a link in a mail, which has no session.
        for part in [format!("href=\"{portal}/cases/new\""), format!("href=\"{portal}/files/p.png\"")] {
            assert!(letter.html.contains(&part), "{part} is not in {}", letter.html);
        }
        assert!(letter.text.contains(&format!("Un dossier ({portal}/cases/new)")), "{}", letter.text);
        let again = announcements::mail_everyone(&mia, "portal", programme, yes(0)).await;
        assert_eq!(again, Err(Failure::Conflict(Conflict::NoRecipients)));
        assert_eq!(self::plan(&mia, "portal").await.mailing.sent, 2);
        assert!(world.mails().await.is_empty(), "once");
    }

    /// D3: shown before, typed above a hundred, held, stopped; what was stopped can be sent again.
    async fn d3_a_mass_mail_is_held_and_can_be_stopped(world: World) {
        let scene = Sending::new(&world, 3).await;
        let services = held(&world);
        let mia = Context { services: services.clone(), ..world.context(scene.mia).await };
        announcements::publish(&services, FRENCH, Some("portal.fr.md"), PLAIN).await.expect("published");
        assert_eq!(
            announcements::mail_everyone(&mia, "portal", scene.programme, yes(2)).await,
            Err(Failure::Conflict(Conflict::RecipientsChanged)),
            "other people than were shown"
        );
        announcements::mail_everyone(&mia, "portal", scene.programme, yes(3)).await.expect("queued");
        assert!(world.mails().await.is_empty(), "held");
        let batch = plan(&mia, "portal").await.under_way.pop().expect("one under way");
        assert_eq!((batch.queued, batch.sent, batch.leaves_at), (3, 0, services.now() + SignedDuration::from_mins(2)));
        assert_eq!(announcements::stop_mailing(&mia, batch.id).await, Ok(3));
        world.clock.advance(SignedDuration::from_mins(3));
        assert!(world.mails().await.is_empty(), "stopped");
        assert_eq!(announcements::stop_mailing(&mia, batch.id).await, Err(Failure::Conflict(Conflict::NothingToStop)));
        let after = plan(&mia, "portal").await;
        assert_eq!((after.mailing.new_recipients(), after.under_way.len()), (3, 0), "none has received it");

        announcements::mail_everyone(&mia, "portal", scene.programme, yes(3)).await.expect("queued");
        world.clock.advance(SignedDuration::from_mins(2));
        assert_eq!(world.mails().await.len(), 3);
        let ana = world.context(scene.people[0]).await;
        assert!(matches!(announcements::stop_mailing(&ana, batch.id).await, Err(Failure::Forbidden(_))));
    }

    /// D3: a mail that was on its way when its sending was stopped, and came back, does not leave later.
    async fn d3_a_mail_that_comes_back_after_the_stop_does_not_leave(world: World) {
        let scene = Sending::new(&world, 3).await;
        let mia = world.context(scene.mia).await;
        announcements::publish(&world.services, FRENCH, Some("portal.fr.md"), PLAIN).await.expect("published");
        announcements::mail_everyone(&mia, "portal", scene.programme, yes(3)).await.expect("queued");
        let batch = plan(&mia, "portal").await.under_way.pop().expect("one under way");
        let (db, now) = (&world.services.db, world.services.now());
        let tx = store::write_tx(db).await.expect("a transaction");
        let claimed = store::mail::claim(&tx, now, now + SignedDuration::from_secs(90), 1).await.expect("claimed");
        tx.commit().await.expect("written");
        assert_eq!(announcements::stop_mailing(&mia, batch.id).await, Ok(2), "one is on its way");
        let tx = store::write_tx(db).await.expect("a transaction");
        let refused = store::mail::set_failed(&tx, &claimed[0], MailProblem::Later, "busy", Some(now)).await;
        assert!(refused.expect("noted"), "put back");
        tx.commit().await.expect("written");
        assert!(world.mails().await.is_empty(), "stopped");
        assert_eq!(plan(&mia, "portal").await.mailing.new_recipients(), 3, "none has received it");
    }

    /// D3: two managers who confirm at the same moment send one mail to each recipient, and one of them hears of the other.
    async fn d3_two_managers_who_confirm_at_once_send_it_once(world: World) {
        let scene = Sending::new(&world, 3).await;
        let mia = world.context(scene.mia).await;
        announcements::publish(&world.services, FRENCH, Some("portal.fr.md"), PLAIN).await.expect("published");
        let send = || announcements::mail_everyone(&mia, "portal", scene.programme, yes(3));
        let (one, other) = tokio::join!(send(), send());
        assert_eq!([one, other].iter().filter(|sent| sent.is_ok()).count(), 1);
        assert_eq!(plan(&mia, "portal").await.under_way.len(), 1);
        assert_eq!(world.mails().await.len(), 3);
    }

    /// D3: more than a hundred want their number typed; languages without a text are said before.
    async fn d3_a_hundred_and_more_want_their_number_typed(world: World) {
        let scene = Sending::new(&world, 1).await;
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        for number in 0..100 {
            let proof = domain::access::Granted::to_system(domain::access::Permission::PersonCreate, Some(scene.company));
            let (id, email): (PersonId, String) = (world.services.id(), format!("p{number}@example.com"));
            let (name, locale, now) = ("P", Locale::En, world.services.now());
            let new = store::people::NewPerson { id, name, email: &email, normalised: &email, phone: None, locale, now };
            store::people::insert(&tx, &proof, new).await.expect("a person");
            let (organisation, source) = (scene.company, store::people::Source::Added);
            let member =
                store::people::NewMembership { id: world.services.id(), person: id, organisation, name, source, now };
            store::people::insert_membership(&tx, &proof, member).await.expect("a member");
            let (known, active) = (domain::people::MembershipState::Known, domain::people::MembershipState::Active);
            store::people::set_membership_state(&tx, id, organisation, known, active, now).await.expect("active");
        }
        tx.commit().await.expect("a commit");
        let mia = world.context(scene.mia).await;
        announcements::publish(&world.services, FRENCH, Some("portal.fr.md"), PLAIN).await.expect("published");
        let plan = plan(&mia, "portal").await;
        let languages: Vec<_> = plan.languages.iter().map(|of| (of.locale, of.people, of.text)).collect();
        assert_eq!(languages, [(Locale::Fr, 1, Locale::Fr), (Locale::En, 100, Locale::Fr)], "no English text");
        for typed in ["", "100", "all"] {
            let refused = announcements::mail_everyone(&mia, "portal", scene.programme, Confirmation { shown: 101, typed }).await;
            assert_eq!(refused, Err(Failure::field("number", FieldError::NotTheNumber { wanted: 101 })), "{typed}");
        }
        let yes = Confirmation { shown: 101, typed: " 101 " };
        announcements::mail_everyone(&mia, "portal", scene.programme, yes).await.expect("queued");
    }

    /// D3: the sample and the trial are the mail that is sent, and the trial goes to the sender alone.
    async fn d3_a_trial_goes_to_oneself(world: World) {
        let scene = Sending::new(&world, 2).await;
        let mia = world.context(scene.mia).await;
        announcements::publish(&world.services, FRENCH, Some("portal.fr.md"), PLAIN).await.expect("published");
        let samples = announcements::sample_mail(&mia, "portal", scene.programme).await.expect("samples");
        announcements::mail_oneself(&mia, "portal", scene.programme).await.expect("queued");
        let mails = world.mails().await;
        assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [mia.actor.email.as_str()]);
        assert_eq!((&samples[0].subject, &samples[0].text), (&mails[0].subject, &mails[0].text));
        assert!(mails[0].html.contains(&samples[0].html));
        assert_eq!(plan(&mia, "portal").await.mailing.new_recipients(), 2, "the trial does not count as received");
    }

    /// F5: who left the company before the mail does is not written to, and can be when they are back.
    async fn f5_a_mass_mail_does_not_reach_the_removed(world: World) {
        let scene = Sending::new(&world, 2).await;
        let services = held(&world);
        let mia = Context { services: services.clone(), ..world.context(scene.mia).await };
        announcements::publish(&services, FRENCH, Some("portal.fr.md"), PLAIN).await.expect("published");
        announcements::mail_everyone(&mia, "portal", scene.programme, yes(2)).await.expect("queued");
        let (active, removed) = (domain::people::MembershipState::Active, domain::people::MembershipState::Removed);
        let tx = store::write_tx(&services.db).await.expect("a transaction");
        store::people::set_membership_state(&tx, scene.people[0], scene.company, active, removed, services.now())
            .await
            .expect("removed");
        tx.commit().await.expect("a commit");
        world.clock.advance(SignedDuration::from_mins(2));
        assert_eq!(world.mails().await.len(), 1);
        let plan = plan(&mia, "portal").await.mailing;
        assert_eq!((plan.recipients, plan.sent, plan.new_recipients()), (1, 1, 0));
    }

    /// A page of the same name is not replaced, hidden or listed unasked.
    async fn another_page_of_the_same_name_is_not_replaced_unasked(world: World) {
        let services = &world.services;
        let one = "---\ntitle: Overview of tools\n---\nEvery tool has a button that opens a window with settings.\n";
        let other = "---\ntitle: Overview of contracts\n---\nContracts begin in spring and name their contacts and products.\n";
        announcements::publish(services, one, Some("overview.en.md"), PLAIN).await.expect("published");
        let refused = announcements::publish(services, other, Some("overview.en.md"), PLAIN).await;
        let problem = AnnouncementProblem::WouldReplace { slug: "overview".into(), title: "Overview of tools".into() };
        assert_eq!(refused, Err(Failure::field("source", FieldError::Announcement(problem))));
        let better = one.replace("settings", "many settings");
        assert_eq!(announcements::publish(services, &better, Some("overview.en.md"), PLAIN).await.expect("published").version, 2);
        assert_eq!(announcements::publish(services, other, Some("overview.en.md"), REPLACE).await.expect("published").version, 3);
    }

    /// B20: a page that would lose text is refused with the line, published on request, and its publishers see what is
    /// missing.
    async fn b20_a_page_that_would_lose_text_is_not_published_unasked(world: World) {
        let company = world.organisation("Alpha", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let (ana, mia) = (world.context(ana).await, world.context(mia).await);
        let source = "---\ntitle: t\n---\nBefore.\n\n<!-- open\n\nThe rest.\n";
        let refused = announcements::publish_as(&mia, source, Some("a.en.md"), PLAIN).await;
        let Err(Failure::Invalid(errors)) = refused else { panic!("{refused:?}") };
        let Some(FieldError::Announcement(AnnouncementProblem::LosesText { line, .. })) = errors.get("source") else {
            panic!("{errors:?}")
        };
        assert!((6..=8).contains(line), "{line}");
        let allowed = PublishOptions { allow_loss: true, replace: false };
        let published = announcements::publish_as(&mia, source, Some("a.en.md"), allowed).await.expect("published");
        assert!(published.remarks.iter().any(|remark| matches!(remark, AnnouncementRemark::LostText { .. })));
        let remarks = async |context| announcements::page(context, "a", None, None).await.expect("a page").remarks;
        assert_eq!(remarks(&mia).await, published.remarks);
        assert_eq!(remarks(&ana).await, [], "readers are not told");
    }

    /// T32: the list is searched and paged.
    async fn t32_the_list_is_searched_and_paged(world: World) {
        let company = world.organisation("Alpha", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        for number in 1..=45 {
            let source = format!("---\ntitle: News {number}\ndescription: {}\n---\nText.", if number == 7 { "L’été à Paris" } else { "x" });
            announcements::publish(&world.services, &source, Some(&format!("n{number}.en.md")), PLAIN).await.expect("published");
        }
        let first = announcements::list(&ana, "", 1).await.expect("a list");
        assert_eq!((first.rows.len(), first.total, first.pages(), first.rows[0].title.as_str()), (20, 45, 3, "News 45"));
        let last = announcements::list(&ana, "", 99).await.expect("a list");
        assert_eq!((last.rows.len(), last.number), (5, 3));
        let found = announcements::list(&ana, "ETE paris", 1).await.expect("a list");
        assert_eq!(found.rows.iter().map(|row| row.title.as_str()).collect::<Vec<_>>(), ["News 7"]);
        assert_eq!(announcements::latest(&ana).await.expect("an answer").expect("one").title, "News 45");
    }
}

fn yes(shown: u64) -> Confirmation<'static> {
    Confirmation { shown, typed: "" }
}

async fn plan(context: &Context, slug: &str) -> domain::announcements::MailPlan {
    announcements::plan_mail(context, slug).await.expect("plans").remove(0)
}

/// The same world, where mass mails are held for two minutes.
fn held(world: &World) -> Services {
    let mut settings = world.services.settings.clone();
    settings.mass_mail_hold = SignedDuration::from_mins(2);
    world.with_settings(settings)
}

/// A programme with one company and so many people in it.
struct Sending {
    programme: ProgrammeId,
    company: domain::OrganisationId,
    people: Vec<PersonId>,
    mia: PersonId,
}

impl Sending {
    async fn new(world: &World, people: usize) -> Self {
        let product = world.product("atlas").await;
        let company = world.organisation("Alpha", &[product]).await;
        let programme = world.enrol(company, &[product], Phase::Setup).await;
        let mut members = Vec::new();
        for number in 0..people {
            members
                .push(world.member(company, &format!("Ana{number} Lopez"), Role::SupportUser, Reach::Own, None).await);
        }
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        Self { programme, company, people: members, mia }
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
    // T21: one message a cause.
    assert_eq!(parse("---\ntitle: x\nslug: Été\n---\nH", name), BadSlug { line: 3, slug: "Été".into() });
    let long = format!("{}.fr.md", "a".repeat(82));
    assert_eq!(parse("---\ntitle: x\n---\nH", Some(&long)), NameTooLong { name: long.clone(), length: 82, max: 80 });
    assert!(announcements::parse("---\ntitle: x\nlang: fr\nslug: short\n---\nH", Some(&long)).is_ok());
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
    // F6: neither is deep nesting in the head an end of the process.
    for unit in ["[", "{a: ", "- ", "? "] {
        let head = unit.repeat(60_000);
        assert!(announcements::parse(&format!("---\ntitle: x\nother: {head}\n---\nH"), name).is_err(), "{unit}");
    }
    let failure = Failure::field("source", FieldError::Announcement(NoFrontMatter));
    assert_eq!(failure.status(), 422);
}
