//! Forms without JavaScript: refused ones come back with their errors and with what was typed, to whom it belongs only.

use axum::{
    body::Body,
    http::{Request, header},
};
use domain::{PersonId, calls::CallbackForm};
use service::calls;

use super::portal::{Answer, Portal};

const ORIGIN: &str = "http://127.0.0.1:3000";

/// Sends a form as a browser without JavaScript does, from a page.
async fn post(portal: &Portal, function: &str, body: &str, page: &str, cookie: &str) -> Answer {
    let request = Request::post(function)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "text/html")
        .header(header::REFERER, format!("{ORIGIN}{page}"))
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body.to_owned()))
        .expect("a request");
    portal.send(request).await
}

/// Where an answer leads, and the cookie of the draft it sets.
fn refused(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 302);
    let to = answer.headers[header::LOCATION].to_str().expect("text").replace(ORIGIN, "");
    let set = answer.headers[header::SET_COOKIE].to_str().expect("text");
    (to, set.split(';').next().expect("a cookie").to_owned())
}

fn new_case(portal: &Portal) -> String {
    format!(
        "form[organisation]={}&form[product]=&form[title]=Un+titre&form[description]=Une+description&form[priority]=p2",
        portal.ours
    )
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_typed() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.user).await;
    let (to, draft) = refused(&post(&portal, "/fn/cases/open_case", &new_case(&portal), "/cases/new", &cookie).await);
    assert!(to.starts_with("/cases/new?"), "{to}");
    let page = portal.get(&to, &format!("{cookie}; {draft}")).await;
    assert!(page.body.contains("value=\"Un titre\""), "the title is lost");
    assert!(page.body.contains("Une description</textarea>"), "the description is lost");
    assert!(page.body.contains("aria-invalid=\"true\""), "the error is not said");
    let choice = |value: &str| {
        let input =
            page.body.split("<input").find(|input| input.contains(&format!("value=\"{value}\""))).expect("a choice");
        input.split('>').next().is_some_and(|tag| tag.contains(" checked"))
    };
    assert_eq!(["p1", "p2", "p3", "p4"].map(choice), [false, true, false, false], "the choice is lost");
}

/// A draft is for its session, its page and its form; it goes when the form is sent and when the session ends.
#[tokio::test]
async fn a_draft_is_shown_to_its_owner_on_its_page_only() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.user).await;
    let (to, draft) = refused(&post(&portal, "/fn/cases/open_case", &new_case(&portal), "/cases/new", &cookie).await);
    let shown = async |path: &str, cookie: &str| portal.get(path, cookie).await.body.contains("Un titre");
    let own = format!("{cookie}; {draft}");
    assert!(shown(&to, &own).await);
    assert!(!shown("/cases/new", &own).await, "without the refusal there is nothing to mend");
    assert!(!shown(&to, &format!("{}; {draft}", portal.cookie(portal.admin).await)).await, "somebody else");
    assert!(!shown(&to.replace("open_case", "reply"), &own).await, "another form");

    let good = new_case(&portal).replace("form[product]=", &format!("form[product]={}", portal.product));
    let sent = post(&portal, "/fn/cases/open_case", &good, "/cases/new", &own).await;
    let set = sent.headers[header::SET_COOKIE].to_str().expect("text");
    assert!(set.starts_with("draft=;") && set.contains("Max-Age=0"), "{set}");
    assert!(!shown(&to, &own).await, "it was sent");

    let (to, draft) = refused(&post(&portal, "/fn/cases/open_case", &new_case(&portal), "/cases/new", &cookie).await);
    let own = format!("{cookie}; {draft}");
    post(&portal, "/fn/session/set_language", "language=fr", "/cases/new", &own).await;
    assert!(shown(&to, &own).await, "another form changes nothing");
    let out = post(&portal, "/fn/session/sign_out", "", "/cases/new", &own).await;
    assert!(out.headers.get_all(header::SET_COOKIE).iter().any(|set| set.as_bytes().starts_with(b"draft=;")));
}

/// A long reply is more than a URI can be.
#[tokio::test]
async fn a_long_reply_comes_back_whole() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let text = "0123456789".repeat(20_000);
    let body = format!("id={}&text={text}", portal.case);
    let page = format!("/cases/{}", portal.case);
    let (to, draft) = refused(&post(&portal, "/fn/cases/reply", &body, &page, &cookie).await);
    let page = portal.get(&to, &format!("{cookie}; {draft}")).await;
    assert!(page.body.contains(&format!("{text}</textarea>")), "the reply is lost");
}

/// Of several forms that call the same function, the refused one says so; its fold is open.
#[tokio::test]
async fn the_refused_one_of_several_forms_shows_its_error() {
    let portal = Portal::open().await;
    let agent: PersonId = portal.agent;
    let customer = portal.world.context(portal.admin).await;
    let mut ids = Vec::new();
    for topic in ["one", "two"] {
        let form = CallbackForm {
            organisation: portal.ours.to_string(),
            phone: "+33123456789".into(),
            topic: topic.into(),
            ..Default::default()
        };
        calls::request(&customer, &form, "").await.expect("asked");
    }
    for call in calls::list_open(&portal.world.context(agent).await).await.expect("calls") {
        ids.push(call.id.to_string());
    }
    let cookie = portal.cookie(agent).await;
    let body = format!("id={}&outcome=reached&note=", ids[1]);
    let (to, draft) = refused(&post(&portal, "/fn/calls/log", &body, "/desk/calls", &cookie).await);
    let page = portal.get(&to, &format!("{cookie}; {draft}")).await.body;
    for id in &ids {
        assert_eq!(page.matches(&format!("id=\"calls-log-{id}-note\"")).count(), 1, "an id is there once");
    }
    let open: Vec<_> = page
        .split("<details")
        .skip(1)
        .filter(|fold| fold.split('>').next().is_some_and(|tag| tag.contains("note-box") && tag.contains(" open")))
        .collect();
    assert_eq!(open.len(), 1, "one of the two is open");
    assert!(open[0].split("</details>").next().is_some_and(|fold| fold.contains(&ids[1])), "the refused one");
}

/// A file that is refused without JavaScript says so where it can be seen.
#[tokio::test]
async fn a_refused_file_is_said_outside_what_needs_a_script() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let body = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.exe\"\r\n\r\nMZ\r\n--x--\r\n";
    let request = Request::post(format!("/files?case={}", portal.case))
        .header(header::COOKIE, &cookie)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body))
        .expect("a request");
    let answer = portal.send(request).await;
    let to = answer.headers[header::LOCATION].to_str().expect("text").to_owned();
    let page = portal.get(&to, &cookie).await.body;
    let script_only = page.split("class=\"field needs-script\"").nth(1).expect("the files of the reply");
    let (inside, after) = script_only.split_once("</div>").expect("its end");
    assert!(!inside.contains("programmes)"), "hidden without JavaScript");
    assert!(after.contains("programmes)"), "the error is not said");
}
