//! A5, F13: every route and every server function with its limit, with the default settings. A function that is missing in
//! the tables fails.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use axum::{
    body::Body,
    http::{Request, header},
};
use domain::PersonId;
use server::router::{behind_session, without_session};

use super::{
    access::{FUNCTIONS, fill},
    forms::post,
    portal::{Answer, Life, Portal},
};

/// How often something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// It changes nothing and writes no event, however often it is asked.
    Reads,
    /// Changes of a person: 30 a minute, whatever they are. Tried as this one.
    Writes(Who),
    /// Failed proofs of identity: 5 a minute for an address, 20 for a client.
    Tries,
    /// Requests for links, with or without a session: 5 a minute for an address, 60 for a client.
    Asks,
    /// Allowed once to the holder of the link: the link ends with it, or has a pause of ten minutes.
    Link,
    /// Drafts of forms, which browsers send during typing: 120 a minute, without an event.
    Drafts,
    /// It only takes away from the caller, and is never refused.
    Leaves,
    /// A cookie of the browser; nothing is written.
    Cookie,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Admin,
    Agent,
    Manager,
    Operator,
}

use Limit::{Asks, Cookie, Drafts, Leaves, Link, Reads, Tries, Writes};
use Who::{Admin, Agent, Manager, Operator};

const LIMITS: &[(&str, Limit)] = &[
    ("/fn/session/viewer", Reads),
    ("/fn/session/sign_in", Tries),
    ("/fn/session/forgot", Asks),
    ("/fn/session/reset_state", Reads),
    ("/fn/session/reset", Link),
    ("/fn/session/change_password", Tries),
    ("/fn/session/set_language", Writes(Admin)),
    ("/fn/session/zones", Reads),
    ("/fn/session/set_zone", Writes(Admin)),
    ("/fn/session/note_zone", Writes(Admin)),
    ("/fn/session/set_company", Cookie),
    ("/fn/session/list", Reads),
    ("/fn/session/sign_out_everywhere", Leaves),
    ("/fn/session/sign_out", Leaves),
    ("/fn/cases/list", Reads),
    ("/fn/cases/find", Reads),
    ("/fn/cases/choices", Reads),
    ("/fn/cases/open_case", Writes(Admin)),
    ("/fn/cases/reply", Writes(Admin)),
    ("/fn/cases/note", Writes(Agent)),
    ("/fn/cases/assign", Writes(Agent)),
    ("/fn/cases/close", Writes(Admin)),
    ("/fn/cases/reopen", Writes(Admin)),
    ("/fn/imports/list", Reads),
    ("/fn/imports/find", Reads),
    ("/fn/imports/commit", Writes(Manager)),
    ("/fn/imports/discard", Writes(Manager)),
    ("/fn/rollout/timeline", Reads),
    ("/fn/rollout/programmes", Reads),
    ("/fn/rollout/board", Reads),
    ("/fn/rollout/company", Reads),
    ("/fn/rollout/move_phase", Writes(Manager)),
    ("/fn/rollout/set_back", Writes(Manager)),
    ("/fn/rollout/move_dates", Writes(Manager)),
    ("/fn/rollout/shift", Writes(Manager)),
    ("/fn/rollout/tools", Reads),
    ("/fn/rollout/create_programme", Writes(Manager)),
    ("/fn/rollout/enrol", Writes(Manager)),
    ("/fn/announcements/list", Reads),
    ("/fn/announcements/find", Reads),
    ("/fn/announcements/publish", Writes(Manager)),
    ("/fn/announcements/preview", Reads),
    ("/fn/announcements/images", Reads),
    ("/fn/announcements/plan_mail", Reads),
    ("/fn/announcements/sample_mail", Reads),
    ("/fn/announcements/mail_oneself", Writes(Manager)),
    ("/fn/announcements/stop_mailing", Writes(Manager)),
    ("/fn/announcements/mail_everyone", Writes(Manager)),
    ("/fn/audit/list", Reads),
    ("/fn/audit/last_check", Reads),
    ("/fn/overview/overview", Reads),
    ("/fn/chat/entrance", Reads),
    ("/fn/chat/start", Writes(Admin)),
    ("/fn/chat/view", Reads),
    ("/fn/chat/send", Writes(Admin)),
    ("/fn/chat/end", Writes(Admin)),
    ("/fn/chat/answer", Writes(Agent)),
    ("/fn/chat/list", Reads),
    ("/fn/calls/entrance", Reads),
    ("/fn/calls/request", Writes(Admin)),
    ("/fn/calls/waiting", Reads),
    ("/fn/calls/list", Reads),
    ("/fn/calls/log", Writes(Agent)),
    ("/fn/calls/line_settings", Reads),
    ("/fn/calls/save_line", Writes(Operator)),
    ("/fn/calls/remove_line", Writes(Operator)),
    ("/fn/people/page", Reads),
    ("/fn/people/find", Reads),
    ("/fn/people/adding", Reads),
    ("/fn/people/add", Writes(Admin)),
    ("/fn/people/correct_address", Writes(Admin)),
    ("/fn/people/grant_role", Writes(Admin)),
    ("/fn/people/revoke_role", Writes(Admin)),
    ("/fn/people/remove", Writes(Admin)),
    ("/fn/people/invite_waiting", Writes(Admin)),
    ("/fn/people/resend", Writes(Admin)),
    ("/fn/people/invitation", Reads),
    ("/fn/people/accept", Link),
    ("/fn/people/address_link", Reads),
    ("/fn/people/confirm_address", Link),
    ("/fn/people/renew", Link),
    ("/fn/drafts/keep", Drafts),
    ("/fn/drafts/find", Reads),
    ("/fn/drafts/save", Reads),
    ("/fn/mail/list", Reads),
    ("/fn/mail/retry", Writes(Manager)),
    ("/fn/mail/retry_all", Writes(Manager)),
];

/// Bodies that reach the change, where those of the access table are refused earlier.
const BODIES: &[(&str, &str)] = &[
    (
        "/fn/calls/save_line",
        "form[region]=emea&form[number]=%2B33123456789&form[zone]=Europe/Paris&form[languages]=fr&form[monday]=09:00-17:00",
    ),
    ("/fn/announcements/publish", "file_name=a.fr.md&source=---%0Atitle:%20t%0Adescription:%20d%0A---%0Ax"),
    ("/fn/announcements/mail_everyone", "slug=a&programme={programme}"),
];

/// Routes that are neither pages nor server functions.
const OTHERS: &[(&str, &str, Limit)] = &[
    ("GET", "/live", Reads),
    ("GET", "/files/{id}", Reads),
    ("GET", "/legacy/{*reference}", Reads),
    ("GET", "/imports/{id}/verdicts", Reads),
    ("POST", "/files", Writes(Admin)),
    ("POST", "/imports/upload", Writes(Manager)),
    ("POST", "/publish/images", Writes(Manager)),
    ("GET", "/healthz", Reads),
    ("GET", "/readyz", Reads),
    ("GET", "/favicon.svg", Reads),
    ("GET", "/brand.css", Reads),
    ("GET", "/logo", Reads),
];

fn person(portal: &Portal, life: &Life, who: Who) -> PersonId {
    match who {
        Admin => portal.admin,
        Agent => portal.agent,
        Manager => life.manager,
        Operator => life.operator,
    }
}

fn body(portal: &Portal, life: &Life, path: &str) -> String {
    let own = BODIES.iter().find(|row| row.0 == path).map(|row| row.1);
    let body = own.or_else(|| FUNCTIONS.iter().find(|row| row.0 == path).map(|row| row.1));
    fill(portal, life, body.expect("a body"))
}

/// Writes until the person is refused.
async fn exhaust(portal: &Portal, cookie: &str) -> u32 {
    let mut round = 0;
    loop {
        let language = if round % 2 == 0 { "en" } else { "fr" };
        let answer = portal.call("/fn/session/set_language", &format!("language={language}"), cookie).await;
        if answer.status == 429 {
            return round;
        }
        round += 1;
        assert!(round < 200, "no limit");
    }
}

fn assert_too_many(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 429, "{what}: {}", answer.body);
    let wait = answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait = wait.and_then(|wait| wait.parse::<u32>().ok());
    assert!(wait.is_some_and(|wait| (1..=600).contains(&wait)), "{what}: {wait:?}");
}

#[tokio::test]
async fn every_server_function_and_route_is_in_the_table_of_limits() {
    let listed: BTreeSet<&str> = LIMITS.iter().map(|row| row.0).collect();
    let there: BTreeSet<&str> = server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    assert_eq!(there, listed, "left: registered; right: in the table of limits");
    let listed: BTreeSet<(&str, &str)> = OTHERS.iter().map(|row| (row.0, row.1)).collect();
    let there: Vec<_> =
        behind_session().into_iter().chain(without_session()).map(|(method, path, _)| (method, path)).collect();
    let there: BTreeSet<(&str, &str)> = there.iter().map(|(method, path)| (method.as_str(), *path)).collect();
    assert_eq!(there, listed, "left: what the router has; right: in the table of limits");
}

/// A person who has made thirty changes in a minute cannot make any other, and is told when to try again.
#[tokio::test]
async fn a5_every_change_by_a_person_is_limited() {
    let portal = Portal::open_with_defaults().await;
    let life = portal.live().await;
    let publish = "/fn/announcements/publish";
    let published = portal.call(publish, &body(&portal, &life, publish), &portal.cookie(life.operator).await).await;
    assert_eq!(published.status, 200, "there is something to mail: {}", published.body);
    for (path, limit) in LIMITS {
        let Writes(who) = limit else { continue };
        let cookie = portal.cookie(person(&portal, &life, *who)).await;
        let mut answer = None;
        // On a slow machine, one of the thirty may expire between the two.
        for _ in 0..5 {
            exhaust(&portal, &cookie).await;
            answer = Some(portal.call(path, &body(&portal, &life, path), &cookie).await);
            if answer.as_ref().is_some_and(|answer| answer.status == 429) {
                break;
            }
        }
        assert_too_many(&answer.expect("an answer"), path);
    }
    let file = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nx\r\n--x--\r\n";
    for (path, who) in [("/files", Admin), ("/imports/upload", Manager), ("/publish/images", Manager)] {
        let cookie = portal.cookie(person(&portal, &life, who)).await;
        let mut answer = None;
        for _ in 0..5 {
            exhaust(&portal, &cookie).await;
            let request = Request::post(path)
                .header(header::COOKIE, &cookie)
                .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
                .header(header::ACCEPT, "application/json")
                .header("sec-fetch-site", "same-origin");
            answer = Some(portal.send(request.body(Body::from(file)).expect("a request")).await);
            if answer.as_ref().is_some_and(|answer| answer.status == 429) {
                break;
            }
        }
        assert_too_many(&answer.expect("an answer"), path);
    }
}

/// A function that only reads writes nothing however often it is called, and does not count against the limit of changes.
#[tokio::test]
async fn functions_that_read_write_nothing_and_are_not_refused() {
    let portal = Portal::open_with_defaults().await;
    let life = portal.live().await;
    for who in [Admin, Agent, Manager, Operator] {
        let cookie = portal.cookie(person(&portal, &life, who)).await;
        let before = store::audit::head(&portal.world.services.db).await.expect("the head");
        for (path, _) in LIMITS.iter().filter(|row| matches!(row.1, Reads | Cookie)) {
            for _ in 0..3 {
                let answer = portal.call(path, &body(&portal, &life, path), &cookie).await;
                assert!(answer.status.as_u16() < 429, "{path}: {}", answer.body);
            }
        }
        assert_eq!(store::audit::head(&portal.world.services.db).await.expect("the head"), before, "{who:?}");
    }
}

/// The limits are the documented ones.
#[tokio::test]
async fn the_limits_have_the_documented_defaults() {
    let portal = Portal::open_with_defaults().await;
    let life = portal.live().await;
    let writes = exhaust(&portal, &portal.cookie(portal.admin).await).await;
    assert!((30..=45).contains(&writes), "{writes}");

    // Changes that send a mail: half as many.
    let cookie = portal.cookie(portal.user).await;
    let mut opened = 0;
    let refused = loop {
        let answer = portal.call("/fn/cases/open_case", &body(&portal, &life, "/fn/cases/open_case"), &cookie).await;
        if answer.status != 200 {
            break answer;
        }
        opened += 1;
    };
    assert_too_many(&refused, "opening cases");
    assert!((15..=25).contains(&opened), "{opened}");

    // Failed sign-ins, for one address by one client.
    let tries = "email=ana@example.com&password=wrong";
    for _ in 0..5 {
        assert_eq!(portal.call("/fn/session/sign_in", tries, "").await.status, 422);
    }
    assert_too_many(&portal.call("/fn/session/sign_in", tries, "").await, "signing in");
    let cookie = portal.cookie(portal.agent).await;
    let tries = "old_password=x&password=un+chat+sur+le+mur&password_again=un+chat+sur+le+mur";
    for _ in 0..5 {
        assert_eq!(portal.call("/fn/session/change_password", tries, &cookie).await.status, 422);
    }
    assert_too_many(&portal.call("/fn/session/change_password", tries, &cookie).await, "changing a password");

    // Links, for one address by one client, whether or not the address is known.
    for address in ["ana@example.com", "nobody@example.com"] {
        for _ in 0..5 {
            assert_eq!(portal.call("/fn/session/forgot", &format!("email={address}"), "").await.status, 200);
        }
        assert_too_many(&portal.call("/fn/session/forgot", &format!("email={address}"), "").await, address);
    }
}

/// A person who is over the limit can still sign out.
#[tokio::test]
async fn a_person_over_the_limit_can_sign_out() {
    let portal = Portal::open_with_defaults().await;
    for path in LIMITS.iter().filter(|row| row.1 == Leaves).map(|row| row.0) {
        let cookie = portal.cookie(portal.user).await;
        exhaust(&portal, &cookie).await;
        assert_eq!(portal.call(path, "", &cookie).await.status, 200, "{path}");
        assert_eq!(portal.call("/fn/session/list", "", &cookie).await.status, 401, "{path}");
    }
}

/// Drafts have a limit of their own: they do not count as changes, and do not fill the ledger.
#[tokio::test]
async fn drafts_are_limited_apart_from_changes() {
    let portal = Portal::open_with_defaults().await;
    let cookie = portal.cookie(portal.user).await;
    let before = store::audit::head(&portal.world.services.db).await.expect("the head");
    let draft = "form=/fn/cases/note%23x&fields=text=x";
    let mut kept = 0;
    let refused = loop {
        let answer = portal.call("/fn/drafts/keep", draft, &cookie).await;
        if answer.status != 200 {
            break answer;
        }
        kept += 1;
    };
    assert_too_many(&refused, "drafts");
    assert!((120..=180).contains(&kept), "{kept}");
    assert_eq!(store::audit::head(&portal.world.services.db).await.expect("the head"), before);
    assert_eq!(portal.call("/fn/session/set_language", "language=en", &cookie).await.status, 200);
}

/// C2: sending forms has a limit, with a key or without one, refused or sent along by a button of the frame. What is beyond
/// it becomes no draft either: the answer shows what was typed.
#[tokio::test]
async fn c2_plain_forms_are_limited_and_nothing_is_written_beyond() {
    let portal = Portal::open_with_defaults().await;
    let cookie = portal.cookie(portal.user).await;
    let forms =
        [("/fn/drafts/save", "__of=/fn/cases/reply".to_owned()), ("/fn/cases/reply", format!("id={}", portal.case))];
    let mut taken = 0;
    let refused = loop {
        let (function, body) = &forms[taken % forms.len()];
        let answer = post(&portal, function, &format!("{body}&text=A-WORD{taken}"), "/cases", &cookie).await;
        if !answer.status.is_redirection() {
            break answer;
        }
        taken += 1;
    };
    assert_too_many(&refused, "plain forms");
    assert!((120..=300).contains(&taken), "{taken}");
    assert!(refused.body.contains(&format!("A-WORD{taken}</textarea>")), "{}", refused.body);
    let drafts = service::forms::drafts(&portal.world.services, portal.user).await.expect("drafts");
    assert!(!drafts.is_empty() && drafts.iter().all(|draft| !draft.fields.contains(&format!("A-WORD{taken}"))));
    assert!(post(&portal, "/fn/session/sign_out", "", "/cases", &cookie).await.status.is_redirection());
    assert_eq!(portal.call("/fn/session/list", "", &cookie).await.status, 401, "signing out is never refused");
}

/// F10: what visitors without a session send is noted up to a number for their network, so that a flood writes nothing.
#[tokio::test]
async fn f10_a_flood_of_visitors_forms_is_not_noted() {
    let portal = Portal::open_with_defaults().await;
    let send = async |numbers: std::ops::Range<u32>| {
        let before = portal.world.statements.load(Ordering::Relaxed);
        for number in numbers {
            let body = format!("token=none&password=x&password_again=x&key=random{number}");
            post(&portal, "/fn/session/reset", &body, "/sign-in", "").await;
        }
        portal.world.statements.load(Ordering::Relaxed) - before
    };
    let first = send(0..30).await;
    send(30..70).await;
    let last = send(70..100).await;
    assert!(first >= 60 && last < 30, "{first} statements of the first thirty, {last} of the last");
}
