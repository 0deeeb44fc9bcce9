//! The number of SQL statements of each page: it is fixed, whatever there is to show.

use std::{collections::BTreeMap, fmt::Write, sync::atomic::Ordering};

use domain::{
    access::{Reach, Role},
    cases::CaseForm,
};
use service::cases::{self, Reply};

use super::portal::{Life, Portal};

/// Pages with what a reader needs to see them.
const PAGES: &[(&str, Who)] = &[
    ("/", Who::Admin),
    ("/account", Who::Admin),
    ("/announcements", Who::Admin),
    ("/calls/new", Who::Admin),
    ("/cases", Who::Admin),
    ("/cases?search=vide", Who::Admin),
    ("/cases/new", Who::Admin),
    ("/cases/{case}", Who::Admin),
    ("/chat/{chat}", Who::Admin),
    ("/ledger", Who::Admin),
    ("/people", Who::Admin),
    ("/people/new", Who::Admin),
    ("/people/{admin}?company={organisation}", Who::Admin),
    ("/timeline", Who::Admin),
    ("/cases/{case}", Who::Agent),
    ("/chat/{chat}", Who::Agent),
    ("/desk", Who::Agent),
    ("/desk?search=vide", Who::Agent),
    ("/desk/calls", Who::Agent),
    ("/desk/chats", Who::Agent),
    ("/imports", Who::Manager),
    ("/ledger", Who::Manager),
    ("/mail", Who::Manager),
    ("/people", Who::Manager),
    ("/people?company={organisation}", Who::Manager),
    ("/rollout", Who::Manager),
    ("/rollout/{organisation}", Who::Manager),
    ("/settings/phone-lines", Who::Operator),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Admin,
    Agent,
    Manager,
    Operator,
}

/// Counts the statements of each page, loaded a second time, when the actor is already cached.
async fn count(portal: &Portal, life: &Life, cookies: &BTreeMap<Who, String>) -> BTreeMap<(&'static str, Who), u64> {
    let mut counts = BTreeMap::new();
    for (page, who) in PAGES {
        let path = super::access::fill(portal, life, page);
        for again in [false, true] {
            let before = portal.world.statements.load(Ordering::Relaxed);
            let answer = portal.get(&path, &cookies[who]).await;
            assert_eq!(answer.status, 200, "{path} as {who:?}");
            if again {
                counts.insert((*page, *who), portal.world.statements.load(Ordering::Relaxed) - before);
            }
        }
    }
    counts
}

/// Adds twelve of everything that pages list.
async fn grow(portal: &Portal, life: &Life) {
    let (world, admin) = (&portal.world, portal.world.context(portal.admin).await);
    let agent = world.context(portal.agent).await;
    for number in 0..12 {
        let form = CaseForm {
            organisation: portal.ours.to_string(),
            product: portal.product.to_string(),
            title: format!("Une page vide, {number}"),
            description: "Depuis ce matin.".into(),
            priority: "p3".into(),
            ..CaseForm::default()
        };
        let case = cases::open(&admin, &form, &[]).await.expect("opened");
        cases::reply(&agent, case, "Nous regardons.", &[], Reply::Answer).await.expect("answered");
        cases::reply(&agent, portal.case, "Encore un mot.", &[], Reply::Answer).await.expect("answered");
        service::chat::send(&admin, life.chat, "Encore là.").await.expect("sent");
        let name = format!("{}a Nouvelle", char::from(b'b' + number));
        world.member(portal.ours, &name, Role::SupportUser, Reach::Own, None).await;
        let company = world.organisation(&format!("Compagnie {number}"), &[portal.product]).await;
        world.enrol(company, &[portal.product], domain::rollout::Phase::Setup).await;
    }
}

/// Performance goal 11: a statement for each row of a list would show here, before anyone waits for it.
#[tokio::test]
async fn page_asks_a_fixed_number_of_statements() {
    let portal = Portal::open().await;
    let life = portal.live().await;
    // The reader of live events asks every second, whatever pages do.
    portal.state.stop.cancel();
    let cookies = BTreeMap::from([
        (Who::Admin, portal.cookie(portal.admin).await),
        (Who::Agent, portal.cookie(portal.agent).await),
        (Who::Manager, portal.cookie(life.manager).await),
        (Who::Operator, portal.cookie(life.operator).await),
    ]);
    let few = count(&portal, &life, &cookies).await;
    grow(&portal, &life).await;
    let many = count(&portal, &life, &cookies).await;
    let mut table = String::new();
    for ((page, who), count) in &few {
        let more = many[&(*page, *who)];
        let _ = writeln!(table, "{count:>3} {more:>3}  {who:?} {page}");
        // A list of more than one page counts its rows.
        assert!(more <= *count + 1, "{page} as {who:?}: {count} statements, {more} with twelve times as much to show");
    }
    insta::assert_snapshot!(table);
}
