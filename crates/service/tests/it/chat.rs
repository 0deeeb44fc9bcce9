//! Chats: asked for, picked up, written, ended; the transcript is the case.

use domain::{
    Failure,
    access::{Reach, Role},
    cases::{Channel, CloseReason, EntryKind, Side, Status, StreamItem},
    chat::{ChatForm, ChatHours, ChatState},
    failure::{Conflict, Denial},
    people::RoleEnd,
    rollout::{Capability, Phase},
};
use jiff::SignedDuration;
use service::{cases, chat, live};
use testkit::on_both;

fn form(organisation: impl ToString, product: impl ToString) -> ChatForm {
    ChatForm {
        organisation: organisation.to_string(),
        product: product.to_string(),
        text: "Le tableau de bord reste vide.\nDepuis ce matin.".into(),
    }
}

on_both! {
    /// R10, R11, R21, J17, K19
    async fn r10_the_transcript_of_a_chat_is_the_case(world: World) {
        world.phone_line("emea", "Europe/Paris").await;
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let (omar, lea) = (world.vendor("Omar Agent", Role::Agent).await, world.vendor("Lea Agent", Role::Agent).await);
        let (ana, omar, lea) = (world.context(ana).await, world.context(omar).await, world.context(lea).await);

        let id = chat::start(&ana, &form(company, product)).await.expect("started");
        assert_eq!(chat::start(&ana, &form(company, product)).await, Ok(id), "one person, one chat");
        assert_eq!(chat::current(&ana).await, Ok(Some(id)), "found again after a reload");
        assert_eq!(chat::send(&lea, id, "Bonjour").await, Err(Failure::Conflict(Conflict::StatusChange)));

        let waiting = chat::list_live(&omar, "").await.expect("a list");
        assert_eq!(waiting.len(), 1);
        assert_eq!((waiting[0].title.as_str(), waiting[0].mine), ("Le tableau de bord reste vide.", false));
        let (first, second) = tokio::join!(chat::answer(&omar, id), chat::answer(&lea, id));
        assert!(first.is_ok() != second.is_ok(), "one agent gets it");
        let refused = if first.is_ok() { second } else { first.clone() };
        assert_eq!(refused, Err(Failure::Conflict(Conflict::AlreadyTaken)));
        let agent = if first.is_ok() { &omar } else { &lea };
        chat::answer(agent, id).await.expect("a second click of the same agent changes nothing");

        chat::send(agent, id, "Bonjour, je regarde.").await.expect("sent");
        chat::send(&ana, id, "Merci !").await.expect("sent");
        let seen = chat::view(&ana, id).await.expect("visible");
        assert!(seen.may_write && !seen.may_answer);
        assert_eq!(seen.row.agent.as_deref(), Some(agent.actor.name.as_str()));

        chat::end(agent, id).await.expect("ended");
        assert_eq!(chat::send(&ana, id, "Encore ?").await, Err(Failure::Conflict(Conflict::ChatEnded)));
        assert_eq!(chat::current(&ana).await, Ok(None));
        assert!(chat::list_live(&omar, "").await.expect("a list").is_empty());

        let case = cases::detail(&ana, seen.row.case).await.expect("visible");
        assert_eq!((case.row.channel, case.row.status), (Channel::Chat, Status::InProgress));
        assert_eq!(case.row.agent.as_deref(), Some(agent.actor.name.as_str()));
        let stream: Vec<_> = case
            .stream
            .iter()
            .filter_map(|item| match item {
                StreamItem::Entry(entry) => Some((entry.kind, entry.side, entry.body.as_str())),
                StreamItem::Note(_) => None,
            })
            .collect();
        assert_eq!(stream, [
            (EntryKind::Chat, Side::Customer, "Le tableau de bord reste vide.\nDepuis ce matin."),
            (EntryKind::Line, Side::Vendor, "chat_answered"),
            (EntryKind::Chat, Side::Vendor, "Bonjour, je regarde."),
            (EntryKind::Chat, Side::Customer, "Merci !"),
            (EntryKind::Line, Side::Vendor, "chat_ended"),
        ]);
        assert_eq!(world.mails().await.len(), 1, "the transcript, because she did not end it; none per message");
        let news = live::news(&ana, 0).await.expect("news");
        assert_eq!(news.cases, [(case.row.id, 5)], "started, answered, two messages, ended: one event a change");
        assert_eq!(case.seen_event, 5);
    }

    /// J17: outside the opening hours a form and the next opening time, never a dead end.
    async fn j17_outside_the_hours_a_chat_is_refused_with_the_next_opening(world: World) {
        world.phone_line("apac", "Asia/Tokyo").await;
        world.phone_line("emea", "Europe/Paris").await;
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let open = ChatHours::Open { until: Some("2026-03-02T16:00:00Z".parse().expect("a time")) };
        assert_eq!(chat::hours(&world.services, company).await, Ok(open), "the hours of the company's own region");
        world.clock.advance(SignedDuration::from_hours(8));
        let closed = ChatHours::Closed { opens_at: Some("2026-03-03T08:00:00Z".parse().expect("a time")) };
        assert_eq!(chat::hours(&world.services, company).await, Ok(closed));
        let refused = chat::start(&ana, &form(company, product)).await;
        assert_eq!(refused, Err(Failure::Conflict(Conflict::ChatClosed)));
        assert_eq!(cases::list(&ana, &Default::default()).await.expect("a list").rows.len(), 0, "no half a case");
    }

    /// Another region's hours are not ours: without a line of the own region the chat does not open.
    async fn the_hours_of_another_region_are_not_used(world: World) {
        world.phone_line("apac", "Europe/Paris").await;
        let company = world.organisation("Brasserie du Nord", &[]).await;
        assert_eq!(chat::hours(&world.services, company).await, Ok(ChatHours::Closed { opens_at: None }));
    }

    /// R26, J06; product-scoped users chat about their products only.
    async fn r26_chats_open_at_launch_and_within_the_role(world: World) {
        world.phone_line("emea", "Europe/Paris").await;
        let (atlas, pulse) = (world.product("atlas").await, world.product("pulse").await);
        let (early, live) = (world.organisation("Early", &[atlas]).await, world.organisation("Live", &[atlas, pulse]).await);
        world.enrol(early, &[atlas], Phase::Enablement).await;
        world.enrol(live, &[atlas], Phase::Launch).await;
        let ana = world.member(early, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bob = world.member(live, "Bob Martin", Role::ProductSupportUser, Reach::Own, Some(&[atlas])).await;
        let (ana, bob) = (world.context(ana).await, world.context(bob).await);
        let not_yet = Err(Failure::Forbidden(Denial::NotOpenYet {
            capability: Capability::Chat,
            phase: Phase::Launch,
            opens_on: Some("2026-05-11".parse().expect("a day")),
            delayed: false,
        }));
        assert_eq!(chat::start(&ana, &form(early, atlas)).await, not_yet);
        assert_eq!(chat::start(&ana, &form(live, atlas)).await, Err(Failure::NotFound), "not her company");
        assert!(matches!(chat::start(&bob, &form(live, pulse)).await, Err(Failure::Forbidden(Denial::Role { .. }))));
        let id = chat::start(&bob, &form(live, atlas)).await.expect("started");
        assert_eq!(chat::view(&ana, id).await.map(|_| ()), Err(Failure::NotFound));
        assert_eq!(chat::send(&ana, id, "hello").await, Err(Failure::NotFound));
        assert!(matches!(chat::answer(&bob, id).await, Err(Failure::Forbidden(Denial::Role { .. }))));
        // Closing the case closes the chat.
        let case = chat::view(&bob, id).await.expect("visible").row.case;
        cases::close(&bob, case, CloseReason::Withdrawn).await.expect("closed");
        assert_eq!(chat::view(&bob, id).await.expect("visible").row.state, ChatState::Ended);
    }

    async fn chats_that_were_left_are_ended(world: World) {
        world.phone_line("emea", "Europe/Paris").await;
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        chat::start(&ana, &form(company, product)).await.expect("started");
        for (hours, left) in [(3, true), (2, false)] {
            world.clock.advance(SignedDuration::from_hours(hours));
            let change = service::Change::begin_as_system(&world.services).await.expect("a change");
            let job = store::jobs::NewJob {
                id: world.services.id(),
                kind: "sweep",
                dedup_key: None,
                payload: Default::default(),
                run_at: change.now,
                now: change.now,
            };
            store::jobs::insert(&change.tx, job).await.expect("planned");
            change.commit().await.expect("planned");
            assert_eq!(service::jobs::run_due(&world.services).await, Ok(1));
            assert_eq!(chat::current(&ana).await.expect("a lookup").is_some(), left, "after {hours} more hours");
            let sent = world.mails().await;
            assert_eq!(sent.len(), usize::from(!left), "the transcript, once it ended");
            assert!(sent.iter().all(|letter| letter.text.contains("Depuis ce matin.")), "{sent:?}");
        }
        assert_eq!(store::audit::verify(&world.services.db).await.expect("readable"), None, "the chain holds");
    }

    /// C5: a chat that its person can no longer see, because the role ended by itself, does not block the next one.
    async fn c5_a_chat_out_of_sight_makes_room(world: World) {
        world.phone_line("emea", "Europe/Paris").await;
        let (atlas, pulse) = (world.product("atlas").await, world.product("pulse").await);
        let company = world.organisation("Brasserie du Nord", &[atlas, pulse]).await;
        let bob = world.member(company, "Bob Martin", Role::ProductSupportUser, Reach::Own, Some(&[pulse])).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        let soon = world.services.now() + SignedDuration::from_hours(1);
        let new = store::people::NewGrant {
            id: world.services.id(),
            person: bob,
            role: Role::ProductSupportUser,
            organisation: Some(company),
            reach: Reach::Own,
            products: Some(&[atlas]),
            reasons: &[],
            until: Some(RoleEnd { day: "2026-03-02".parse().expect("a day"), at: soon }),
            now: world.services.now(),
        };
        let proof = domain::access::Granted::to_system(domain::access::Permission::RoleGrant, Some(company));
        store::people::insert_grant(&tx, &proof, new).await.expect("a grant");
        tx.commit().await.expect("a commit");

        let before = chat::start(&world.context(bob).await, &form(company, atlas)).await.expect("started");
        world.clock.advance(SignedDuration::from_hours(2));
        let bob = world.context(bob).await;
        assert_eq!(chat::current(&bob).await, Ok(None), "out of sight");
        let after = chat::start(&bob, &form(company, pulse)).await.expect("there is room");
        assert_eq!(chat::current(&bob).await, Ok(Some(after)));
        let seen = chat::view(&world.context(ana).await, before).await.expect("visible to the admin");
        assert_eq!(seen.row.state, ChatState::Ended);
    }

    /// C6: what is written into the case after the chat is no part of it.
    async fn c6_later_replies_are_not_shown_as_chat(world: World) {
        world.phone_line("emea", "Europe/Paris").await;
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        let id = chat::start(&ana, &form(company, product)).await.expect("started");
        world.clock.advance(SignedDuration::from_mins(5));
        chat::end(&ana, id).await.expect("ended");
        world.clock.advance(SignedDuration::from_hours(20));
        let case = chat::view(&ana, id).await.expect("visible").row.case;
        cases::reply(&ana, case, "LATER", &[], cases::Reply::Answer).await.expect("replied");
        let seen = chat::view(&ana, id).await.expect("visible").messages;
        let seen: Vec<_> = seen.iter().map(|entry| entry.body.as_str()).collect();
        assert_eq!(seen, ["Le tableau de bord reste vide.\nDepuis ce matin.", "chat_ended"]);
    }

    /// C7: closing a case ends its chat as ending it does: a line, an event, the transcript to the others.
    async fn c7_closing_a_case_ends_its_chat_with_all_that_belongs_to_it(world: World) {
        world.phone_line("emea", "Europe/Paris").await;
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, omar) = (world.context(ana).await, world.context(omar).await);
        let id = chat::start(&ana, &form(company, product)).await.expect("started");
        let case = chat::answer(&omar, id).await.expect("answered");
        cases::close(&omar, case, CloseReason::Duplicate).await.expect("C8: an agent's reason");
        assert_eq!(chat::view(&ana, id).await.expect("visible").row.state, ChatState::Ended);
        let lines = cases::detail(&ana, case).await.expect("visible").stream;
        let lines: Vec<_> = lines
            .iter()
            .filter_map(|item| match item {
                StreamItem::Entry(entry) if entry.kind == EntryKind::Line => Some(entry.body.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(lines, ["chat_answered", "chat_ended", "closed"]);
        let ledger = service::audit::list(&omar, Some(company), None).await.expect("a ledger").rows;
        let verbs: Vec<_> = ledger.iter().map(|row| row.verb.key()).collect();
        assert_eq!(verbs, ["case.closed", "chat.ended", "chat.answered", "chat.started"]);
        let mails = world.mails().await;
        assert_eq!(mails.len(), 2, "transcript and closing: {mails:?}");
        assert!(mails.iter().any(|mail| mail.text.contains("Depuis ce matin.")), "{mails:?}");
    }

    /// T38: a question that is sent while a chat goes on is asked there, once; never in the chat of another company.
    async fn t38_a_second_question_is_said_in_the_chat_that_goes_on(world: World) {
        world.phone_line("emea", "Europe/Paris").await;
        let product = world.product("atlas").await;
        let (one, two) = (world.organisation("One", &[product]).await, world.organisation("Two", &[product]).await);
        let ana = world.member(one, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        world.join(ana, two).await;
        world.grant(ana, Role::SupportUser, Some(two), Reach::Own, None).await;
        let ana = world.context(ana).await;
        let id = chat::start(&ana, &form(one, product)).await.expect("started");
        let second = ChatForm { text: "Et l’export ?".into(), ..form(one, product) };
        assert_eq!(chat::start(&ana, &form(one, product)).await, Ok(id), "a second click");
        assert_eq!(chat::start(&ana, &second).await, Ok(id));
        let seen = chat::view(&ana, id).await.expect("visible").messages;
        let seen: Vec<_> = seen.iter().map(|entry| entry.body.as_str()).collect();
        assert_eq!(seen, ["Le tableau de bord reste vide.\nDepuis ce matin.", "Et l’export ?"]);
        let elsewhere = ChatForm { text: "Secret de Two".into(), ..form(two, product) };
        assert_eq!(chat::start(&ana, &elsewhere).await, Err(Failure::Conflict(Conflict::ChatRunning)));
        assert_eq!(chat::view(&ana, id).await.expect("visible").messages.len(), 2);
    }

    /// B8: the case is locked before its chat, so concurrent answering, writing, ending and closing neither wait for each other
    /// for ever nor leave a message behind the end.
    async fn b8_concurrent_changes_of_a_chat_happen_in_some_order(world: World) {
        world.phone_line("emea", "Europe/Paris").await;
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, omar) = (world.context(ana).await, world.context(omar).await);
        for round in 0..8 {
            let id = chat::start(&ana, &form(company, product)).await.expect("started");
            let case = chat::view(&ana, id).await.expect("visible").row.case;
            let (answered, sent, ended, closed) = tokio::join!(
                async { chat::answer(&omar, id).await.map(|_| ()) },
                async { chat::send(&ana, id, "Encore").await },
                async { if round % 2 == 0 { chat::end(&ana, id).await.map(|_| ()) } else { Ok(()) } },
                async { cases::close(&omar, case, CloseReason::Confirmed).await },
            );
            for (what, done) in [("answer", answered), ("send", sent), ("end", ended), ("close", closed)] {
                assert!(matches!(done, Ok(()) | Err(Failure::Conflict(_))), "{round} {what}: {done:?}");
            }
            let detail = cases::detail(&ana, case).await.expect("visible");
            assert_eq!(detail.row.status, Status::Closed, "{round}");
            let bodies: Vec<_> = detail
                .stream
                .iter()
                .filter_map(|item| match item {
                    StreamItem::Entry(entry) => Some(entry.body.as_str()),
                    StreamItem::Note(_) => None,
                })
                .collect();
            let end = bodies.iter().position(|body| *body == "chat_ended").expect("it ended");
            assert!(bodies[end..].iter().all(|body| *body != "Encore"), "{round}: {bodies:?}");
            assert_eq!(bodies.iter().filter(|body| **body == "chat_ended").count(), 1, "{round}: {bodies:?}");
        }
    }
}
