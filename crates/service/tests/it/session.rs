//! Passwords that are forgotten, changed and set; who is kept out by too many tries.

use std::num::NonZeroU32;

use domain::{
    Failure, FieldError, PersonId,
    access::{Reach, Role},
    failure::Conflict,
    people::ResetState,
    rollout::Phase,
};
use jiff::SignedDuration;
use service::{
    Change, Limits, Services, people, rollout,
    session::{self, Hasher, Origin},
};
use sha2::{Digest, Sha256};
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
    session::request_reset(&world.services, email, &Origin::default()).await.expect("the same answer");
}

async fn sign_in(world: &World, password: &str) -> Result<session::SessionToken, Failure> {
    session::sign_in(&world.services, "ana@example.com", password, &Origin::default()).await
}

fn number(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("a number")
}

/// The limits that an installation has by default.
fn defaults() -> Limits {
    Limits::new(number(5), number(20), number(30))
}

/// The same world, where a try may fail twice a minute.
fn strict(world: &World) -> Services {
    world.with_limits(Limits::new(number(2), NonZeroU32::MAX, NonZeroU32::MAX))
}

fn from(client: &str) -> Origin {
    Origin { client: client.into(), ..Origin::default() }
}

/// Waits until the use of a session is noted, which no page waits for.
async fn noted(world: &World, person: PersonId, key: &str) {
    for _ in 0..500 {
        let sessions = store::sessions::list(&world.services.db, person, key).await.expect("sessions");
        let now = world.services.now();
        if sessions.iter().any(|session| session.current && now.duration_since(session.last_seen_at).is_zero()) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the use of a session was not noted");
}

on_both! {
    /// K4, ASVS 6.4.4: a link by mail, looked at as often as scanners like, good for one new password and half an hour.
    async fn a_forgotten_password_is_set_anew(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let elsewhere = sign_in(&world, PASSWORD).await.expect("signed in");
        ask(&world, "nobody@example.com").await;
        assert!(world.mails().await.is_empty(), "an address without an account");
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

    /// R19: a change on one node ends what another node remembers of a person, and what is open to them.
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

    /// The command line: a new password for a person who can sign in; a vendor account ends immediately.
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

    /// A guesser is kept out; the owner of the address, on another network, is not.
    async fn wrong_passwords_lock_no_one_else_out(world: World) {
        world.vendor("Ana Agent", Role::Agent).await;
        let services = strict(&world);
        let attempt = |password: &'static str, client: &'static str| {
            let services = services.clone();
            async move { session::sign_in(&services, "ana@example.com", password, &from(client)).await.map(|_| ()) }
        };
        let too_many = |refused| matches!(refused, Err(Failure::TooMany { retry_after_seconds: 1.. }));
        for _ in 0..2 {
            assert!(matches!(attempt("faux", "2001:db8:1:2::1").await, Err(Failure::Invalid(_))));
        }
        assert!(too_many(attempt(PASSWORD, "2001:db8:1:2::1").await));
        assert!(too_many(attempt(PASSWORD, "2001:db8:1:2:ffff::9").await), "the same network");
        attempt(PASSWORD, "192.0.2.7").await.expect("the owner comes in");
        let wish = || async { session::request_reset(&services, "ana@example.com", &from("2001:db8:1:2::1")).await };
        assert_eq!((wish().await, wish().await), (Ok(()), Ok(())), "a failed try is no wish for a link");
        assert!(too_many(wish().await), "links are counted too");
        world.clock.advance(SignedDuration::from_mins(1));
        attempt(PASSWORD, "2001:db8:1:2::1").await.expect("it is forgotten");
    }

    /// B6: on launch morning a whole company comes from one address, and none of them is kept out; a guesser there is.
    async fn b6_a_whole_company_behind_one_address_gets_in(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let services = world.with_limits(defaults());
        let mut arrivals = Vec::new();
        for person in 0..60 {
            world.member(company, &format!("P{person} Petit"), Role::SupportUser, Reach::Own, None).await;
            let services = services.clone();
            arrivals.push(tokio::spawn(async move {
                let address = format!("p{person}@example.com");
                session::sign_in(&services, &address, PASSWORD, &from("192.0.2.7")).await.map(|_| ())
            }));
        }
        for arrival in arrivals {
            assert_eq!(arrival.await.expect("no panic"), Ok(()));
        }
        for person in 0..25 {
            session::request_reset(&services, &format!("p{person}@example.com"), &from("192.0.2.7"))
                .await
                .expect("links are no failures");
        }
        let guess = |person: u32| {
            let services = services.clone();
            async move {
                session::sign_in(&services, &format!("p{person}@example.com"), "faux faux faux", &from("192.0.2.7")).await
            }
        };
        for person in 0..20 {
            assert!(matches!(guess(person).await, Err(Failure::Invalid(_))), "{person}");
        }
        assert!(matches!(guess(30).await, Err(Failure::TooMany { .. })), "twenty failures");
    }

    /// One person who signs in again and again writes no ledger full.
    async fn sessions_of_one_person_are_limited(world: World) {
        world.vendor("Ana Agent", Role::Agent).await;
        let services = world.with_limits(defaults());
        let again = || async { session::sign_in(&services, "ana@example.com", PASSWORD, &from("192.0.2.7")).await };
        for _ in 0..30 {
            again().await.expect("signed in");
        }
        // On a slow machine some of the minute has passed meanwhile.
        let mut refused = again().await;
        for _ in 0..30 {
            if refused.is_ok() {
                refused = again().await;
            }
        }
        assert!(matches!(refused, Err(Failure::TooMany { .. })));
    }

    /// F17, ASVS 7.2.4: a session that a browser holds ends when it signs in again, even as another person.
    async fn f17_signing_in_ends_the_session_before(world: World) {
        world.vendor("Ana Agent", Role::Agent).await;
        world.vendor("Bob Agent", Role::Agent).await;
        let before = sign_in(&world, PASSWORD).await.expect("signed in");
        let elsewhere = sign_in(&world, PASSWORD).await.expect("signed in");
        let holding = Origin { session: Some(before.reveal().to_owned()), ..Origin::default() };
        let wrong = session::sign_in(&world.services, "bob@example.com", "faux faux faux", &holding).await;
        assert!(wrong.is_err());
        let there = |token: String| {
            let services = world.services.clone();
            async move { session::find(&services, &token).await.expect("a lookup").is_some() }
        };
        assert!(there(before.reveal().to_owned()).await, "a failed try ends nothing");
        session::sign_in(&world.services, "bob@example.com", PASSWORD, &holding).await.expect("signed in");
        assert!(!there(before.reveal().to_owned()).await);
        assert!(there(elsewhere.reveal().to_owned()).await);
    }

    /// F16, C10: one row for every address, with or without an account, and nothing else until a worker runs; a
    /// repetition is no event.
    async fn f16_asking_for_a_link_does_the_same_for_every_address(world: World) {
        world.vendor("Ana Agent", Role::Agent).await;
        let before = store::audit::head(&world.services.db).await.expect("the head");
        for address in ["ana@example.com", "nobody@example.com", "ANA@example.com"] {
            ask(&world, address).await;
        }
        let asked = store::resets::list(&world.services.db, 10).await.expect("a list");
        let addresses: Vec<_> = asked.iter().map(|wish| wish.email.as_str()).collect();
        assert_eq!(addresses.len(), 2, "one for each address: {addresses:?}");
        assert_eq!(store::audit::head(&world.services.db).await.expect("the head"), before, "nothing was looked at");
        assert_eq!(world.mails().await.len(), 1);
        assert!(store::resets::list(&world.services.db, 10).await.expect("a list").is_empty(), "forgotten");
        for _ in 0..3 {
            ask(&world, "ana@example.com").await;
            assert!(world.mails().await.is_empty(), "one in ten minutes");
        }
        assert_eq!(store::audit::head(&world.services.db).await.expect("the head"), before + 1, "one mail, one event");
    }
}

/// F10: a hundred concurrent strangers, from a hundred addresses, do not hold up a person whose browser signed in before, and
/// do not keep out one whose browser is new.
#[tokio::test(flavor = "multi_thread")]
async fn f10_a_flood_of_tries_keeps_nobody_out() {
    let world = World::sqlite().await;
    world.vendor("Ana Agent", Role::Agent).await;
    world.vendor("Bob Agent", Role::Agent).await;
    let services = world.with(defaults(), Hasher::new().expect("a hasher"));
    for email in ["ana@example.com", "bob@example.com"] {
        session::set_password(&services, email, PASSWORD).await.expect("a hash as expensive as in life");
    }
    let first = session::sign_in(&services, "ana@example.com", PASSWORD, &from("192.0.2.7")).await.expect("signed in");
    let known = Origin { device_token: Some(first.device().to_owned()), ..from("192.0.2.7") };

    let flood: Vec<_> = (0..100)
        .map(|client| {
            let services = services.clone();
            tokio::spawn(async move {
                let origin = from(&format!("203.0.113.{client}"));
                session::sign_in(&services, "ana@example.com", "faux faux faux", &origin).await.map(|_| ())
            })
        })
        .collect();
    for round in 0..10 {
        let came = session::sign_in(&services, "ana@example.com", PASSWORD, &known).await;
        assert!(came.is_ok(), "{round}: {:?}", came.map(|_| ()));
    }
    assert!(flood.iter().any(|attempt| !attempt.is_finished()), "the flood still waits, or this proves nothing");
    let new = session::sign_in(&services, "bob@example.com", PASSWORD, &from("198.51.100.9")).await;
    assert!(new.is_ok(), "{:?}", new.map(|_| ()));
    for attempt in flood {
        assert_ne!(attempt.await.expect("no panic"), Err(Failure::Unavailable));
    }

    // The cookie of one person is none for another, nor one that was made up.
    for token in [first.device().to_owned(), "AAAA".to_owned()] {
        let origin = Origin { device_token: Some(token), ..from("198.51.100.1") };
        for _ in 0..5 {
            let wrong = session::sign_in(&services, "bob@example.com", "faux faux faux", &origin).await;
            assert!(matches!(wrong, Err(Failure::Invalid(_) | Failure::TooMany { .. })));
        }
    }
    let origin = Origin { device_token: Some(first.device().to_owned()), ..from("198.51.100.1") };
    let wrong = session::sign_in(&services, "bob@example.com", "faux faux faux", &origin).await;
    assert!(matches!(wrong, Err(Failure::TooMany { .. })), "Ana's browser is unknown to Bob's account");
}

on_both! {
    /// ASVS 7.3.1: twelve hours without use; a tab that lies open and listens is no use.
    async fn asvs_7_3_1_listening_does_not_keep_a_session_alive(world: World) {
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let used = session::start(&world.services, omar, None, &Origin::default()).await.expect("a session");
        let open = session::start(&world.services, omar, None, &Origin::default()).await.expect("a session");
        for _ in 0..13 {
            let (actor, key) = session::find(&world.services, used.reveal()).await.expect("asked").expect("a session");
            session::peek(&world.services, open.reveal()).await.expect("asked");
            noted(&world, actor.person, &key).await;
            world.clock.advance(SignedDuration::from_hours(1));
        }
        assert!(session::find(&world.services, used.reveal()).await.expect("asked").is_some());
        assert!(session::peek(&world.services, open.reveal()).await.expect("asked").is_none());
    }

    /// ASVS 7.4.3: a sign-in whose password is compared while another one is set does not outlive that.
    async fn asvs_7_4_3_password_of_before_starts_no_session(world: World) {
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let before = store::people::find_password(&world.services.db, omar).await.expect("a password").version;
        session::set_password(&world.services, "omar@example.com", "un chat sur le mur").await.expect("another password");
        let late = session::start(&world.services, omar, Some(before), &Origin::default()).await;
        assert_eq!(late.err(), Some(Failure::field("password", FieldError::WrongCredentials)));
        let present = session::start(&world.services, omar, Some(before + 1), &Origin::default()).await;
        assert!(present.is_ok(), "the password of now");
    }

    /// Invariant 14: an account is held before its sessions, so that two changes of one account wait in turn and not in a
    /// circle, which PostgreSQL would break by refusing one of them.
    async fn sessions_are_held_after_their_account(world: World) {
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let token = session::start(&world.services, omar, None, &Origin::default()).await.expect("a session");
        let context = world.context(omar).await;
        let hash: [u8; 32] = Sha256::digest(token.reveal()).into();

        let visit = Change::begin_as_system(&world.services).await.expect("begun");
        store::people::lock(&visit.tx, omar).await.expect("held");
        let ending = tokio::spawn(async move { session::sign_out_everywhere(&context).await });
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        store::sessions::touch(&visit.tx, &hash, omar, world.services.now()).await.expect("no one waits for this one");
        visit.commit().await.expect("committed");
        assert_eq!(ending.await.expect("no panic"), Ok(1));
    }

    /// A reader is not held up by a long writing transaction.
    async fn a_visit_that_cannot_be_noted_stops_no_one(world: World) {
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let token = session::start(&world.services, omar, None, &Origin::default()).await.expect("a session");
        world.clock.advance(SignedDuration::from_hours(1));
        let long = store::write_tx(&world.services.db).await.expect("a transaction");
        let reading = session::find(&world.services, token.reveal());
        let read = tokio::time::timeout(std::time::Duration::from_secs(1), reading).await.expect("without waiting");
        assert!(read.expect("read all the same").is_some());
        drop(long);
    }
}
