//! Sessions: what keeps one alive, and what does not.

use domain::access::Role;
use jiff::SignedDuration;
use service::session::{self, Origin};
use testkit::on_both;

on_both! {
    /// ASVS 7.3.1: twelve hours without use; a tab that lies open and listens is no use.
    async fn asvs_7_3_1_listening_does_not_keep_a_session_alive(world: World) {
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let used = session::start(&world.services, omar, &Origin::default()).await.expect("a session");
        let open = session::start(&world.services, omar, &Origin::default()).await.expect("a session");
        for _ in 0..13 {
            assert!(session::find(&world.services, used.reveal()).await.expect("asked").is_some());
            session::peek(&world.services, open.reveal()).await.expect("asked");
            world.clock.advance(SignedDuration::from_hours(1));
        }
        assert!(session::find(&world.services, used.reveal()).await.expect("asked").is_some());
        assert!(session::peek(&world.services, open.reveal()).await.expect("asked").is_none());
    }

    /// Whoever only reads is not stopped by somebody who writes for long.
    async fn a_visit_that_cannot_be_noted_stops_nobody(world: World) {
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let token = session::start(&world.services, omar, &Origin::default()).await.expect("a session");
        world.clock.advance(SignedDuration::from_hours(1));
        let long = store::write_tx(&world.services.db).await.expect("a transaction");
        assert!(session::find(&world.services, token.reveal()).await.expect("read all the same").is_some());
        drop(long);
    }
}
