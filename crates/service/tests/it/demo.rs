//! The demo: it is alive, every person in it can sign in, and loading it twice changes nothing.

use domain::{
    Failure,
    access::Role,
    cases::{CaseFilter, Status},
    failure::Conflict,
};
use service::{demo, session};
use testkit::on_both;

on_both! {
    async fn the_demo_loads_once_and_is_alive(world: World) {
        demo::load(&world.services).await.expect("a demo");
        let newest = store::audit::head(&world.services.db).await.expect("the newest event");
        world.clock.advance(jiff::SignedDuration::from_hours(30));
        demo::load(&world.services).await.expect("a demo");
        assert_eq!(store::audit::head(&world.services.db).await.expect("the newest event"), newest, "once is enough");
        assert_eq!(world.mails().await, []);

        for email in ["omar@nordlys.example", "mia@nordlys.example", "claire.fontaine@montclair.example", "ingrid.solheim@fjordtextiles.example"] {
            session::sign_in(&world.services, email, demo::PASSWORD, &Default::default()).await.expect(email);
        }
        let omar = store::people::find_by_email(&world.services.db, "omar@nordlys.example").await.expect("found").expect("omar");
        let omar = world.context(omar).await;
        for status in Status::ALL {
            let filter = CaseFilter { status: status.key().into(), ..Default::default() };
            assert!(!service::cases::list(&omar, &filter).await.expect("a list").rows.is_empty(), "{status:?}");
        }
        let old = CaseFilter { search: "E-001870100".into(), ..Default::default() };
        assert_eq!(service::cases::list(&omar, &old).await.expect("a list").rows.len(), 1);
        assert_eq!(store::audit::verify(&world.services.db).await.expect("readable"), None);
    }

    async fn the_demo_keeps_away_from_real_people(world: World) {
        world.vendor("Real Person", Role::Operator).await;
        assert_eq!(demo::load(&world.services).await, Err(Failure::Conflict(Conflict::AlreadyMember)));
    }
}
