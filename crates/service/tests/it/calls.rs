//! Phone lines and call-backs.

use domain::{
    CaseId, Failure, FieldError, FieldErrors,
    access::{Reach, Role},
    calls::{CallEntry, CallOutcome, CallbackForm, PhoneLineForm},
    cases::{Channel, EntryKind, Status, StreamItem},
    chat::ChatHours,
    failure::{Conflict, Denial},
    rollout::{Capability, Phase},
};
use service::{Context, calls, cases, chat, live};
use testkit::on_both;

fn form(organisation: impl ToString) -> CallbackForm {
    CallbackForm {
        organisation: organisation.to_string(),
        phone: "+33 1 99 00 11 22".into(),
        when: "now".into(),
        topic: "Le VPN tombe".into(),
        ..Default::default()
    }
}

async fn call_entries(context: &Context, case: CaseId) -> Vec<CallEntry> {
    let case = cases::detail(context, case).await.expect("visible");
    let entries = case.stream.into_iter().filter_map(|item| match item {
        StreamItem::Entry(entry) if entry.kind == EntryKind::Call => CallEntry::parse(&entry.body),
        _ => None,
    });
    entries.collect()
}

on_both! {
    /// R8, R11, J19: asked for, seen in the desk, logged in the case; one at a time for a case.
    async fn r8_a_call_back_is_asked_for_and_logged_in_the_case(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, omar) = (world.context(ana).await, world.context(omar).await);
        assert_eq!(calls::defaults(&ana).await.expect("defaults").phone, "+33123456789", "from the profile");

        let case = calls::request(&ana, &form(company)).await.expect("asked");
        let again = CallbackForm { case: case.to_string(), ..form(company) };
        assert_eq!(calls::request(&ana, &again).await, Err(Failure::Conflict(Conflict::CallbackOpen)));
        assert_eq!(calls::mine(&ana).await.expect("a list").len(), 1);
        assert!(matches!(calls::list_open(&ana, "").await, Err(Failure::Forbidden(Denial::Role { .. }))));

        let open = calls::list_open(&omar, "").await.expect("a list");
        assert_eq!(open.len(), 1);
        assert_eq!((open[0].case, open[0].phone.as_str(), open[0].person.as_str()), (case, "+33199001122", "Ana Lopez"));
        let empty = calls::log(&omar, open[0].id, CallOutcome::Reached, " ").await;
        assert_eq!(empty, Err(Failure::field("note", FieldError::Required)), "what was said is written down");
        calls::log(&omar, open[0].id, CallOutcome::NoAnswer, "").await.expect("logged");
        let twice = calls::log(&omar, open[0].id, CallOutcome::Reached, "Réglé.").await;
        assert_eq!(twice, Err(Failure::Conflict(Conflict::AlreadyTaken)));
        assert!(calls::list_open(&omar, "").await.expect("a list").is_empty());

        calls::request(&ana, &again).await.expect("asked again, the first call was made");
        let open = calls::list_open(&omar, "").await.expect("a list");
        calls::log(&omar, open[0].id, CallOutcome::Reached, "Réglé au téléphone.").await.expect("logged");

        let seen = cases::detail(&ana, case).await.expect("visible");
        assert_eq!((seen.row.channel, seen.row.status), (Channel::Callback, Status::InProgress));
        assert_eq!((seen.row.title.as_str(), seen.row.agent.as_deref()), ("Le VPN tombe", Some("Omar Agent")));
        let requested =
            CallEntry::Requested { phone: "+33199001122".into(), wanted_at: None, topic: "Le VPN tombe".into() };
        assert_eq!(call_entries(&ana, case).await, [
            requested.clone(),
            CallEntry::Made { outcome: CallOutcome::NoAnswer, note: String::new() },
            requested,
            CallEntry::Made { outcome: CallOutcome::Reached, note: "Réglé au téléphone.".into() },
        ]);
        let mails = world.mails().await;
        assert_eq!(mails.len(), 2, "the case, and the unanswered call");
        assert!(mails[1].text.contains("+33199001122"), "says that a call was tried: {}", mails[1].text);
        let news = live::news(&ana, 0).await.expect("news");
        assert_eq!(news.cases, [(case, 4)], "asked, called, asked, called: one event each");
    }

    /// J19: the wanted time is in the person's zone, across a change of clocks, and within the hours of the desk.
    async fn j19_the_wanted_time_is_in_the_zone_of_the_person(world: World) {
        world.phone_line("apac", "Asia/Tokyo").await;
        world.phone_line("emea", "Europe/Paris").await;
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let lines = calls::lines(&ana, company).await.expect("lines");
        let regions: Vec<_> = lines.iter().map(|line| (line.region.as_str(), line.own, line.open_until.is_some())).collect();
        assert_eq!(regions, [("emea", true, true), ("apac", false, false)], "the own region first");

        // New York has changed its clocks by then, Paris has not: 09:30 there is 14:30 here.
        let ask = |when: &str, zone: &str| CallbackForm { when: when.into(), time_zone: zone.into(), ..form(company) };
        calls::request(&ana, &ask("2026-03-20T09:30", "America/New_York")).await.expect("asked");
        // The zone of the profile, Paris, in summer time.
        calls::request(&ana, &ask("2026-03-30T09:30", "")).await.expect("asked");
        let wanted: Vec<_> = calls::mine(&ana).await.expect("a list").iter().map(|call| call.wanted_at).collect();
        let at = |text: &str| Some(text.parse().expect("a time"));
        assert_eq!(wanted, [at("2026-03-20T13:30:00Z"), at("2026-03-30T07:30:00Z")]);

        let wrong = |error| Err(Failure::Invalid(FieldErrors::one("when", error)));
        assert_eq!(calls::request(&ana, &ask("2026-03-20T20:30", "America/New_York")).await, wrong(FieldError::OutsideHours));
        assert_eq!(calls::request(&ana, &ask("2026-03-21T10:00", "Europe/Paris")).await, wrong(FieldError::OutsideHours));
        assert_eq!(calls::request(&ana, &ask("2026-03-01T10:00", "Europe/Paris")).await, wrong(FieldError::InThePast));
        assert_eq!(calls::request(&ana, &ask("2026-03-20T10:00", "Mars/Olympus")).await, wrong(FieldError::NotATime));
    }

    /// R26, J06
    async fn r26_calls_open_at_launch(world: World) {
        world.phone_line("emea", "Europe/Paris").await;
        let company = world.organisation("Brasserie du Nord", &[]).await;
        world.enrol(company, &[], Phase::Setup).await;
        let other = world.organisation("Other", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        let not_yet = Failure::Forbidden(Denial::NotOpenYet {
            capability: Capability::Calls,
            phase: Phase::Launch,
            opens_on: Some("2026-05-11".parse().expect("a day")),
            delayed: false,
        });
        assert_eq!(calls::request(&ana, &form(company)).await, Err(not_yet.clone()));
        let empty = CallbackForm { organisation: company.to_string(), ..Default::default() };
        assert_eq!(calls::request(&ana, &empty).await, Err(not_yet.clone()), "the gate comes before the form");
        assert_eq!(calls::lines(&ana, company).await, Err(not_yet));
        assert_eq!(calls::lines(&ana, other).await, Err(Failure::NotFound));
    }

    /// R8: a customer who gave a wrong number is told, and the case keeps waiting for them as before.
    async fn a_wrong_number_is_told_by_mail(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, omar) = (world.context(ana).await, world.context(omar).await);
        let case = calls::request(&ana, &form(company)).await.expect("asked");
        cases::reply(&omar, case, "Quel est le bon numéro ?", &[], cases::Reply::Ask).await.expect("asked");
        world.mails().await;
        let open = calls::list_open(&omar, "").await.expect("a list");
        calls::log(&omar, open[0].id, CallOutcome::WrongNumber, "").await.expect("logged");
        assert_eq!(cases::detail(&ana, case).await.expect("visible").row.status, Status::PendingResponse);
        let sent = world.mails().await;
        assert_eq!(sent.len(), 1);
        assert!(sent[0].text.contains("+33199001122") && sent[0].text.contains("bon numéro"), "{}", sent[0].text);
    }

    /// R8: the operator sets the lines; with one, the phone and the chat of a region open.
    async fn r8_the_operator_sets_the_phone_lines(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let (omar, olga) = (world.vendor("Omar Agent", Role::Agent).await, world.vendor("Olga Op", Role::Operator).await);
        let (ana, omar, olga) = (world.context(ana).await, world.context(omar).await, world.context(olga).await);
        let line = PhoneLineForm {
            region: "emea".into(),
            number: "+33 1 84 80 00 00".into(),
            languages: "fr, en".into(),
            zone: "Europe/Paris".into(),
            monday: "09:00-17:00".into(),
            ..Default::default()
        };
        for other in [&ana, &omar] {
            assert!(matches!(calls::save_line(other, &line).await, Err(Failure::Forbidden(Denial::Role { .. }))));
            assert!(matches!(calls::line_settings(other).await, Err(Failure::Forbidden(Denial::Role { .. }))));
            assert!(matches!(calls::remove_line(other, "emea").await, Err(Failure::Forbidden(Denial::Role { .. }))));
        }
        let settings = calls::line_settings(&olga).await.expect("settings");
        assert_eq!((settings.lines.len(), settings.missing), (0, vec!["emea".to_owned()]));
        let wrong = PhoneLineForm { zone: "Paris".into(), ..line.clone() };
        assert_eq!(calls::save_line(&olga, &wrong).await, Err(Failure::field("zone", FieldError::NotAZone)));
        calls::save_line(&olga, &PhoneLineForm { region: "apac".into(), ..line.clone() }).await.expect("saved");
        calls::save_line(&olga, &line).await.expect("saved");
        assert!(chat::hours(&world.services, company).await.is_ok_and(|hours| matches!(hours, ChatHours::Open { .. })));
        calls::save_line(&olga, &PhoneLineForm { region: "apac".into(), monday: String::new(), ..line }).await.expect("changed");
        let settings = calls::line_settings(&olga).await.expect("settings");
        let regions: Vec<_> = settings.lines.iter().map(|line| (line.region.as_str(), !line.hours.week[0].is_empty())).collect();
        assert_eq!((regions, settings.missing.len()), (vec![("apac", false), ("emea", true)], 0), "a changed line keeps its place");
        calls::remove_line(&olga, "emea").await.expect("removed");
        assert_eq!(calls::remove_line(&olga, "emea").await, Err(Failure::NotFound));
        assert_eq!(chat::hours(&world.services, company).await, Ok(ChatHours::Closed { opens_at: None }));
        assert!(calls::lines(&ana, company).await.expect("lines").iter().all(|line| !line.own));
        assert_eq!(store::audit::verify(&world.services.db).await.expect("readable"), None, "the chain holds");
    }

    /// B8: the case is locked before its calls, so that concurrent asking, logging and answering wait in turn.
    async fn b8_concurrent_changes_of_a_call_happen_in_some_order(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let (omar, lea) = (world.vendor("Omar Agent", Role::Agent).await, world.vendor("Lea Agent", Role::Agent).await);
        let (ana, omar, lea) = (world.context(ana).await, world.context(omar).await, world.context(lea).await);
        let case = calls::request(&ana, &form(company)).await.expect("asked");
        let again = CallbackForm { case: case.to_string(), ..form(company) };
        for round in 0..8 {
            let open = calls::list_open(&omar, "").await.expect("a list").first().expect("one").id;
            let (one, two, asked, replied) = tokio::join!(
                calls::log(&omar, open, CallOutcome::NoAnswer, ""),
                calls::log(&lea, open, CallOutcome::Reached, "Réglé."),
                calls::request(&ana, &again),
                cases::reply(&ana, case, "Toujours là.", &[], cases::Reply::Answer),
            );
            assert!(one.is_ok() != two.is_ok(), "{round}: {one:?} {two:?}");
            let refused = one.err().or(two.err());
            assert_eq!(refused, Some(Failure::Conflict(Conflict::AlreadyTaken)), "{round}");
            assert_eq!(replied, Ok(()), "{round}");
            match asked {
                Ok(_) => {}
                Err(Failure::Conflict(Conflict::CallbackOpen)) => {
                    calls::request(&ana, &again).await.expect("the one before was made");
                }
                other => panic!("{round}: {other:?}"),
            }
        }
    }
}
