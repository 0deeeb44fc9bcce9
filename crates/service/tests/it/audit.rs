//! The ledger (invariant 3, peers.md L): a company's own, for its admins and the vendor.

use domain::{
    Failure,
    access::{Reach, Role},
    audit::Verb,
    rollout::Phase,
};
use service::{audit, rollout};
use testkit::on_both;

on_both! {
    async fn a_company_reads_its_own_ledger(world: World) {
        let (ours, theirs) = (world.organisation("Ours", &[]).await, world.organisation("Theirs", &[]).await);
        world.enrol(ours, &[], Phase::Setup).await;
        world.enrol(theirs, &[], Phase::Setup).await;
        let ana = world.member(ours, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let uma = world.member(ours, "Uma User", Role::SupportUser, Reach::Own, None).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let (ana, uma, mia) = (world.context(ana).await, world.context(uma).await, world.context(mia).await);
        rollout::move_phase(&mia, ours, Phase::Validation, "Ours", false).await.expect("moved");
        rollout::move_phase(&mia, theirs, Phase::Validation, "Theirs", false).await.expect("moved");

        let page = audit::list(&ana, Some(ours), None).await.expect("her ledger");
        let seen: Vec<_> = page.rows.iter().map(|row| (row.verb, row.actor.as_deref())).collect();
        assert_eq!(seen, [(Verb::PhaseMoved, Some("Mia Manager"))]);
        assert_eq!(page.rows[0].detail["reason"], "Ours");
        assert_eq!(audit::list(&ana, Some(theirs), None).await, Err(Failure::NotFound));
        assert!(matches!(audit::list(&uma, Some(ours), None).await, Err(Failure::Forbidden(_))));
        assert!(matches!(audit::list(&ana, None, None).await, Err(Failure::Forbidden(_))), "the vendor's side");
        let seen = audit::list(&mia, Some(theirs), None).await.expect("the vendor's view").rows;
        assert_eq!(seen.iter().map(|row| row.seq).collect::<Vec<_>>(), [Some(2)]);

        let check = audit::verify(&ana, Some(ours)).await.expect("checked");
        assert!(check.whole);
        assert_eq!((check.broken_at, check.events), (None, None), "T-A2: hers, not everybody's");
        assert!(page.rows.iter().all(|row| row.seq.is_none()), "T-A2");
        let check = audit::verify(&mia, None).await.expect("checked");
        assert_eq!((check.whole, check.events), (true, Some(2)));
        assert!(audit::verify(&uma, Some(ours)).await.is_err());
    }

    /// T-A2: the key of the next page is sealed, and leads on; what is no key begins anew.
    async fn a_long_ledger_goes_on_page_by_page(world: World) {
        let ours = world.organisation("Ours", &[]).await;
        let ana = world.member(ours, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        world.enrol(ours, &[], Phase::Setup).await;
        let (ana, mia) = (world.context(ana).await, world.context(mia).await);
        for round in 0..30 {
            let (there, back) = (Phase::Validation, Phase::Setup);
            rollout::move_phase(&mia, ours, there, &format!("there {round}"), false).await.expect("moved");
            rollout::move_phase(&mia, ours, back, &format!("back {round}"), true).await.expect("moved back");
        }
        let first = audit::list(&ana, Some(ours), None).await.expect("a page");
        let next = first.next.clone().expect("more");
        assert!(next.parse::<i64>().is_err(), "no number: {next}");
        let second = audit::list(&ana, Some(ours), Some(&next)).await.expect("a page");
        let reasons = first.rows.iter().chain(&second.rows).map(|row| row.detail["reason"].clone());
        let reasons: std::collections::HashSet<_> = reasons.map(|reason| reason.to_string()).collect();
        assert_eq!(reasons.len(), 60, "each once");
        assert!(second.next.is_none());
        let again = audit::list(&ana, Some(ours), Some("17")).await.expect("a page");
        assert_eq!(again.rows, first.rows);
    }

    /// Somebody of two companies who administers the second reads that one.
    async fn one_reads_where_one_may(world: World) {
        let (first, second) = (world.organisation("Alpha", &[]).await, world.organisation("Beta", &[]).await);
        world.enrol(first, &[], Phase::Setup).await;
        world.enrol(second, &[], Phase::Setup).await;
        let ana = world.member(second, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bob = world.member(first, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bob = world.context(bob).await;
        let also = domain::people::PersonForm {
            organisation: first.to_string(),
            name: "Ana Lopez".into(),
            email: "ana@example.com".into(),
            role: domain::people::RoleForm { role: "support_user".into(), ..Default::default() },
            ..Default::default()
        };
        service::people::add(&bob, &also).await.expect("added");
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        let (from, to) = (domain::people::MembershipState::Invited, domain::people::MembershipState::Active);
        store::people::set_membership_state(&tx, ana, first, from, to, world.services.now()).await.expect("came in");
        tx.commit().await.expect("a commit");
        let ana = world.context(ana).await;
        assert_eq!(ana.actor.memberships.len(), 2);
        assert_eq!(audit::own(&ana, None), Some(second));
        assert_eq!(audit::own(&bob, None), Some(first));
    }
}
