//! The ledger (invariant 3, peers.md L): a company's own, for its admins and the vendor.

use domain::{
    Failure,
    access::{Reach, Role},
    audit::{EventActor, Fact, Verb},
    rollout::Phase,
};
use service::{audit, rollout};
use testkit::{World, on_both};

/// Does the job of the night.
async fn run_check(world: &World) {
    let change = service::Change::begin_as_system(&world.services).await.expect("a change");
    let job = store::jobs::NewJob {
        id: world.services.id(),
        kind: "check_ledger",
        dedup_key: None,
        payload: Default::default(),
        run_at: change.now,
        now: change.now,
    };
    store::jobs::insert(&change.tx, job).await.expect("planned");
    change.commit().await.expect("planned");
    assert_eq!(service::jobs::run_due(&world.services).await, Ok(1));
}

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
        let seen: Vec<_> = page.rows.iter().map(|row| (row.verb, row.actor.clone(), row.facts.clone())).collect();
        let moved = Fact::Phase { before: Some(Phase::Setup), after: Phase::Validation };
        let vendor = EventActor::Vendor("Nordlys".into());
        assert_eq!(seen, [(Verb::PhaseMoved, vendor, vec![moved.clone()])], "A2: neither reason nor employee");
        let page_of_vendor = audit::list(&mia, Some(ours), None).await.expect("the vendor's view of hers");
        let seen: Vec<_> = page_of_vendor.rows.iter().map(|row| (row.actor.clone(), row.facts.clone())).collect();
        let all = vec![moved, Fact::Reason("Ours".into())];
        assert_eq!(seen, [(EventActor::Person("Mia Manager".into()), all)]);
        assert_eq!(audit::list(&ana, Some(theirs), None).await, Err(Failure::NotFound));
        assert!(matches!(audit::list(&uma, Some(ours), None).await, Err(Failure::Forbidden(_))));
        assert!(matches!(audit::list(&ana, None, None).await, Err(Failure::Forbidden(_))), "the vendor's side");
        let seen = audit::list(&mia, Some(theirs), None).await.expect("the vendor's view").rows;
        assert_eq!(seen.iter().map(|row| row.seq).collect::<Vec<_>>(), [Some(2)]);

        assert!(page.rows.iter().all(|row| row.seq.is_none()), "T-A2");
    }

    /// A8: looking over the whole ledger is a job of the night; a page shows what it found and cannot start it.
    async fn a8_the_nightly_look_is_what_the_page_shows(world: World) {
        let ours = world.organisation("Ours", &[]).await;
        world.enrol(ours, &[], Phase::Setup).await;
        let ana = world.member(ours, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let uma = world.member(ours, "Uma User", Role::SupportUser, Reach::Own, None).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let (ana, uma, mia) = (world.context(ana).await, world.context(uma).await, world.context(mia).await);
        rollout::move_phase(&mia, ours, Phase::Validation, "Ours", false).await.expect("moved");
        assert_eq!(audit::last_check(&ana, Some(ours)).await, Ok(None), "not checked yet");
        run_check(&world).await;
        let check = audit::last_check(&ana, Some(ours)).await.expect("asked").expect("a check");
        assert_eq!((check.whole, check.at), (true, world.services.now()));
        assert_eq!((check.broken_at, check.events), (None, None), "T-A2: hers, not every company's");
        let check = audit::last_check(&mia, None).await.expect("asked").expect("a check");
        assert_eq!((check.whole, check.events), (true, Some(1)));
        assert!(matches!(audit::last_check(&uma, Some(ours)).await, Err(Failure::Forbidden(_))));
        world.clock.advance(jiff::SignedDuration::from_hours(24));
        run_check(&world).await;
        let check = audit::last_check(&mia, None).await.expect("asked").expect("a check");
        assert_eq!(check.at, world.services.now(), "the newest look is the one that counts");
    }

    /// A2: what the vendor prepares and sends again stands in its own ledger only.
    async fn a2_what_is_the_vendors_to_know_is_in_no_ledger_of_a_company(world: World) {
        let ours = world.organisation("Ours", &[]).await;
        let ana = world.member(ours, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let (ana, mia) = (world.context(ana).await, world.context(mia).await);
        let mut change = service::Change::begin(&mia).await.expect("a change");
        let detail = serde_json::json!({ "programme": "Late payers" });
        change.event(Verb::EnrolmentCreated, Some(ours), ("enrolment", "x"), detail);
        change.commit().await.expect("a commit");
        assert!(audit::list(&ana, Some(ours), None).await.expect("her ledger").rows.is_empty());
        let seen = audit::list(&mia, Some(ours), None).await.expect("the vendor's view").rows;
        assert_eq!(seen.iter().map(|row| row.facts.clone()).collect::<Vec<_>>(), [[Fact::Named("Late payers".into())]]);
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
            world.clock.advance(jiff::SignedDuration::from_secs(1));
            rollout::move_phase(&mia, ours, back, &format!("back {round}"), true).await.expect("moved back");
            world.clock.advance(jiff::SignedDuration::from_secs(1));
        }
        let first = audit::list(&ana, Some(ours), None).await.expect("a page");
        let next = first.next.clone().expect("more");
        assert!(next.parse::<i64>().is_err(), "no number: {next}");
        let second = audit::list(&ana, Some(ours), Some(&next)).await.expect("a page");
        let both = first.rows.iter().chain(&second.rows);
        let moments: Vec<_> = both.map(|row| (row.at, row.facts.clone())).collect();
        assert_eq!(moments.len(), 60);
        assert!(moments.windows(2).all(|pair| pair[0].0 > pair[1].0), "each once, the newest first");
        assert!(second.next.is_none());
        let again = audit::list(&ana, Some(ours), Some("17")).await.expect("a page");
        assert_eq!(again.rows, first.rows);
    }

    /// A member of two companies who administers the second reads the events of that one only.
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
