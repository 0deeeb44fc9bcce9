//! What live streams read: who may know, how far it goes, what a browser holds of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    CaseId, OrganisationId, ProductId,
    access::{Reach, Role},
    audit::Verb,
    cases::CaseForm,
    rollout::Phase,
};
use service::{
    Change, Context,
    cases::{self, Reply},
    imports::{Importer, Source, Strictness},
    live::{self, Batch, News},
    session,
};
use testkit::{World, on_both};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

async fn open_case(context: &Context, company: OrganisationId, product: ProductId) -> CaseId {
    let form = CaseForm {
        organisation: company.to_string(),
        product: product.to_string(),
        title: "Le tableau de bord reste vide".into(),
        description: "Depuis ce matin.".into(),
        priority: "p2".into(),
        ..Default::default()
    };
    cases::open(context, &form, &[]).await.expect("opened")
}

async fn head(world: &World) -> i64 {
    store::audit::head(&world.services.db).await.expect("the head")
}

on_both! {
    /// T-A2: each reader has numbers of their own; notes do not count for customers.
    async fn news_name_each_case_once_and_count_what_the_reader_may_know(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let other = world.organisation("Chantiers Keller", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let kim = world.member(other, "Kim Keller", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, kim, omar) = (world.context(ana).await, world.context(kim).await, world.context(omar).await);
        let case = open_case(&ana, company, product).await;
        let start = head(&world).await;
        cases::note(&omar, case, "Interne").await.expect("noted");

        let upto = head(&world).await;
        assert_eq!(live::news(&ana, start).await, Ok(News { upto, ..News::default() }), "a note is nothing to her");
        assert_eq!(live::news(&omar, start).await.expect("news").cases, [(case, 2)]);
        cases::reply(&omar, case, "Nous regardons.", &[], Reply::Answer).await.expect("answered");
        cases::reply(&omar, case, "Encore un mot.", &[], Reply::Answer).await.expect("answered");
        let news = live::news(&ana, start).await.expect("news");
        assert_eq!((news.cases, news.imported), (vec![(case, 3)], false), "once, with what she may know of");
        assert_eq!(cases::detail(&ana, case).await.expect("visible").seen_event, 3, "the page counts the same");
        assert_eq!(cases::detail(&omar, case).await.expect("visible").seen_event, 4);

        // What is out of sight is passed over once.
        let upto = head(&world).await;
        assert_eq!(live::news(&kim, 0).await, Ok(News { upto, ..News::default() }));
        assert_eq!(live::news(&kim, upto).await, Ok(News { upto, ..News::default() }));
    }

    async fn a_long_absence_is_made_up_for_in_parts(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        let start = head(&world).await;
        let case = open_case(&ana, company, product).await;
        for _ in 0..109 {
            cases::reply(&ana, case, "Encore.", &[], Reply::Answer).await.expect("answered");
        }
        let first = live::news(&ana, start).await.expect("news");
        assert!(first.upto < head(&world).await, "a hundred at a time");
        assert_eq!(first.cases, [(case, 110)]);
        let second = live::news(&ana, first.upto).await.expect("news");
        assert_eq!((second.cases, second.upto), (vec![(case, 110)], head(&world).await));
    }

    /// An import is one piece of news, however many cases it brings, and none to readers who see none of them.
    async fn an_import_is_one_piece_of_news(world: World) {
        let other = world.organisation("Chantiers Keller", &[]).await;
        let kim = world.member(other, "Kim Keller", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (kim, omar) = (world.context(kim).await, world.context(omar).await);
        let start = head(&world).await;
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/samples/import.jsonl");
        let source = Source::open(file.as_ref()).expect("a sample");
        let importer = Importer::of_system(&world.services);
        importer.commit(&source, Strictness::AllOrNothing, &mut |_| {}, &|_| {}).await.expect("imported");
        let upto = head(&world).await;
        assert_eq!(live::news(&omar, start).await, Ok(News { cases: vec![], imported: true, upto }));
        assert_eq!(live::news(&kim, start).await, Ok(News { cases: vec![], imported: false, upto }));
    }
}

/// Takes batches until they have come to the end of the ledger.
async fn take(world: &World, batches: &mut broadcast::Receiver<Arc<Batch>>) -> Vec<Arc<Batch>> {
    let head = head(world).await;
    let mut taken: Vec<Arc<Batch>> = Vec::new();
    while taken.last().is_none_or(|batch| batch.upto < head) {
        let next = tokio::time::timeout(Duration::from_secs(5), batches.recv()).await;
        taken.push(next.expect("a batch in time").expect("a feed that runs"));
    }
    taken
}

on_both! {
    /// B1: what is read once a process and decided in memory is what each reader would have read alone.
    async fn b1_feed_tells_each_reader_what_the_database_would(world: World) {
        let (atlas, pulse) = (world.product("atlas").await, world.product("pulse").await);
        let company = world.organisation("Brasserie du Nord", &[atlas, pulse]).await;
        let other = world.organisation("Chantiers Keller", &[atlas]).await;
        let admin = Role::SupportSystemAdmin;
        let readers = [
            world.member(company, "Ana Lopez", admin, Reach::Organisation, None).await,
            world.member(company, "Bob Martin", Role::ProductSupportUser, Reach::Organisation, Some(&[atlas])).await,
            world.member(company, "Uma Petit", Role::SupportUser, Reach::Own, None).await,
            world.member(other, "Kim Keller", admin, Reach::Organisation, None).await,
            world.vendor("Omar Agent", Role::Agent).await,
            world.vendor("Mia Manager", Role::ProgrammeManager).await,
        ];
        let mut contexts = Vec::new();
        for reader in readers {
            contexts.push(world.context(reader).await);
        }
        let [ana, _, uma, kim, omar, _] = contexts.as_slice() else { panic!("six readers") };
        world.services.bus.publish(head(&world).await);
        let stop = CancellationToken::new();
        let mut batches = world.services.bus.subscribe();
        let feed = tokio::spawn(live::run(world.services.clone(), stop.clone()));

        let start = head(&world).await;
        let first = open_case(ana, company, atlas).await;
        open_case(ana, company, pulse).await;
        open_case(uma, company, atlas).await;
        open_case(kim, other, atlas).await;
        cases::note(omar, first, "Interne").await.expect("noted");
        cases::reply(omar, first, "Nous regardons.", &[], Reply::Answer).await.expect("answered");
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/samples/import.jsonl");
        let source = Source::open(file.as_ref()).expect("a sample");
        let importer = Importer::of_system(&world.services);
        importer.commit(&source, Strictness::AllOrNothing, &mut |_| {}, &|_| {}).await.expect("imported");

        let taken = take(&world, &mut batches).await;
        for context in &contexts {
            let (mut cases, mut imported, mut after) = (BTreeMap::new(), false, start);
            for batch in &taken {
                let news = batch.news(&context.visibility(), after);
                cases.extend(news.cases);
                imported |= news.imported;
                after = news.upto;
            }
            let alone = live::news(context, start).await.expect("news");
            let (told, read) = ((cases, imported, after), (alone.cases.into_iter().collect(), alone.imported, alone.upto));
            assert_eq!(told, read, "{}", context.actor.name);
        }
        stop.cancel();
        feed.await.expect("ended");
    }

    /// R19, T-A4: what changes the rights of a person, or a session, is told to the streams of that person only; what changes
    /// those of a company is told to all.
    async fn r19_feed_names_the_people_whose_rights_changed(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let uma = world.member(company, "Uma Petit", Role::SupportUser, Reach::Own, None).await;
        let touched = async |after: i64| {
            let batch = store::feed::read(&world.services.db, after, 500).await.expect("read").expect("events");
            [batch.touches(ana, "ana's"), batch.touches(uma, "uma's")]
        };

        let start = head(&world).await;
        open_case(&world.context(ana).await, company, product).await;
        assert_eq!(touched(start).await, [false, false], "a case changes no rights");

        let start = head(&world).await;
        session::sign_out_everywhere(&world.context(uma).await).await.expect("signed out");
        assert_eq!(touched(start).await, [false, true]);

        let start = head(&world).await;
        let mut change = Change::begin_as_system(&world.services).await.expect("begun");
        change.event(Verb::SessionEnded, None, ("session", "ana's"), serde_json::Value::Null);
        change.commit().await.expect("committed");
        assert_eq!(touched(start).await, [true, false]);

        let start = head(&world).await;
        world.enrol(company, &[product], Phase::Validation).await;
        let mut change = Change::begin_as_system(&world.services).await.expect("begun");
        change.event(Verb::PhaseMoved, Some(company), ("enrolment", company), serde_json::Value::Null);
        change.commit().await.expect("committed");
        assert_eq!(touched(start).await, [true, true]);
    }
}

/// T-A2: what a browser holds tells nothing of how much happens, and is not made up.
#[tokio::test]
async fn a_cursor_is_sealed() {
    let world = World::sqlite().await;
    let services = &world.services;
    let (one, same, next) = (live::seal(services, 41), live::seal(services, 41), live::seal(services, 42));
    assert_ne!(one, same, "two pages cannot be compared");
    assert_eq!((live::open(services, &one), live::open(services, &same)), (Some(41), Some(41)));
    assert_eq!(live::open(services, &next), Some(42));
    for at in 0..one.len() {
        let mut changed = one.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert_eq!(live::open(services, &changed), None, "{changed}");
    }
    for made_up in ["", "41", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(live::open(services, made_up), None);
    }
}
