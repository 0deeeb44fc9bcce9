//! T-A1: every route and every server function against anonymous, another company, the lowest role and a removed member,
//! with the objects of one company, and against the people who work with them: its administrator and each role of the
//! vendor. A function that is missing in the tables fails.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Request, header},
};

use server::router::{self, behind_session, without_session};

use super::portal::{Life, Portal, SECRETS};

/// What each principal gets: `[anonymous, another company's admin, a support user who sees only own cases, a removed member]`.
type Row = (&'static str, &'static str, [u16; 4]);

/// Server functions with a body that names objects of the first company; `{case}`, `{chat}`, `{organisation}`, … are filled
/// in by `fill`. A function also has a line in `INSIDERS`, and one in `limits.rs`.
pub const FUNCTIONS: &[Row] = &[
    ("/fn/session/viewer", "", [200, 200, 200, 200]),
    ("/fn/session/sign_in", "email=nobody@example.com&password=wrong", [422, 422, 422, 422]),
    // A visitor without a link gets nothing; asking for one always gets the same answer.
    ("/fn/session/forgot", "email=ana@example.com", [200, 200, 200, 200]),
    ("/fn/session/reset_state", "token=x", [404, 404, 404, 404]),
    ("/fn/session/reset", "token=x&password=x&password_again=x", [404, 404, 404, 404]),
    (
        "/fn/session/change_password",
        "old_password=x&password=un+chat+sur+le+mur&password_again=un+chat+sur+le+mur",
        [401, 422, 422, 401],
    ),
    ("/fn/session/set_language", "language=en", [200, 200, 200, 200]),
    ("/fn/session/zones", "", [401, 200, 200, 401]),
    ("/fn/session/set_zone", "zone=Europe/Paris", [401, 200, 200, 401]),
    ("/fn/session/note_zone", "zone=Europe/Paris", [401, 200, 200, 401]),
    ("/fn/session/set_company", "organisation={organisation}", [401, 404, 200, 401]),
    ("/fn/session/list", "", [401, 200, 200, 401]),
    ("/fn/cases/list", "{\"filter\":{}}", [401, 200, 200, 401]),
    ("/fn/cases/find", "{\"id\":\"{case}\",\"part\":\"Last\"}", [401, 404, 404, 401]),
    ("/fn/cases/choices", "", [401, 200, 200, 401]),
    (
        "/fn/cases/open_case",
        "form[organisation]={organisation}&form[product]={product}&form[title]=x&form[description]=x&form[priority]=p4",
        [401, 404, 200, 401],
    ),
    ("/fn/cases/reply", "id={case}&text=x", [401, 404, 404, 401]),
    ("/fn/cases/note", "id={case}&text=x", [401, 404, 404, 401]),
    ("/fn/cases/assign", "id={case}", [401, 404, 404, 401]),
    ("/fn/cases/close", "id={case}&reason=confirmed", [401, 404, 404, 401]),
    ("/fn/cases/reopen", "id={case}", [401, 404, 404, 401]),
    ("/fn/imports/list", "", [401, 403, 403, 401]),
    ("/fn/imports/find", "id=00000000-0000-0000-0000-000000000000", [401, 403, 403, 401]),
    ("/fn/imports/commit", "id=00000000-0000-0000-0000-000000000000", [401, 403, 403, 401]),
    ("/fn/imports/discard", "id=00000000-0000-0000-0000-000000000000", [401, 403, 403, 401]),
    ("/fn/rollout/timeline", "{\"organisation\":\"{organisation}\"}", [401, 404, 200, 401]),
    ("/fn/rollout/programmes", "", [401, 403, 403, 401]),
    ("/fn/rollout/board", "{\"programme\":\"{programme}\",\"filter\":{}}", [401, 403, 403, 401]),
    ("/fn/rollout/company", "organisation={organisation}", [401, 403, 403, 401]),
    ("/fn/rollout/move_phase", "organisation={organisation}&to=setup&reason=x", [401, 403, 403, 401]),
    ("/fn/rollout/set_back", "organisation={organisation}&to=setup&reason=x&name=x", [401, 403, 403, 401]),
    (
        "/fn/rollout/move_dates",
        "organisation={organisation}&form[setup]=2026-01-01&form[validation]=2026-01-02&form[enablement]=2026-01-03&form[launch]=2026-01-04&why=x",
        [401, 403, 403, 401],
    ),
    ("/fn/rollout/shift", "programme={programme}&days=1&reason=x", [401, 403, 403, 401]),
    ("/fn/rollout/tools", "", [401, 200, 200, 401]),
    (
        "/fn/rollout/create_programme",
        "form[key]=x&form[name]=x&form[contact]=x@example.com&form[products][0]={product}&form[setup]=2026-01-01&form[validation]=2026-01-02&form[enablement]=2026-01-03&form[launch]=2026-01-04",
        [401, 403, 403, 401],
    ),
    ("/fn/rollout/enrol", "programme={programme}&companies[0]={organisation}", [401, 403, 403, 401]),
    ("/fn/announcements/list", "", [401, 200, 200, 401]),
    ("/fn/announcements/find", "{\"slug\":\"nothing\",\"language\":null,\"version\":null}", [401, 404, 404, 401]),
    ("/fn/announcements/publish", "file_name=a.fr.md&source=x", [401, 403, 403, 401]),
    ("/fn/announcements/preview", "", [401, 403, 403, 401]),
    ("/fn/announcements/images", "", [401, 403, 403, 401]),
    ("/fn/announcements/plan_mail", "slug=nothing", [401, 200, 200, 401]),
    ("/fn/announcements/sample_mail", "slug=nothing&programme={programme}", [401, 403, 403, 401]),
    ("/fn/announcements/mail_oneself", "slug=nothing&programme={programme}", [401, 403, 403, 401]),
    (
        "/fn/announcements/stop_mailing",
        "id=00000000-0000-0000-0000-000000000000&slug=nothing&programme={programme}",
        [401, 403, 403, 401],
    ),
    ("/fn/announcements/mail_everyone", "slug=nothing&programme={programme}", [401, 403, 403, 401]),
    ("/fn/audit/list", "{\"organisation\":\"{organisation}\",\"after\":null}", [401, 404, 403, 401]),
    ("/fn/audit/last_check", "{\"organisation\":\"{organisation}\"}", [401, 404, 403, 401]),
    ("/fn/overview/overview", "organisation={organisation}", [401, 404, 200, 401]),
    ("/fn/chat/entrance", "", [401, 200, 200, 401]),
    ("/fn/chat/start", "form[organisation]={organisation}&form[product]={product}&form[text]=x", [401, 404, 200, 401]),
    ("/fn/chat/view", "id={chat}", [401, 404, 404, 401]),
    ("/fn/chat/send", "id={chat}&text=x", [401, 404, 404, 401]),
    ("/fn/chat/end", "id={chat}", [401, 404, 404, 401]),
    ("/fn/chat/answer", "id={chat}", [401, 404, 404, 401]),
    ("/fn/chat/list", "", [401, 403, 403, 401]),
    ("/fn/calls/entrance", "case={case}", [401, 404, 404, 401]),
    (
        "/fn/calls/request",
        "form[organisation]={organisation}&form[phone]=%2B33123456789&form[topic]=x",
        [401, 404, 200, 401],
    ),
    ("/fn/calls/waiting", "", [401, 200, 200, 401]),
    ("/fn/calls/list", "", [401, 403, 403, 401]),
    ("/fn/calls/log", "id={callback}&outcome=reached&note=x", [401, 403, 403, 401]),
    ("/fn/calls/line_settings", "", [401, 403, 403, 401]),
    ("/fn/calls/save_line", "form[region]=emea&form[number]=x&form[zone]=x", [401, 403, 403, 401]),
    ("/fn/calls/remove_line", "id=emea", [401, 403, 403, 401]),
    ("/fn/people/page", "{\"filter\":{\"company\":\"{organisation}\"}}", [401, 404, 403, 401]),
    ("/fn/people/find", "{\"company\":\"{organisation}\",\"person\":\"{admin}\"}", [401, 404, 403, 401]),
    ("/fn/people/adding", "{\"company\":\"{organisation}\"}", [401, 404, 403, 401]),
    (
        "/fn/people/add",
        "form[organisation]={organisation}&form[name]=x&form[email]=x@example.com&form[role]=support_user",
        [401, 404, 403, 401],
    ),
    (
        "/fn/people/grant_role",
        "organisation={organisation}&person={admin}&form[role]=support_user",
        [401, 404, 403, 401],
    ),
    ("/fn/people/revoke_role", "organisation={organisation}&person={admin}&grant={grant}", [401, 404, 403, 401]),
    ("/fn/people/remove", "organisation={organisation}&person={admin}", [401, 404, 403, 401]),
    ("/fn/people/invite_waiting", "organisation={organisation}", [401, 404, 403, 401]),
    (
        "/fn/people/correct_address",
        "organisation={organisation}&person={admin}&email=y@example.com",
        [401, 404, 403, 401],
    ),
    ("/fn/people/resend", "organisation={organisation}&person={admin}", [401, 404, 403, 401]),
    // For the holder of the link; without one there is nothing, and asking for a new one always gets the same answer.
    ("/fn/people/invitation", "token=x", [404, 404, 404, 404]),
    ("/fn/people/accept", "token=x&password=x", [404, 404, 404, 404]),
    ("/fn/people/renew", "token=x", [200, 200, 200, 200]),
    ("/fn/people/address_link", "token=x", [404, 404, 404, 404]),
    ("/fn/people/confirm_address", "token=x&password=x", [404, 404, 404, 404]),
    ("/fn/mail/list", "", [401, 403, 403, 401]),
    ("/fn/mail/retry", "id={organisation}", [401, 403, 403, 401]),
    ("/fn/mail/retry_all", "", [401, 403, 403, 401]),
    ("/fn/drafts/keep", "form=/fn/cases/note%23x&fields=text=x", [401, 200, 200, 401]),
    ("/fn/drafts/find", "form=/fn/cases/note%23x", [401, 200, 200, 401]),
    ("/fn/drafts/save", "", [401, 200, 200, 401]),
    // At the end, because they end the sessions that the rows above use.
    ("/fn/session/sign_out_everywhere", "", [200, 200, 200, 200]),
    // F17: a visitor without a session is signed out as well.
    ("/fn/session/sign_out", "", [200, 200, 200, 200]),
];

/// Pages: 303 leads to the sign-in page. The functions that a page calls decide what it shows.
const PAGES: &[Row] = &[
    // T27: signed in, it leads home.
    ("/sign-in", "", [200, 303, 303, 200]),
    ("/forgot", "", [200, 200, 200, 200]),
    ("/reset/:token", "/reset/x", [404, 404, 404, 404]),
    ("/account", "", [303, 200, 200, 303]),
    ("/cases", "", [303, 200, 200, 303]),
    ("/cases/new", "", [303, 200, 200, 303]),
    ("/cases/:id", "/cases/{case}", [303, 404, 404, 303]),
    ("/desk", "", [303, 200, 200, 303]),
    ("/imports", "", [303, 403, 403, 303]),
    ("/imports/:id", "/imports/00000000-0000-0000-0000-000000000000", [303, 403, 403, 303]),
    ("/timeline", "", [303, 200, 200, 303]),
    ("/rollout", "", [303, 403, 403, 303]),
    ("/rollout/:id", "/rollout/{programme}", [303, 403, 403, 303]),
    ("/announcements", "", [303, 200, 200, 303]),
    ("/announcements/:slug", "/announcements/nothing", [303, 404, 404, 303]),
    // It asks for data of authors only, and shows nothing to other readers.
    ("/announcements/:slug/send", "/announcements/nothing/send", [303, 200, 200, 303]),
    ("/publish", "", [303, 403, 403, 303]),
    ("/ledger", "", [303, 200, 403, 303]),
    ("/desk/chats", "", [303, 403, 403, 303]),
    ("/desk/calls", "", [303, 403, 403, 303]),
    ("/", "", [303, 200, 200, 303]),
    ("/chat", "", [303, 200, 200, 303]),
    ("/chat/:id", "/chat/{chat}", [303, 404, 404, 303]),
    ("/calls/new", "", [303, 200, 200, 303]),
    ("/people", "", [303, 200, 403, 303]),
    ("/people/new", "", [303, 200, 403, 303]),
    ("/people/:id", "/people/{admin}?company={organisation}", [303, 404, 403, 303]),
    ("/settings/phone-lines", "", [303, 403, 403, 303]),
    ("/mail", "", [303, 403, 403, 303]),
    ("/invitation/:token", "/invitation/x", [404, 404, 404, 404]),
    ("/address/:token", "/address/x", [404, 404, 404, 404]),
];

/// Routes that are neither pages nor server functions, with their method; those with a body get a file.
const OTHERS: &[(&str, Row)] = &[
    ("GET", ("/live", "", [401, 200, 200, 401])),
    ("GET", ("/files/{id}", "/files/{file}", [401, 404, 404, 401])),
    ("GET", ("/legacy/{*reference}", "/legacy/E-404", [303, 404, 404, 303])),
    ("GET", ("/imports/{id}/verdicts", "/imports/{nothing}/verdicts", [401, 403, 403, 401])),
    ("POST", ("/files", "/files?case={case}", [401, 404, 404, 401])),
    ("POST", ("/imports/upload", "", [401, 403, 403, 401])),
    ("POST", ("/publish/images", "", [401, 403, 403, 401])),
    ("GET", ("/healthz", "", [200, 200, 200, 200])),
    ("GET", ("/readyz", "", [200, 200, 200, 200])),
    ("GET", ("/favicon.svg", "", [200, 200, 200, 200])),
    ("GET", ("/brand.css", "", [200, 200, 200, 200])),
    // The installation under test has no logo.
    ("GET", ("/logo", "", [404, 404, 404, 404])),
];

/// In a line of `INSIDERS`: admitted, whatever the state of the object then answers (200, 302, 409, 422).
const IN: u16 = 200;

/// The same functions with the same bodies, for the people who work with these objects: `[the company's admin, an agent, a
/// lead, a programme manager, an operator]`. Functions that end something come last.
const INSIDERS: &[(&str, [u16; 5])] = &[
    ("/fn/session/viewer", [IN, IN, IN, IN, IN]),
    ("/fn/session/sign_in", [IN, IN, IN, IN, IN]),
    ("/fn/session/forgot", [IN, IN, IN, IN, IN]),
    ("/fn/session/reset_state", [404, 404, 404, 404, 404]),
    ("/fn/session/reset", [404, 404, 404, 404, 404]),
    ("/fn/session/change_password", [IN, IN, IN, IN, IN]),
    ("/fn/session/set_language", [IN, IN, IN, IN, IN]),
    ("/fn/session/zones", [IN, IN, IN, IN, IN]),
    ("/fn/session/set_zone", [IN, IN, IN, IN, IN]),
    ("/fn/session/note_zone", [IN, IN, IN, IN, IN]),
    ("/fn/session/set_company", [IN, 404, 404, 404, 404]),
    ("/fn/session/list", [IN, IN, IN, IN, IN]),
    ("/fn/cases/list", [IN, IN, IN, 403, 403]),
    ("/fn/cases/find", [IN, IN, IN, 404, 404]),
    // The vendor's people cannot open cases, chats or call-backs of customers.
    ("/fn/cases/choices", [IN, 403, 403, 403, 403]),
    ("/fn/cases/open_case", [IN, 404, 404, 404, 404]),
    ("/fn/cases/reply", [IN, IN, IN, 404, 404]),
    ("/fn/cases/note", [403, IN, IN, 404, 404]),
    ("/fn/cases/assign", [403, IN, IN, 404, 404]),
    ("/fn/chat/entrance", [IN, 403, 403, 403, 403]),
    ("/fn/chat/start", [IN, 404, 404, 404, 404]),
    ("/fn/chat/view", [IN, IN, IN, 404, 404]),
    ("/fn/chat/answer", [403, IN, IN, 404, 404]),
    ("/fn/chat/send", [IN, IN, IN, 404, 404]),
    ("/fn/chat/list", [403, IN, IN, 403, 403]),
    ("/fn/chat/end", [IN, IN, IN, 404, 404]),
    ("/fn/calls/entrance", [IN, 403, 403, 404, 404]),
    ("/fn/calls/request", [IN, 404, 404, 404, 404]),
    ("/fn/calls/waiting", [IN, IN, IN, IN, IN]),
    ("/fn/calls/list", [403, IN, IN, 403, 403]),
    ("/fn/calls/log", [403, IN, IN, 403, 403]),
    ("/fn/calls/line_settings", [403, 403, 403, 403, IN]),
    ("/fn/calls/save_line", [403, 403, 403, 403, IN]),
    ("/fn/calls/remove_line", [403, 403, 403, 403, IN]),
    ("/fn/cases/close", [IN, IN, IN, 404, 404]),
    ("/fn/cases/reopen", [IN, IN, IN, 404, 404]),
    ("/fn/imports/list", [403, 403, 403, IN, IN]),
    // There is no object with this id: readers with access are told that it is not found.
    ("/fn/imports/find", [403, 403, 403, 404, 404]),
    ("/fn/imports/commit", [403, 403, 403, 404, 404]),
    ("/fn/imports/discard", [403, 403, 403, 404, 404]),
    ("/fn/announcements/list", [IN, IN, IN, IN, IN]),
    ("/fn/announcements/find", [404, 404, 404, 404, 404]),
    ("/fn/announcements/publish", [403, 403, 403, IN, IN]),
    ("/fn/announcements/preview", [403, 403, 403, IN, IN]),
    ("/fn/announcements/images", [403, 403, 403, IN, IN]),
    ("/fn/announcements/plan_mail", [IN, IN, IN, 404, 404]),
    ("/fn/announcements/sample_mail", [403, 403, 403, 404, 404]),
    ("/fn/announcements/mail_oneself", [403, 403, 403, 404, 404]),
    ("/fn/announcements/stop_mailing", [403, 403, 403, 404, 404]),
    ("/fn/announcements/mail_everyone", [403, 403, 403, 404, 404]),
    ("/fn/audit/list", [IN, IN, IN, IN, IN]),
    ("/fn/audit/last_check", [IN, IN, IN, IN, IN]),
    // Only for the caller's own company; the vendor's people belong to none.
    ("/fn/overview/overview", [IN, 404, 404, 404, 404]),
    ("/fn/mail/list", [403, 403, 403, IN, IN]),
    ("/fn/mail/retry", [403, 403, 403, 404, 404]),
    ("/fn/mail/retry_all", [403, 403, 403, 404, 404]),
    ("/fn/rollout/timeline", [IN, 404, IN, IN, IN]),
    ("/fn/rollout/programmes", [403, 403, IN, IN, IN]),
    ("/fn/rollout/board", [403, 403, IN, IN, IN]),
    ("/fn/rollout/company", [403, 403, IN, IN, IN]),
    ("/fn/rollout/tools", [IN, IN, IN, IN, IN]),
    ("/fn/rollout/create_programme", [403, 403, 403, IN, IN]),
    ("/fn/rollout/enrol", [403, 403, 403, IN, IN]),
    ("/fn/rollout/move_dates", [403, 403, 403, IN, IN]),
    ("/fn/rollout/shift", [403, 403, 403, IN, IN]),
    ("/fn/rollout/move_phase", [403, 403, 403, IN, IN]),
    ("/fn/rollout/set_back", [403, 403, 403, IN, IN]),
    ("/fn/people/page", [IN, IN, IN, IN, IN]),
    ("/fn/people/find", [IN, IN, IN, IN, IN]),
    ("/fn/people/adding", [IN, IN, IN, IN, IN]),
    ("/fn/people/add", [IN, 404, 404, IN, IN]),
    ("/fn/people/correct_address", [IN, 404, 404, IN, IN]),
    ("/fn/people/grant_role", [IN, 404, 404, IN, IN]),
    ("/fn/people/invite_waiting", [IN, 404, 404, IN, IN]),
    ("/fn/people/resend", [IN, 404, 404, IN, IN]),
    ("/fn/people/invitation", [404, 404, 404, 404, 404]),
    ("/fn/people/accept", [404, 404, 404, 404, 404]),
    ("/fn/people/address_link", [404, 404, 404, 404, 404]),
    ("/fn/people/confirm_address", [404, 404, 404, 404, 404]),
    ("/fn/people/renew", [IN, IN, IN, IN, IN]),
    ("/fn/people/revoke_role", [IN, 404, 404, IN, IN]),
    ("/fn/people/remove", [IN, 404, 404, IN, IN]),
    ("/fn/drafts/keep", [IN, IN, IN, IN, IN]),
    ("/fn/drafts/find", [IN, IN, IN, IN, IN]),
    ("/fn/drafts/save", [IN, IN, IN, IN, IN]),
    ("/fn/session/sign_out_everywhere", [IN, IN, IN, IN, IN]),
    ("/fn/session/sign_out", [IN, IN, IN, IN, IN]),
];

pub fn fill(portal: &Portal, life: &Life, text: &str) -> String {
    text.replace("{case}", &portal.case.to_string())
        .replace("{organisation}", &portal.ours.to_string())
        .replace("{product}", &portal.product.to_string())
        .replace("{admin}", &portal.admin.to_string())
        .replace("{chat}", &life.chat.to_string())
        .replace("{file}", &life.file.to_string())
        .replace("{callback}", &life.callback.to_string())
        .replace("{grant}", &life.grant.to_string())
        .replace("{programme}", &life.programme.to_string())
        .replace("{nothing}", &uuid::Uuid::nil().to_string())
}

async fn cookies(portal: &Portal) -> [String; 4] {
    [
        String::new(),
        portal.cookie(portal.stranger).await,
        portal.cookie(portal.user).await,
        portal.cookie(portal.removed).await,
    ]
}

/// Checks that an answer contains nothing that the visitor may not know, and no token, not even the visitor's own: tokens
/// are in cookies only.
fn assert_keeps_secrets(body: &str, cookies: &[String], what: &str) {
    let tokens = cookies.iter().filter_map(|cookie| cookie.split_once('=')).map(|(_, token)| token);
    for secret in SECRETS.into_iter().chain(tokens) {
        assert!(!body.contains(secret), "{what} leaks {secret}");
    }
}

#[tokio::test]
async fn t_a1_every_server_function_is_in_the_table_and_keeps_to_it() {
    let listed: BTreeSet<&str> = FUNCTIONS.iter().map(|row| row.0).collect();
    let there: BTreeSet<&str> = server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    assert_eq!(there, listed, "left: registered; right: in the table of this test");

    let portal = Portal::open().await;
    let life = portal.live().await;
    let cookies = cookies(&portal).await;
    for (path, body, expected) in FUNCTIONS {
        for (cookie, wanted) in cookies.iter().zip(expected) {
            let answer = portal.call(path, &fill(&portal, &life, body), cookie).await;
            assert_eq!(answer.status.as_u16(), *wanted, "{path} as {cookie:.16}: {}", answer.body);
            assert_keeps_secrets(&answer.body, &cookies, path);
        }
    }
}

/// The same functions for the people who work there: each role is admitted exactly where it should be (ASVS 8.2.1, 8.3.1).
#[tokio::test]
async fn t_a1_every_server_function_admits_the_people_who_work_with_it() {
    let listed: BTreeSet<&str> = INSIDERS.iter().map(|row| row.0).collect();
    let there: BTreeSet<&str> = server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    assert_eq!(there, listed, "left: registered; right: in the table of insiders");
    let mut wrong = Vec::new();
    for column in 0..5 {
        // Each role in a portal of its own, so that what one ends still exists for the next.
        let portal = Portal::open().await;
        let life = portal.live().await;
        let person = [portal.admin, portal.agent, life.lead, life.manager, life.operator][column];
        let cookie = portal.cookie(person).await;
        for (path, expected) in INSIDERS {
            let body = FUNCTIONS.iter().find(|row| row.0 == *path).expect("a body").1;
            let answer = portal.call(path, &fill(&portal, &life, body), &cookie).await;
            let (status, wanted) = (answer.status.as_u16(), expected[column]);
            let right = if wanted == IN { matches!(status, 200 | 302 | 409 | 422) } else { status == wanted };
            if !right {
                wrong.push(format!("{path} as number {column} is {status}, not {wanted}: {:.200}", answer.body));
            }
            assert!(!answer.body.contains("$argon2"), "{path}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// ASVS 3.5.3: following an address, prefetching it or using it as an image changes nothing and reveals nothing.
#[tokio::test]
async fn asvs_3_5_3_no_server_function_answers_to_get() {
    let portal = Portal::open().await;
    let life = portal.live().await;
    let cookie = portal.cookie(portal.admin).await;
    for (path, body, _) in FUNCTIONS {
        let answer =
            portal.get(&format!("{path}?{}", fill(&portal, &life, body).replace(['{', '}', '"'], "")), &cookie).await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.body, "", "{path}");
    }
}

#[tokio::test]
async fn t_a1_every_page_is_in_the_table_and_keeps_to_it() {
    let listed: BTreeSet<String> = PAGES.iter().map(|row| row.0.to_owned()).collect();
    let named: BTreeSet<String> = app::PATHS.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(named, listed, "left: pages; right: in the table of this test");
    // axum writes `{id}` where the table of pages writes `:id`.
    let routed: BTreeSet<String> =
        router::PAGES.iter().map(|route| route.path().replace('{', ":").replace('}', "")).collect();
    assert_eq!(routed, listed, "left: what the router knows; right: in the table of this test");

    let portal = Portal::open().await;
    let life = portal.live().await;
    let cookies = cookies(&portal).await;
    for (path, real, expected) in PAGES {
        let path = fill(&portal, &life, if real.is_empty() { path } else { real });
        for (cookie, wanted) in cookies.iter().zip(expected) {
            let answer = portal.get(&path, cookie).await;
            assert_eq!(answer.status.as_u16(), *wanted, "{path} as {cookie:.16}: {:.600}", answer.body);
            assert_keeps_secrets(&answer.body, &cookies, &path);
        }
    }
}

#[tokio::test]
async fn t_a1_every_other_route_is_in_the_table_and_keeps_to_it() {
    let listed: BTreeSet<(&str, &str)> = OTHERS.iter().map(|(method, row)| (*method, row.0)).collect();
    let there: Vec<_> =
        behind_session().into_iter().chain(without_session()).map(|(method, path, _)| (method, path)).collect();
    let there: BTreeSet<(&str, &str)> = there.iter().map(|(method, path)| (method.as_str(), *path)).collect();
    assert_eq!(there, listed, "left: what the router has; right: in the table of this test");

    let portal = Portal::open().await;
    let life = portal.live().await;
    let cookies = cookies(&portal).await;
    let file = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nx\r\n--x--\r\n";
    for (method, (path, real, expected)) in OTHERS {
        let path = fill(&portal, &life, if real.is_empty() { path } else { real });
        for (cookie, wanted) in cookies.iter().zip(expected) {
            let request = Request::builder()
                .method(*method)
                .uri(&path)
                .header(header::COOKIE, cookie)
                .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
                .header(header::ACCEPT, "application/json")
                .header("sec-fetch-site", "same-origin");
            let body = if *method == "POST" { Body::from(file) } else { Body::empty() };
            let answer = portal.begin(request.body(body).expect("a request")).await;
            assert_eq!(answer.status().as_u16(), *wanted, "{method} {path} as {cookie:.16}");
        }
    }
}

/// Invariant 7: an invisible object and a missing one give the same bytes, whatever is asked of them.
#[tokio::test]
async fn out_of_sight_is_not_found_to_the_byte() {
    let portal = Portal::open().await;
    let life = portal.live().await;
    let objects =
        ["{case}", "{chat}", "{callback}", "{programme}", "{organisation}", "{admin}", "{grant}", "{product}"];
    for (who, cookie) in [
        ("another company", portal.cookie(portal.stranger).await),
        ("own cases only", portal.cookie(portal.user).await),
    ] {
        let mut compared = 0;
        for (path, body, _) in FUNCTIONS {
            let of_nothing = objects.iter().fold((*body).to_owned(), |body, object| body.replace(object, "{nothing}"));
            let ends_session = path.starts_with("/fn/session/sign_out");
            let hidden = if *body == of_nothing || ends_session { continue } else { fill(&portal, &life, body) };
            let hidden = portal.call(path, &hidden, &cookie).await;
            if hidden.status != 404 {
                continue;
            }
            let nothing = portal.call(path, &fill(&portal, &life, &of_nothing), &cookie).await;
            assert_eq!((hidden.status, &hidden.body), (nothing.status, &nothing.body), "{path} for {who}");
            compared += 1;
        }
        assert!(compared >= 10, "{who}: {compared}");
        // Asked as a script does, because each rendered page contains its own nonce and cursor.
        let file = async |id: String| {
            let request = Request::get(format!("/files/{id}"))
                .header(header::COOKIE, &cookie)
                .header(header::ACCEPT, "application/json")
                .header("sec-fetch-site", "same-origin");
            portal.send(request.body(Body::empty()).expect("a request")).await
        };
        let (file, nothing) = (file(life.file.to_string()).await, file(uuid::Uuid::nil().to_string()).await);
        assert_eq!((file.status, &file.body), (nothing.status, &nothing.body), "files for {who}");
        assert_eq!(file.status, 404);
        assert!(!file.body.contains(&life.file.to_string()));
    }
}
