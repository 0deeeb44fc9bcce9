//! Opening, reading, writing into and closing cases.

use domain::{
    Failure,
    access::{Reach, Role},
    cases::{CaseFilter, CaseForm, CloseReason, Status, StreamItem},
    failure::{Conflict, Denial},
    rollout::{Capability, Phase},
};
use service::cases::{self, Reply};
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

        let id = cases::open(&ana, &form(company, product), &[], "key-1").await.expect("opened");
        let again = cases::open(&ana, &form(company, product), &[], "key-1").await.expect("the same");
        assert_eq!(id, again, "one form, one case");

        let queue = cases::list(&omar, &CaseFilter { queue: "unassigned".into(), ..Default::default() }).await.expect("a queue");
        assert_eq!(queue.rows.len(), 1);
        cases::reply(&omar, id, "Merci, nous regardons.", &[], Reply::Ask, "").await.expect("answered");
        cases::note(&omar, id, "CANARY-INTERNAL-NOTE").await.expect("noted");

        let seen = cases::detail(&ana, id).await.expect("visible");
        assert_eq!(seen.row.status, Status::PendingResponse);
        assert_eq!(seen.stream.len(), 2);
        assert!(seen.stream.iter().all(|item| matches!(item, StreamItem::Entry(_))), "customers see no notes");
        let found = cases::list(&ana, &CaseFilter { search: "CANARY-INTERNAL-NOTE".into(), ..Default::default() }).await;
        assert_eq!(found.expect("a list").rows.len(), 0, "search does not look into notes for customers");

        cases::reply(&ana, id, "Voici la capture.", &[], Reply::Answer, "").await.expect("answered");
        assert_eq!(cases::detail(&omar, id).await.expect("visible").row.status, Status::InProgress);
        cases::close(&ana, id, CloseReason::Confirmed).await.expect("closed");
        let late = cases::reply(&omar, id, "Encore un mot", &[], Reply::Answer, "").await;
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
        }));
        assert_eq!(cases::open(&ana, &form(company, product), &[], "").await, refused);
        assert_eq!(cases::open(&ana, &CaseForm { organisation: company.to_string(), ..Default::default() }, &[], "").await, refused);
    }

    /// K5, T-A1: another company's case does not exist; search words and old numbers tell nothing.
    async fn another_company_sees_nothing(world: World) {
        let product = world.product("atlas").await;
        let (ours, theirs) = (world.organisation("Ours", &[product]).await, world.organisation("Theirs", &[product]).await);
        let ana = world.member(ours, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bob = world.member(theirs, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let (ana, bob) = (world.context(ana).await, world.context(bob).await);
        let id = cases::open(&ana, &form(ours, product), &[], "").await.expect("opened");
        assert_eq!(cases::detail(&bob, id).await.map(|_| ()), Err(Failure::NotFound));
        assert_eq!(cases::reply(&bob, id, "hello", &[], Reply::Answer, "").await, Err(Failure::NotFound));
        assert_eq!(cases::open(&bob, &form(ours, product), &[], "").await, Err(Failure::NotFound));
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
            cases::open(context, &form, &[], "").await.expect("opened");
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
}
