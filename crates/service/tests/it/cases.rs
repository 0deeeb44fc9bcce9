//! Opening, reading, writing into and closing cases.

use domain::{
    Failure, FieldError,
    access::{Granted, Permission, Reach, Role},
    cases::{CaseFilter, CaseForm, CloseReason, Status, StreamItem},
    failure::{Conflict, Denial},
    rollout::{Capability, Phase},
};
use jiff::SignedDuration;
use service::{
    Change,
    cases::{self, Reply},
};
use testkit::on_both;

fn form(organisation: impl ToString, product: impl ToString) -> CaseForm {
    CaseForm {
        organisation: organisation.to_string(),
        product: product.to_string(),
        title: "Le tableau de bord reste vide".into(),
        description: "Depuis ce matin, élève et parents voient une page blanche.".into(),
        priority: "p2".into(),
        impact: "medium".into(),
    }
}

on_both! {
    async fn a_case_is_opened_answered_and_closed(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, omar) = (world.context(ana).await, world.context(omar).await);

        let id = cases::open(&ana, &form(company, product), &[]).await.expect("opened");

        let queue = cases::list(&omar, &CaseFilter { queue: "unassigned".into(), ..Default::default() }).await.expect("a queue");
        assert_eq!(queue.rows.len(), 1);
        cases::reply(&omar, id, "Merci, nous regardons.", &[], Reply::Ask).await.expect("answered");
        cases::note(&omar, id, "CANARY-INTERNAL-NOTE").await.expect("noted");

        let seen = cases::detail(&ana, id).await.expect("visible");
        assert_eq!(seen.row.status, Status::PendingResponse);
        assert_eq!(seen.stream.len(), 2);
        assert!(seen.stream.iter().all(|item| matches!(item, StreamItem::Entry(_))), "customers see no notes");
        let found = cases::list(&ana, &CaseFilter { search: "CANARY-INTERNAL-NOTE".into(), ..Default::default() }).await;
        assert_eq!(found.expect("a list").rows.len(), 0, "search does not look into notes for customers");

        cases::reply(&ana, id, "Voici la capture.", &[], Reply::Answer).await.expect("answered");
        assert_eq!(cases::detail(&omar, id).await.expect("visible").row.status, Status::InProgress);
        cases::close(&ana, id, CloseReason::Confirmed).await.expect("closed");
        let late = cases::reply(&omar, id, "Encore un mot", &[], Reply::Answer).await;
        assert_eq!(late, Err(Failure::Conflict(Conflict::CaseClosed)));
        cases::reopen(&ana, id).await.expect("reopened");

        let kinds: Vec<_> = world.mails().await.into_iter().map(|letter| letter.to).collect();
        assert_eq!(kinds, ["ana@example.com", "ana@example.com"], "opened, answered; nothing about her own acts");
        assert_eq!(store::audit::verify(&world.services.db).await.expect("readable"), None, "the chain holds");
    }

    /// R26, J06: before launch a case is refused, with the date.
    async fn r26_cases_open_at_launch(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        world.enrol(company, &[product], Phase::Setup).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        let refused = Err(Failure::Forbidden(Denial::NotOpenYet {
            capability: Capability::CaseOpen,
            phase: Phase::Launch,
            opens_on: Some("2026-05-11".parse().expect("a day")),
            delayed: false,
        }));
        assert_eq!(cases::open(&ana, &form(company, product), &[]).await, refused);
        assert_eq!(cases::open(&ana, &CaseForm { organisation: company.to_string(), ..Default::default() }, &[]).await, refused);
    }

    /// K5, T-A1: another company's case does not exist; search words and old numbers tell nothing.
    async fn another_company_sees_nothing(world: World) {
        let product = world.product("atlas").await;
        let (ours, theirs) = (world.organisation("Ours", &[product]).await, world.organisation("Theirs", &[product]).await);
        let ana = world.member(ours, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bob = world.member(theirs, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let (ana, bob) = (world.context(ana).await, world.context(bob).await);
        let id = cases::open(&ana, &form(ours, product), &[]).await.expect("opened");
        assert_eq!(cases::detail(&bob, id).await.map(|_| ()), Err(Failure::NotFound));
        assert_eq!(cases::reply(&bob, id, "hello", &[], Reply::Answer).await, Err(Failure::NotFound));
        assert_eq!(cases::open(&bob, &form(ours, product), &[]).await, Err(Failure::NotFound));
        let found = cases::list(&bob, &CaseFilter { search: "eleve".into(), ..Default::default() }).await.expect("a list");
        assert!(found.rows.is_empty());
        let found = cases::list(&ana, &CaseFilter { search: "élève page".into(), ..Default::default() }).await.expect("a list");
        assert_eq!(found.rows.len(), 1);
    }

    /// What support people search for is found the same on both databases: error codes, addresses, file names, versions, with
    /// and without accents; and only in one's own company, whatever others wrote.
    async fn searches_find_technical_words(world: World) {
        let product = world.product("atlas").await;
        let (ours, theirs) = (world.organisation("Ours", &[product]).await, world.organisation("Theirs", &[product]).await);
        let ana = world.member(ours, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let bob = world.member(theirs, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, bob, omar) = (world.context(ana).await, world.context(bob).await, world.context(omar).await);
        let text = "Problème ORA-12345 chez ana@exemple.fr : setup.exe 2.3.1 sur printer.local (192.168.1.5)";
        for (context, company) in [(&ana, ours), (&bob, theirs)] {
            let form = CaseForm { description: text.into(), ..form(company, product) };
            cases::open(context, &form, &[]).await.expect("opened");
        }
        let found = async |context, words: &str| {
            let filter = CaseFilter { search: words.into(), status: "open".into(), ..Default::default() };
            cases::list(context, &filter).await.expect("a list").rows.len()
        };
        for words in ["ORA-12345", "ana@exemple.fr", "setup.exe", "2.3.1", "printer.local", "192.168.1.5", "probleme", "PROBLÈME ora"] {
            assert_eq!(found(&ana, words).await, 1, "{words} by the one who wrote it");
            assert_eq!(found(&bob, words).await, 1, "{words} by the other company's admin");
            assert_eq!(found(&omar, words).await, 2, "{words} by the desk");
        }
        // The mark of a company in the index is no word of a text.
        assert_eq!(found(&omar, &format!("c{}", ours.uuid().simple())).await, 0);
        assert_eq!(found(&ana, "c").await, 1, "a prefix of chez, in one's own case");
    }

    /// J14, domain.md 2.4: fourteen days to open a case again; one that was closed in the old system stays closed.
    async fn j14_a_closed_case_opens_again_for_fourteen_days(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let id = cases::open(&ana, &form(company, "none"), &[]).await.expect("opened");
        assert!(!cases::detail(&ana, id).await.expect("visible").may_reopen, "it is open");
        cases::close(&ana, id, CloseReason::Confirmed).await.expect("closed");
        world.clock.advance(SignedDuration::from_hours(13 * 24));
        assert!(cases::detail(&ana, id).await.expect("visible").may_reopen);
        cases::reopen(&ana, id).await.expect("day 13");
        cases::close(&ana, id, CloseReason::Confirmed).await.expect("closed");
        world.clock.advance(SignedDuration::from_hours(15 * 24));
        assert!(!cases::detail(&ana, id).await.expect("visible").may_reopen);
        let ended = Err(Failure::Conflict(Conflict::ReopenEnded));
        assert_eq!(cases::reopen(&ana, id).await, ended, "day 15");

        let old = cases::open(&ana, &form(company, "none"), &[]).await.expect("opened");
        let change = Change::begin_as_system(&world.services).await.expect("a change");
        let proof = Granted::to_system(Permission::ImportRun, None);
        let imported = Some(CloseReason::Imported);
        store::cases::update_status(&change.tx, &proof, old, Status::Closed, imported, change.now).await.expect("closed");
        change.commit().await.expect("closed");
        assert_eq!(cases::reopen(&ana, old).await, ended);
        let late = cases::reply(&ana, old, "Encore un mot", &[], Reply::Answer).await;
        assert_eq!(late, Err(Failure::Conflict(Conflict::CaseClosed)));
    }

    async fn reasons_and_statuses_are_those_of_the_side(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, omar) = (world.context(ana).await, world.context(omar).await);
        let id = cases::open(&ana, &form(company, "none"), &[]).await.expect("opened");
        let refused = Err(Failure::field("reason", FieldError::NotAChoice));
        assert_eq!(cases::close(&ana, id, CloseReason::Imported).await, refused);
        assert_eq!(cases::close(&ana, id, CloseReason::Duplicate).await, refused);
        cases::reply(&omar, id, "Est-ce réglé ?", &[], Reply::Ask).await.expect("asked");
        cases::reply(&omar, id, "Nous avons trouvé, nous continuons.", &[], Reply::Answer).await.expect("answered");
        let status = cases::detail(&ana, id).await.expect("visible").row.status;
        assert_eq!(status, Status::InProgress, "the case no longer waits for the customer");
        cases::close(&omar, id, CloseReason::Duplicate).await.expect("closed");
    }

    /// T-A2: a note leaves no trace that a customer sees, not even the time of the last change.
    async fn t_a2_a_note_does_not_move_the_case(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, omar) = (world.context(ana).await, world.context(omar).await);
        let id = cases::open(&ana, &form(company, "none"), &[]).await.expect("opened");
        let before = cases::detail(&ana, id).await.expect("visible").row.updated_at;
        world.clock.advance(SignedDuration::from_hours(1));
        cases::note(&omar, id, "À vérifier.").await.expect("noted");
        assert_eq!(cases::detail(&ana, id).await.expect("visible").row.updated_at, before);
    }

    /// K9, K20: a reply is mailed to the followers who still see the case, and to no one else.
    async fn k9_replies_are_mailed_to_those_who_see_the_case(world: World) {
        let (atlas, pulse) = (world.product("atlas").await, world.product("pulse").await);
        let company = world.organisation("Brasserie du Nord", &[atlas, pulse]).await;
        let ana_id = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let eva = world.member(company, "Eva Petit", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, eva, omar) = (world.context(ana_id).await, world.context(eva).await, world.context(omar).await);
        let id = cases::open(&ana, &form(company, atlas), &[]).await.expect("opened");
        cases::reply(&eva, id, "Je confirme.", &[], Reply::Answer).await.expect("answered");
        world.mails().await;
        let told = async || {
            let mut all: Vec<_> = world.mails().await.into_iter().map(|letter| letter.to).collect();
            all.sort();
            all
        };
        cases::reply(&omar, id, "Merci.", &[], Reply::Answer).await.expect("answered");
        assert_eq!(told().await, ["ana@example.com", "eva@example.com"], "who asked, and who wrote");
        cases::reply(&eva, id, "Merci à vous.", &[], Reply::Answer).await.expect("answered");
        assert_eq!(told().await, ["ana@example.com"], "no one is mailed about their own acts");

        let change = Change::begin_as_system(&world.services).await.expect("a change");
        for grant in ana.actor.grants.iter() {
            let proof = Granted::to_system(Permission::RoleGrant, Some(company));
            store::people::revoke_grant(&change.tx, &proof, grant.id, change.now).await.expect("revoked");
        }
        change.commit().await.expect("revoked");
        world.grant(ana_id, Role::ProductSupportUser, Some(company), Reach::Own, Some(&[pulse])).await;
        cases::reply(&omar, id, "C’est réparé.", &[], Reply::Propose).await.expect("answered");
        assert_eq!(told().await, ["eva@example.com"], "her role no longer reaches the case");
        cases::close(&omar, id, CloseReason::Confirmed).await.expect("closed");
        assert_eq!(told().await, ["eva@example.com"]);
    }

    /// CVE-2026-41192 (FreeScout): a form that names a file it has not got is refused, not sent without it.
    async fn a_file_that_is_gone_refuses_the_form(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let gone = [world.services.id()];
        let refused = Failure::field("files", FieldError::FileGone);
        assert_eq!(cases::open(&ana, &form(company, "none"), &gone).await, Err(refused.clone()));
        let id = cases::open(&ana, &form(company, "none"), &[]).await.expect("opened");
        assert_eq!(cases::reply(&ana, id, "Voici.", &gone, Reply::Answer).await, Err(refused));
        assert_eq!(cases::detail(&ana, id).await.expect("visible").stream.len(), 1);
    }

    async fn none_of_the_products_is_offered_to_whom_it_is_open(world: World) {
        let atlas = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[atlas]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let bob = world.member(company, "Bob Martin", Role::ProductSupportUser, Reach::Own, Some(&[atlas])).await;
        for (person, none) in [(ana, true), (bob, false)] {
            let choices = cases::opening_choices(&world.context(person).await).await.expect("choices");
            assert_eq!((choices.len(), choices[0].products.len(), choices[0].none), (1, 1, none));
        }
    }

    /// The second writer decides on what the first one wrote: a reply never opens a case that is being closed.
    async fn a_concurrent_reply_and_closing_agree(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, omar) = (world.context(ana).await, world.context(omar).await);
        for _ in 0..8 {
            let id = cases::open(&ana, &form(company, "none"), &[]).await.expect("opened");
            let (closed, replied) = tokio::join!(
                cases::close(&omar, id, CloseReason::Confirmed),
                cases::reply(&ana, id, "Encore un mot", &[], Reply::Answer),
            );
            closed.expect("closed");
            let seen = cases::detail(&omar, id).await.expect("a case");
            assert_eq!(seen.row.status, Status::Closed, "{replied:?}");
            assert!(seen.closed_at.is_some());
        }
    }

    /// A5: under the limits that an installation has, closing and opening again in a loop ends soon, and fills neither the
    /// ledger nor the mailbox of a colleague.
    async fn a5_closing_and_reopening_in_a_loop_is_no_mail_bomb(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bob = world.member(company, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let (ana, mut bob) = (world.context(ana).await, world.context(bob).await);
        let id = cases::open(&ana, &form(company, "none"), &[]).await.expect("opened");
        world.mails().await;
        let number = |n| std::num::NonZeroU32::new(n).expect("a number");
        bob.services = world.with_limits(service::Limits::new(number(5), number(20), number(30)));
        let before = store::audit::head(&world.services.db).await.expect("the head");
        let mut refused = 0;
        for _ in 0..60 {
            refused += u32::from(cases::close(&bob, id, CloseReason::Confirmed).await.is_err());
            refused += u32::from(matches!(cases::reopen(&bob, id).await, Err(Failure::TooMany { .. })));
        }
        assert!(refused > 60, "{refused}");
        let events = store::audit::head(&world.services.db).await.expect("the head") - before;
        assert!((2..=40).contains(&events), "{events} events");
        let mails = world.mails().await;
        assert_eq!(mails.len(), 1, "closed, said once: {}", mails.len());
    }

    /// T01: a case is opened again together with the reply, or not at all.
    async fn t01_what_cannot_be_written_opens_no_case(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let id = cases::open(&ana, &form(company, "none"), &[]).await.expect("opened");
        cases::close(&ana, id, CloseReason::Confirmed).await.expect("closed");
        let gone = [domain::FileId::from(uuid::Uuid::from_u128(7))];
        let refused = cases::reopen_and_reply(&ana, id, "Encore un mot", &gone, Reply::Answer).await;
        assert_eq!(refused, Err(Failure::field("files", FieldError::FileGone)));
        assert_eq!(cases::detail(&ana, id).await.expect("visible").row.status, Status::Closed);

        cases::reopen_and_reply(&ana, id, "Encore un mot", &[], Reply::Answer).await.expect("written");
        let seen = cases::detail(&ana, id).await.expect("visible");
        assert!(seen.row.status.is_open());
        let written = |item: &StreamItem| matches!(item, StreamItem::Entry(entry) if entry.body == "Encore un mot");
        assert_eq!(seen.stream.iter().filter(|item| written(item)).count(), 1);
    }

    /// What changes nothing writes nothing: the ledger is of what happened.
    async fn what_is_so_already_is_no_event(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, omar) = (world.context(ana).await, world.context(omar).await);
        let id = cases::open(&ana, &form(company, "none"), &[]).await.expect("opened");
        cases::assign_to_me(&omar, id).await.expect("taken");
        let before = store::audit::head(&world.services.db).await.expect("the head");
        cases::assign_to_me(&omar, id).await.expect("it is");
        service::session::set_locale(&omar, omar.actor.locale).await.expect("it is");
        let bob = world.member(company, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bob = world.context(bob).await;
        let role = domain::people::RoleForm { role: "support_user".into(), reach: "own".into(), ..Default::default() };
        service::people::grant_role(&bob, company, ana.actor.person, &role).await.expect("it is");
        assert_eq!(store::audit::head(&world.services.db).await.expect("the head"), before);
    }
}
