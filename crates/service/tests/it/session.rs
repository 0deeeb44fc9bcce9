//! Passwords that are forgotten, changed and set; who is kept out by too many tries.

use std::num::NonZeroU32;

use domain::{
    Failure, FieldError,
    access::{Reach, Role},
    failure::Conflict,
    people::ResetState,
    rollout::Phase,
    text::EmailAddress,
};
use jiff::SignedDuration;
use service::{
    Limits, Parts, RandomIds, Services,
    files::FileStore,
    live::Bus,
    people, rollout,
    session::{self, Hasher, KnownActors, Origin},
};
use testkit::{PASSWORD, World, on_both};

const NEW: &str = "un chat sur le mur";

/// The last part of the link in the newest mail.
async fn link(world: &World) -> String {
    let mails = world.mails().await;
    let [mail] = mails.as_slice() else { panic!("one mail: {mails:?}") };
    assert_eq!(mail.to, "ana@example.com");
    let (_, rest) = mail.text.split_once("/reset/").expect("a link");
    rest.split_whitespace().next().expect("a token").to_owned()
}

async fn ask(world: &World, email: &str) {
    let email = EmailAddress::parse(email).expect("an address");
    session::send_reset(&world.services, &email, &Origin::default()).await.expect("the same answer");
}

async fn sign_in(world: &World, password: &str) -> Result<session::SessionToken, Failure> {
    session::sign_in(&world.services, "ana@example.com", password, &Origin::default()).await
}

/// The same world, where one may try twice a minute.
fn strict(world: &World) -> Services {
    let two = NonZeroU32::new(2).expect("two");
    Services::new(Parts {
        db: world.services.db.clone(),
        clock: world.clock.clone(),
        ids: std::sync::Arc::new(RandomIds),
        settings: world.services.settings.clone(),
        secrets: world.services.secrets.clone(),
        files: FileStore::directory(&world.directory.path().join("files")).expect("a file store"),
        mailer: world.mailer.clone(),
        hasher: Hasher::cheap().expect("a hasher"),
        limits: Limits::new(two, NonZeroU32::MAX, NonZeroU32::MAX),
        bus: Bus::default(),
        known: KnownActors::default(),
    })
}

fn from(client: &str) -> Origin {
    Origin { client: client.into(), ..Origin::default() }
}

on_both! {
    /// K4, ASVS 6.4.4: a link by mail, looked at as often as scanners like, good for one new password and half an hour.
    async fn a_forgotten_password_is_set_anew(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let elsewhere = sign_in(&world, PASSWORD).await.expect("signed in");
        ask(&world, "nobody@example.com").await;
        assert!(world.mails().await.is_empty(), "an address of nobody");
        for _ in 0..3 {
            ask(&world, "ANA@example.com").await;
        }
        let token = link(&world).await;
        for _ in 0..10 {
            assert_eq!(session::check_reset(&world.services, &token).await, Ok(ResetState::Open));
        }
        let set = |token: String, password: &'static str, again: &'static str| {
            let services = world.services.clone();
            async move { session::reset_password(&services, &token, password, again, &Origin::default()).await }
        };
        let Err(Failure::Invalid(errors)) = set(token.clone(), "court", "autre").await else { panic!("taken") };
        assert_eq!(errors.get("password"), Some(&FieldError::TooShort { min: 12 }));
        assert_eq!(errors.get("password_again"), Some(&FieldError::Different));
        assert_eq!(set("AAAA".into(), NEW, NEW).await, Err(Failure::NotFound));
        assert!(sign_in(&world, PASSWORD).await.is_ok(), "nothing was set yet");

        let (one, two) = tokio::join!(set(token.clone(), NEW, NEW), set(token.clone(), NEW, NEW));
        assert!(one.is_ok() != two.is_ok(), "once: {one:?} {two:?}");
        assert_eq!(set(token.clone(), NEW, NEW).await, Err(Failure::Conflict(Conflict::ResetEnded)));
        assert_eq!(session::check_reset(&world.services, &token).await, Ok(ResetState::Ended));
        assert!(session::find(&world.services, elsewhere.reveal()).await.expect("a lookup").is_none(), "every session ended");
        assert!(sign_in(&world, PASSWORD).await.is_err());
        sign_in(&world, NEW).await.expect("signed in");

        world.clock.advance(SignedDuration::from_mins(20));
        ask(&world, "ana@example.com").await;
        let token = link(&world).await;
        world.clock.advance(SignedDuration::from_mins(30));
        assert_eq!(set(token, NEW, NEW).await, Err(Failure::Conflict(Conflict::ResetEnded)), "too late");

        // Who was taken out hears nothing, and a link from before opens nothing.
        let bob = world.member(company, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        ask(&world, "ana@example.com").await;
        let token = link(&world).await;
        people::remove(&world.context(bob).await, company, ana).await.expect("removed");
        world.mails().await;
        ask(&world, "ana@example.com").await;
        assert!(world.mails().await.is_empty());
        assert_eq!(set(token, NEW, NEW).await, Err(Failure::Conflict(Conflict::ResetEnded)));
        assert_eq!(store::audit::verify(&world.services.db).await.expect("readable"), None, "the chain holds");
    }

    /// ASVS 6.2.2, 6.2.3, 7.4.3: the old one is asked for; the other sessions end.
    async fn a_password_is_changed_by_who_knows_it(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let (here, there) = (sign_in(&world, PASSWORD).await.expect("in"), sign_in(&world, PASSWORD).await.expect("in"));
        let (_, key) = session::find(&world.services, here.reveal()).await.expect("a lookup").expect("a session");
        let ana = world.context(ana).await;
        let change = |old: &'static str, new: &'static str, again: &'static str| {
            let (context, key) = (ana.clone(), key.clone());
            async move { session::change_password(&context, &key, old, (new, again), &Origin::default()).await }
        };
        assert_eq!(change("faux", NEW, NEW).await, Err(Failure::field("old_password", FieldError::WrongPassword)));
        assert_eq!(change("", NEW, NEW).await, Err(Failure::field("old_password", FieldError::Required)));
        assert_eq!(change(PASSWORD, NEW, "autre").await, Err(Failure::field("password_again", FieldError::Different)));
        change(PASSWORD, NEW, NEW).await.expect("changed");
        assert!(session::find(&world.services, here.reveal()).await.expect("a lookup").is_some());
        assert!(session::find(&world.services, there.reveal()).await.expect("a lookup").is_none());
        assert!(sign_in(&world, PASSWORD).await.is_err());
        sign_in(&world, NEW).await.expect("signed in");
    }

    /// R19: what a node remembers of somebody ends with what another one does; so does what is open to them.
    async fn what_changes_on_one_node_counts_on_the_others(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        world.enrol(company, &[], Phase::Setup).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bob = world.member(company, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let token = sign_in(&world, PASSWORD).await.expect("signed in");
        let other = strict(&world);
        let roles = |services: Services| {
            let token = token.reveal().to_owned();
            async move {
                let found = session::find(&services, &token).await.expect("a lookup");
                found.map(|(actor, _)| actor.grants.iter().map(|grant| grant.role).collect::<Vec<_>>())
            }
        };
        for _ in 0..2 {
            assert_eq!(roles(other.clone()).await, Some(vec![Role::SupportSystemAdmin]));
            assert_eq!(roles(world.services.clone()).await, Some(vec![Role::SupportSystemAdmin]));
        }
        let phase = |services: Services| {
            let token = token.reveal().to_owned();
            async move {
                let (actor, _) = session::find(&services, &token).await.expect("a lookup").expect("a session");
                actor.membership(company).and_then(|membership| membership.gate.phase())
            }
        };
        assert_eq!(phase(other.clone()).await, Some(Phase::Setup));
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        rollout::move_phase(&mia, company, Phase::Validation, "Ready", false).await.expect("moved");
        assert_eq!(phase(other.clone()).await, Some(Phase::Validation));
        let bob = world.context(bob).await;
        let grant = world.context(ana).await.actor.grants.first().expect("a role").id;
        people::revoke_role(&bob, company, ana, grant).await.expect("taken");
        assert_eq!(roles(other.clone()).await, Some(Vec::new()));
        assert_eq!(roles(world.services.clone()).await, Some(Vec::new()));
        people::remove(&bob, company, ana).await.expect("removed");
        assert_eq!(roles(other).await, None);
        assert_eq!(roles(world.services.clone()).await, None);
    }

    /// The command line: a new password for whoever can sign in; an account at the vendor's ends at once.
    async fn operators_set_passwords_and_end_accounts(world: World) {
        let ana = world.vendor("Ana Agent", Role::Agent).await;
        world.grant(ana, Role::Lead, None, Reach::Organisation, None).await;
        let before = sign_in(&world, PASSWORD).await.expect("signed in");
        let unknown = session::set_password(&world.services, "nobody@example.com", NEW).await;
        assert_eq!(unknown, Err(Failure::NotFound));
        session::set_password(&world.services, "Ana@example.com", NEW).await.expect("set");
        assert!(session::find(&world.services, before.reveal()).await.expect("a lookup").is_none());
        let session = sign_in(&world, NEW).await.expect("signed in");

        people::remove_vendor_user(&world.services, "ana@example.com").await.expect("ended");
        assert!(session::find(&world.services, session.reveal()).await.expect("a lookup").is_none());
        assert!(sign_in(&world, NEW).await.is_err());
        assert_eq!(people::remove_vendor_user(&world.services, "ana@example.com").await, Err(Failure::NotFound));
        assert_eq!(session::set_password(&world.services, "ana@example.com", NEW).await, Err(Failure::NotFound));
    }

    /// Who guesses is kept out; the owner of the address, somewhere else, is not.
    async fn nobody_locks_others_out(world: World) {
        world.vendor("Ana Agent", Role::Agent).await;
        let services = strict(&world);
        let too_many = Failure::TooMany { retry_after_seconds: 60 };
        let attempt = |password: &'static str, client: &'static str| {
            let services = services.clone();
            async move { session::sign_in(&services, "ana@example.com", password, &from(client)).await.map(|_| ()) }
        };
        for _ in 0..2 {
            assert!(matches!(attempt("faux", "2001:db8:1:2::1").await, Err(Failure::Invalid(_))));
        }
        assert_eq!(attempt(PASSWORD, "2001:db8:1:2::1").await, Err(too_many.clone()));
        assert_eq!(attempt(PASSWORD, "2001:db8:1:2:ffff::9").await, Err(too_many.clone()), "the same network");
        attempt(PASSWORD, "192.0.2.7").await.expect("the owner comes in");
        let reset = session::request_reset(&services, "ana@example.com", &from("2001:db8:1:2::1"));
        assert_eq!(reset, Err(too_many), "links are counted too");
    }
}

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
