//! Forms: sent once, and what was typed kept for whom it belongs to.

use domain::{
    Failure, FieldError, RequestId,
    access::{Reach, Role},
};
use jiff::SignedDuration;
use service::{
    Change,
    forms::{self, Begun, Draft, MAX_DRAFT, MAX_KEY, SAME_CONTENT, Sending, Sent},
};
use testkit::{World, on_both};

fn fields(text: &str) -> Vec<(String, String)> {
    vec![("text".to_owned(), text.to_owned()), ("key".to_owned(), "the key".to_owned())]
}

const REPLY: &str = "/fn/cases/reply";

fn sent<'a>(key: &'a str, fields: &'a [(String, String)]) -> Sent<'a> {
    Sent { function: REPLY, person: None, key, fields, once: None }
}

async fn begin(world: &World, sent: &Sent<'_>) -> (Begun, RequestId) {
    let request = world.services.id();
    (forms::begin(&world.services, sent, request).await.expect("an answer"), request)
}

async fn first(world: &World, sent: &Sent<'_>) -> Sending {
    match begin(world, sent).await {
        (Begun::First(sending), _) => sending,
        (other, _) => panic!("not the first: {other:?}"),
    }
}

fn before(begun: Begun) -> Option<String> {
    if let Begun::Before(answer) = begun { Some(answer) } else { None }
}

on_both! {
    /// B36, F19g: the answer of the first sending, for the same text, function and person alone.
    async fn b36_the_second_sending_finds_the_answer_of_the_first(world: World) {
        let text = fields("one");
        let sending = first(&world, &sent("k", &text)).await;
        assert!(matches!(begin(&world, &sent("k", &text)).await.0, Begun::UnderWay));
        sending.answered(&world.services, "/cases/1").await.expect("noted");
        assert_eq!(before(begin(&world, &sent("k", &text)).await.0).as_deref(), Some("/cases/1"));

        let person = world.vendor("Omar Agent", Role::Agent).await;
        first(&world, &sent("k", &fields("two"))).await;
        first(&world, &sent("other", &text)).await;
        first(&world, &Sent { function: "/fn/cases/note", ..sent("k", &text) }).await;
        first(&world, &Sent { person: Some(person), ..sent("k", &text) }).await;
    }

    /// A refused form can be sent again; so can one whose process died before it did anything. One whose act was committed
    /// is not done twice, whether it was answered or not.
    async fn b36_what_was_committed_is_not_done_twice(world: World) {
        let text = fields("one");
        first(&world, &sent("refused", &text)).await.refused(&world.services).await.expect("released");
        first(&world, &sent("refused", &text)).await;

        first(&world, &sent("died", &text)).await;
        world.clock.advance(SignedDuration::from_secs(61));
        assert!(matches!(begin(&world, &sent("died", &text)).await.0, Begun::First(_)));

        let (begun, request) = begin(&world, &sent("committed", &text)).await;
        assert!(matches!(begun, Begun::First(_)));
        let change = Change::begin_as(&world.services, None, Some(request)).await.expect("a change");
        change.commit().await.expect("committed");
        world.clock.advance(SignedDuration::from_secs(61));
        assert_eq!(before(begin(&world, &sent("committed", &text)).await.0).as_deref(), Some(""));
    }

    /// Without JavaScript the page behind "back" has another key.
    async fn b36_the_same_text_is_the_same_act_for_ten_minutes_where_it_is_sent_once(world: World) {
        let text = fields("one");
        let once = |key| Sent { once: Some(SAME_CONTENT), ..sent(key, &text) };
        first(&world, &once("a")).await.answered(&world.services, "/cases/1").await.expect("noted");
        assert!(matches!(begin(&world, &once("b")).await.0, Begun::SameText(to) if to == "/cases/1"));
        // A chat counts seconds: "ok" can be said twice.
        world.clock.advance(SignedDuration::from_secs(20));
        first(&world, &Sent { once: Some(SignedDuration::from_secs(15)), ..sent("soon", &text) }).await;
        first(&world, &sent("c", &text)).await;
        world.clock.advance(SignedDuration::from_mins(11));
        first(&world, &once("d")).await.answered(&world.services, "/cases/2").await.expect("noted");
        assert!(matches!(begin(&world, &once("e")).await.0, Begun::SameText(to) if to == "/cases/2"));
        assert_eq!(before(begin(&world, &once("d")).await.0).as_deref(), Some("/cases/2"), "the same form is no news");
    }

    /// C2
    async fn c2_a_long_key_is_refused(world: World) {
        let (long, text) = ("k".repeat(MAX_KEY + 1), fields("one"));
        let refused = forms::begin(&world.services, &sent(&long, &text), world.services.id()).await;
        assert_eq!(refused.err(), Some(Failure::field("key", FieldError::TooLong { max: 64 })));
    }

    /// T34: the key says for whom the form was made, and only the server can make one.
    async fn t34_a_key_names_its_person(world: World) {
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let lea = world.vendor("Lea Agent", Role::Agent).await;
        let key = forms::new_key(&world.services, Some(omar));
        assert!(key.len() <= MAX_KEY, "{key}");
        assert_eq!(forms::rendered_for(&world.services, &key), Some(omar));
        let renewed = format!("fresh.{}", forms::tag(&world.services, omar));
        assert_eq!(forms::rendered_for(&world.services, &renewed), Some(omar));
        let (proof, other) = (key.rsplit('.').next().expect("a proof"), forms::tag(&world.services, lea));
        let forged = format!("x.{}.{proof}", other.split('.').next().expect("a person"));
        for foreign in [forged.as_str(), "x", "", "x.y.z"] {
            assert_eq!(forms::rendered_for(&world.services, foreign), None, "{foreign}");
        }
    }

    /// T09: drafts are their person's, bounded, and go after 30 days.
    async fn t09_drafts_are_of_their_person_and_bounded(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bob = world.member(company, "Bob Martin", Role::SupportUser, Reach::Own, None).await;
        let services = &world.services;
        forms::keep(services, ana, "/fn/cases/reply#1", "text=one").await.expect("kept");
        forms::keep(services, ana, "/fn/cases/reply#1", "text=two").await.expect("kept");
        let kept = Draft { form: "/fn/cases/reply#1".into(), fields: "text=two".into() };
        assert_eq!(forms::drafts(services, ana).await, Ok(vec![kept]));
        assert_eq!(forms::drafts(services, bob).await, Ok(vec![]));
        assert!(forms::keep(services, ana, "/fn/x", &"x".repeat(MAX_DRAFT + 1)).await.is_err());
        assert!(forms::keep(services, ana, "anything", "x").await.is_err());
        assert!(forms::keep(services, ana, &format!("/fn/{}", "x".repeat(200)), "x").await.is_err());

        for number in 0..25 {
            world.clock.advance(SignedDuration::from_secs(1));
            forms::keep(services, ana, &format!("/fn/cases/reply#n{number}"), "text=x").await.expect("kept");
        }
        assert_eq!(forms::drafts(services, ana).await.expect("drafts").len(), 20);
        assert_eq!(forms::draft(services, ana, "/fn/cases/reply#1").await, Ok(None), "the oldest made room");
        forms::forget(services, ana, "/fn/cases/reply#n24").await.expect("forgotten");
        assert_eq!(forms::drafts(services, ana).await.expect("drafts").len(), 19);

        world.clock.advance(SignedDuration::from_hours(31 * 24));
        let change = Change::begin_as_system(services).await.expect("a change");
        let now = change.now;
        let sweep = store::jobs::NewJob {
            id: services.id(),
            kind: "sweep",
            dedup_key: None,
            payload: Default::default(),
            run_at: now,
            now,
        };
        store::jobs::insert(&change.tx, sweep).await.expect("planned");
        change.commit().await.expect("committed");
        service::jobs::run_due(services).await.expect("swept");
        assert_eq!(forms::drafts(services, ana).await, Ok(vec![]));
    }
}
