//! Forms: each works once; a refused one comes back with its errors and with what was typed, to its author only.

use axum::{
    body::Body,
    http::{Request, header},
};
use domain::{
    PersonId,
    access::Role,
    calls::CallbackForm,
    people::{PersonForm, RoleForm},
};
use jiff::SignedDuration;
use service::calls;

use super::portal::{Answer, Portal, part};

const ORIGIN: &str = "http://127.0.0.1:3000";

/// Sends a form as a browser without JavaScript does, from a page.
pub async fn post(portal: &Portal, function: &str, body: &str, page: &str, cookie: &str) -> Answer {
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

/// Returns where an answer leads.
fn location(answer: &Answer) -> String {
    assert!(answer.status.is_redirection(), "{}: {:.300}", answer.status, answer.body);
    answer.headers[header::LOCATION].to_str().expect("text").replace(ORIGIN, "")
}

fn refused(answer: &Answer) -> String {
    let to = location(answer);
    assert!(to.contains("__err="), "it was taken: {to}");
    to
}

fn new_case(portal: &Portal) -> String {
    format!(
        "form[organisation]={}&form[product]=&form[title]=Un+titre&form[description]=Une+description&form[priority]=p2",
        portal.ours
    )
}

fn good_case(portal: &Portal) -> String {
    new_case(portal).replace("form[product]=", &format!("form[product]={}", portal.product))
}

/// Returns the key of this function's form on a page.
fn key(page: &str, function: &str) -> String {
    let form = page.split("<form").find(|form| form.contains(&format!("action=\"{function}\""))).expect("the form");
    let input = form.split("<input").find(|input| input.contains("name=\"key\"")).expect("a key");
    let (_, rest) = input.split_once("value=\"").expect("a value");
    rest.split('"').next().expect("its end").to_owned()
}

async fn key_on(portal: &Portal, path: &str, function: &str, cookie: &str) -> String {
    key(&portal.get(path, cookie).await.body, function)
}

/// Counts the visible cases of the company with this title.
async fn cases_called(portal: &Portal, title: &str) -> usize {
    let context = portal.world.context(portal.admin).await;
    let all = service::cases::list(&context, &Default::default()).await.expect("cases");
    all.rows.iter().filter(|row| row.title == title).count()
}

/// Returns a cookie as the browser sends it back.
fn cookie_set(answer: &Answer, name: &str) -> String {
    let mut set = answer.headers.get_all(header::SET_COOKIE).iter().rev().filter_map(|set| set.to_str().ok());
    let set = set.find(|set| set.starts_with(&format!("{name}="))).expect("a cookie");
    set.split(';').next().expect("its value").to_owned()
}

async fn entries(portal: &Portal, text: &str) -> usize {
    let context = portal.world.context(portal.admin).await;
    let case = service::cases::detail(&context, portal.case).await.expect("the case");
    format!("{:?}", case.stream).matches(text).count()
}

/// Returns the token of the link in the mail to a person who has just been added.
async fn invitation(portal: &Portal) -> String {
    let form = PersonForm {
        organisation: portal.ours.to_string(),
        name: "Zoe".into(),
        email: "zoe@neuf.example".into(),
        locale: "fr".into(),
        role: RoleForm { role: Role::SupportUser.key().into(), ..Default::default() },
        ..Default::default()
    };
    service::people::add(&portal.world.context(portal.admin).await, &form).await.expect("added");
    let mails = portal.world.mails().await;
    let mail = mails.iter().find(|mail| mail.to == "zoe@neuf.example").expect("a mail");
    let (_, rest) = mail.text.split_once("/invitation/").expect("a link");
    rest.split_whitespace().next().expect("a token").to_owned()
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_typed() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.user).await;
    let to = refused(&post(&portal, "/fn/cases/open_case", &new_case(&portal), "/cases/new", &cookie).await);
    assert!(to.starts_with("/cases/new?"), "{to}");
    let page = portal.get(&to, &cookie).await;
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

/// T09: a draft stays until its form is accepted, for its person and its form only.
#[tokio::test]
async fn t09_a_draft_stays_for_its_person_until_it_is_accepted() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.user).await;
    refused(&post(&portal, "/fn/cases/open_case", &new_case(&portal), "/cases/new", &cookie).await);
    let shown = async |path: &str, cookie: &str| portal.get(path, cookie).await.body.contains("Un titre");
    assert!(shown("/cases/new", &cookie).await);
    let other = portal.cookie(portal.admin).await;
    assert!(!shown("/cases/new", &other).await, "another person");
    assert!(!shown("/cases", &cookie).await, "another page");
    post(&portal, "/fn/session/set_language", "language=fr", "/cases/new", &cookie).await;
    assert!(shown("/cases/new", &cookie).await, "another form changes nothing");
    post(&portal, "/fn/session/sign_out", "", "/cases/new", &cookie).await;
    let again = portal.cookie(portal.user).await;
    assert!(shown("/cases/new", &again).await, "the session ended, the text did not");

    location(&post(&portal, "/fn/cases/open_case", &good_case(&portal), "/cases/new", &again).await);
    assert!(!shown("/cases/new", &again).await, "it was sent");
}

/// T09 without JavaScript: the buttons of the frame send along what is typed, and it is a draft.
#[tokio::test]
async fn t09_a_button_of_the_frame_keeps_what_is_typed_without_javascript() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let shown = portal.get("/cases/new", &cookie).await.body;
    assert!(shown.contains("id=\"written\"") && shown.contains("form=\"written\""), "the button belongs to the form");
    for page in [&shown, &portal.get("/forgot", "").await.body] {
        let first = page.split("<button").find(|button| button.contains("form=\"written\"")).expect("a button");
        let tag = first.split('>').next().expect("its end");
        assert!(!tag.contains("formaction") && tag.contains("tabindex=\"-1\""), "Enter presses the first one: {tag}");
    }
    let made = key(&shown, "/fn/cases/open_case");
    let form = format!("{}&__of=/fn/cases/open_case&__once=600&key={made}", new_case(&portal));
    for button in ["/fn/session/set_language", "/fn/drafts/save", "/fn/session/sign_out"] {
        let cookie = portal.cookie(portal.admin).await;
        portal.call("/fn/drafts/keep", "form=/fn/cases/open_case%23", &cookie).await;
        let answer = post(&portal, button, &format!("{form}&language=en"), "/cases/new", &cookie).await;
        assert!(!location(&answer).contains("__err"), "{button}: {}", location(&answer));
        let later = portal.cookie(portal.admin).await;
        assert!(portal.get("/cases/new", &later).await.body.contains("value=\"Un titre\""), "{button}: lost");
        assert_eq!(cases_called(&portal, "Un titre").await, 0, "{button}: sent");
    }
    let answer = post(&portal, "/fn/drafts/save", &form, "/cases/new", &cookie).await;
    assert_eq!(location(&answer), "/cases/new?done=kept");
    let just_done = format!("{cookie}; {}", cookie_set(&answer, "done"));
    let page = portal.get(&location(&answer), &just_done).await.body;
    assert!(page.contains("is kept as a draft") || page.contains("gardée comme brouillon"), "it is not said");

    // A form that shows no drafts by itself is named in the address; what was typed is not in it.
    let page = format!("/people/new?company={}", portal.ours);
    let made = key_on(&portal, &page, "/fn/people/add", &cookie).await;
    let body = format!("language=en&form[name]=Zoe+Half&__of=/fn/people/add&key={made}");
    let to = location(&post(&portal, "/fn/session/set_language", &body, &page, &cookie).await);
    assert!(to.starts_with(&page) && !to.contains("Zoe"), "{to}");
    assert!(portal.get(&to, &cookie).await.body.contains("value=\"Zoe Half\""));

    let body = format!("language=fr&form[name]=&form[organisation]={}&__of=/fn/people/add&key={made}", portal.ours);
    let to = location(&post(&portal, "/fn/session/set_language", &body, &page, &cookie).await);
    assert_eq!(to, page, "nothing typed is no draft");
    let body = format!("form[title]=+&__of=/fn/cases/open_case&__once=600&key={made}");
    let answer = post(&portal, "/fn/drafts/save", &body, "/cases/new", &cookie).await;
    let set = answer.headers.get_all(header::SET_COOKIE);
    assert!(set.iter().all(|set| !set.as_bytes().starts_with(b"done=")), "and is not said to be kept");

    // A visitor without a session; passwords go nowhere.
    let body = "language=en&email=me%40visitor.example&password=SECRET-WORD&__of=/fn/session/forgot&key=k";
    let answer = post(&portal, "/fn/session/set_language", body, "/forgot", "").await;
    let kept = cookie_set(&answer, "draft");
    assert!(!kept.contains("SECRET") && !location(&answer).contains("visitor"));
    assert!(portal.get(&location(&answer), &kept).await.body.contains("value=\"me@visitor.example\""));

    // T34: not under the session of another person, nor for that person.
    let theirs = portal.cookie(portal.user).await;
    refused(&post(&portal, "/fn/session/sign_out", &form, "/cases/new", &theirs).await);
    assert!(!portal.get("/cases/new", &theirs).await.body.contains("Un titre"));
}

/// A form larger than any is: why, in both languages, not an empty answer.
#[tokio::test]
async fn a_form_that_is_too_long_is_answered_with_a_page() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let body = format!("id={}&text={}", portal.case, "x".repeat(1_100_000));
    let answer = post(&portal, "/fn/cases/reply", &body, &format!("/cases/{}", portal.case), &cookie).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("trop long") && answer.body.contains("too long"), "{:.300}", answer.body);
    assert_eq!(portal.call("/fn/cases/reply", &body, &cookie).await.status, 413);
}

/// T27: what was searched for stands in the box as it was typed, on every page.
#[tokio::test]
async fn t27_a_search_comes_back_letter_for_letter() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let company = format!("/people?company={}&find=", portal.ours);
    for path in ["/cases?search=", "/announcements?search=", company.as_str()] {
        let page = portal.get(&format!("{path}100%25+%2B+a%2526b"), &cookie).await.body;
        assert!(page.contains("value=\"100% + a%26b\""), "{path}");
    }
}

/// T09: a draft from the browser is on the next page, and is deleted when it is empty.
#[tokio::test]
async fn t09_a_draft_of_the_browser_is_on_the_next_page() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let form = format!("form=/fn/cases/reply%23{}", portal.case);
    let page = format!("/cases/{}", portal.case);
    let kept = portal.call("/fn/drafts/keep", &format!("{form}&fields=text%3Dhalf+a%2Bword"), &cookie).await;
    assert_eq!(kept.status, 200);
    assert!(portal.get(&page, &cookie).await.body.contains("half a word</textarea>"));
    assert_eq!(portal.call("/fn/drafts/find", &form, &cookie).await.body, "\"text=half a+word\"");
    portal.call("/fn/drafts/keep", &form, &cookie).await;
    assert!(!portal.get(&page, &cookie).await.body.contains("half a word"));
    let large = format!("{form}&fields={}", "x".repeat(600_000));
    assert_eq!(portal.call("/fn/drafts/keep", &large, &cookie).await.status, 422);
    assert_eq!(portal.call("/fn/drafts/keep", "form=nothing&fields=x", &cookie).await.status, 422);
}

/// T09: when a session ends while a form is being filled in, nothing is lost; after signing in the text is there.
#[tokio::test]
async fn t09_a_form_sent_after_the_session_ended_is_kept_for_its_person() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.user).await;
    let key = key_on(&portal, "/cases/new", "/fn/cases/open_case", &cookie).await;
    let body = format!("{}&key={key}", good_case(&portal));
    let to = refused(&post(&portal, "/fn/cases/open_case", &body, "/cases/new", "").await);
    assert_eq!(portal.get(&to, "").await.status, 303, "to sign in");
    let other = portal.cookie(portal.admin).await;
    assert!(!portal.get(&to, &other).await.body.contains("Un titre"), "another person signs in");
    let again = portal.cookie(portal.user).await;
    assert!(portal.get(&to, &again).await.body.contains("value=\"Un titre\""));
}

/// T34: a tab of one person with the session of another.
#[tokio::test]
async fn t34_a_form_made_for_another_person_is_refused_and_kept() {
    let portal = Portal::open().await;
    let (mine, theirs) = (portal.cookie(portal.admin).await, portal.cookie(portal.user).await);
    let key = key_on(&portal, "/cases/new", "/fn/cases/open_case", &mine).await;
    let body = format!("{}&key={key}", good_case(&portal));
    assert_eq!(portal.call("/fn/cases/open_case", &body, &theirs).await.status, 409);
    let to = refused(&post(&portal, "/fn/cases/open_case", &body, "/cases/new", &theirs).await);
    assert_eq!(cases_called(&portal, "Un titre").await, 0);
    assert!(!portal.get(&to, &theirs).await.body.contains("Un titre"), "shown to the other person");
    assert!(portal.get("/cases/new", &mine).await.body.contains("Un titre"), "lost for the first");
    let forged = format!("{}&key=x.{}", good_case(&portal), key.split_once('.').expect("a mark").1.replace('.', "A."));
    assert_eq!(portal.call("/fn/cases/open_case", &forged, &theirs).await.status, 200, "no proof, no person");
}

/// B36, T12: a form works once, however often and quickly it is sent.
#[tokio::test]
async fn b36_a_form_works_once_and_every_sending_ends_on_the_same_page() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.user).await;
    let key = key_on(&portal, "/cases/new", "/fn/cases/open_case", &cookie).await;
    assert!(key.len() <= 64 && key.len() > 20, "{key}");
    let body = format!("{}&key={key}", good_case(&portal));
    let send = || post(&portal, "/fn/cases/open_case", &body, "/cases/new", &cookie);
    let (one, two, three) = tokio::join!(send(), send(), send());
    let first = location(&one);
    assert!(first.starts_with("/cases/0"), "{first}");
    assert_eq!(
        [location(&two), location(&three), location(&send().await)],
        [first.clone(), first.clone(), first.clone()]
    );
    let script = portal.call("/fn/cases/open_case", &body, &cookie).await;
    assert_eq!((script.status.as_u16(), script.body.as_str()), (200, "null"));
    assert_eq!(script.headers[header::LOCATION], first.as_str());
    assert!(script.headers.contains_key("serverfnredirect"));
    assert_eq!(cases_called(&portal, "Un titre").await, 1);

    // Back and send again: the page behind "back" has another key.
    let other = key_on(&portal, "/cases/new", "/fn/cases/open_case", &cookie).await;
    assert_ne!(other, key);
    let again = format!("{}&__once=600&key={other}", good_case(&portal));
    let to = location(&post(&portal, "/fn/cases/open_case", &again, "/cases/new", &cookie).await);
    let third = key_on(&portal, "/cases/new", "/fn/cases/open_case", &cookie).await;
    let again = again.replace(&other, &third);
    let same = post(&portal, "/fn/cases/open_case", &again, "/cases/new", &cookie).await;
    assert_eq!(location(&same), format!("{to}?done=before"));
    // The page says so, once.
    let said = |page: &str| page.contains("exactly this a moment ago") || page.contains("d’envoyer exactement cela");
    let just_done = format!("{cookie}; {}", cookie_set(&same, "done"));
    assert!(said(&portal.get(&location(&same), &just_done).await.body));
    assert!(!said(&portal.get(&to, &cookie).await.body));
    assert_eq!(cases_called(&portal, "Un titre").await, 2, "the first form did not ask for it");

    // Another text is another act, whatever the key.
    let longer = body.replace("Un+titre", "Un+autre");
    assert_ne!(location(&post(&portal, "/fn/cases/open_case", &longer, "/cases/new", &cookie).await), first);
    assert_eq!(cases_called(&portal, "Un autre").await, 1);
}

/// B36: the browser gives up its first sending at any moment, as at a double click; the second one ends where it would have.
#[tokio::test]
async fn b36_a_sending_that_is_given_up_does_not_hold_up_the_next() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let page = format!("/cases/{}", portal.case);
    for polls in 0..30 {
        let body = format!("id={}&text=GIVEN-UP-{polls}-&key=given-up-{polls}", portal.case);
        let mut first = Box::pin(post(&portal, "/fn/cases/reply", &body, &page, &cookie));
        for _ in 0..polls {
            if futures::poll!(first.as_mut()).is_ready() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        drop(first);
        let to = location(&post(&portal, "/fn/cases/reply", &body, &page, &cookie).await);
        assert!(!to.contains("__err"), "given up after {polls}: {to}");
        assert_eq!(entries(&portal, &format!("GIVEN-UP-{polls}-")).await, 1);
    }
}

/// B36 without JavaScript: the page behind "back" shows the message, and sending it again immediately is the same message; a
/// word that is said twice later appears twice.
#[tokio::test]
async fn b36_back_and_send_again_in_a_chat_is_one_message() {
    let portal = Portal::open().await;
    let chat = portal.live().await.chat;
    let cookie = portal.cookie(portal.admin).await;
    let page = format!("/chat/{chat}");
    let send = async || {
        let shown = portal.get(&page, &cookie).await.body;
        assert!(shown.contains("name=\"__once\" value=\"15\""), "the form says for how long");
        let body = format!("id={chat}&__about={chat}&__once=15&text=OK-AGAIN&key={}", key(&shown, "/fn/chat/send"));
        assert!(location(&post(&portal, "/fn/chat/send", &body, &page, &cookie).await).starts_with(&page));
        portal.get(&page, &cookie).await.body.matches("OK-AGAIN").count()
    };
    let once = send().await;
    assert!(once > 0, "not written");
    assert_eq!(send().await, once, "written twice");
    portal.world.clock.advance(SignedDuration::from_secs(16));
    assert_eq!(send().await, 2 * once, "a word that is said twice was swallowed");
}

/// Sends a form with files as a browser does; for `parts` see [`part`].
async fn post_files(portal: &Portal, path: &str, parts: &[(&str, Option<&str>, &str)], cookie: &str) -> Answer {
    let parts: Vec<String> = parts.iter().map(|(field, file, bytes)| part(field, *file, bytes)).collect();
    portal.post_parts(path, &parts, "text/html", cookie).await
}

/// B36: forms with files work once too.
#[tokio::test]
async fn b36_files_that_are_sent_twice_are_one_entry() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let (page, path) = (format!("/cases/{}", portal.case), format!("/files?case={}", portal.case));
    let made = key_on(&portal, &page, &path, &cookie).await;
    let send = async |key: &str, bytes: &str| {
        let parts = [("key", None, key), ("file", Some("journal.txt"), bytes)];
        let answer = post_files(&portal, &path, &parts, &cookie).await;
        assert!(location(&answer).starts_with(&page));
        location(&answer)
    };
    tokio::join!(send(&made, "line one"), send(&made, "line one"));
    send(&made, "line one").await;
    let count = async || {
        let case =
            service::cases::detail(&portal.world.context(portal.admin).await, portal.case).await.expect("visible");
        format!("{:?}", case.stream).matches("body: \"journal.txt\"").count()
    };
    assert_eq!(count().await, 1);
    let after_back = key_on(&portal, &page, &path, &cookie).await;
    assert_eq!(send(&after_back, "line one").await, format!("{page}?done=before"));
    assert_eq!(count().await, 1, "back and send again");
    send(&made, "line two").await;
    assert_eq!(count().await, 2, "other bytes are another act");

    // T34, C2
    let theirs = portal.cookie(portal.agent).await;
    let before = count().await;
    for (cookie, key) in [(&theirs, made.clone()), (&cookie, "k".repeat(100))] {
        let parts = [("key", None, key.as_str()), ("file", Some("journal.txt"), "line three")];
        refused(&post_files(&portal, &path, &parts, cookie).await);
    }
    assert_eq!(count().await, before);
}

/// B36
#[tokio::test]
async fn b36_an_import_that_is_sent_twice_is_one_import() {
    let portal = Portal::open().await;
    let life = portal.live().await;
    let cookie = portal.cookie(life.manager).await;
    let made = key_on(&portal, "/imports", "/imports/upload", &cookie).await;
    let line = r#"{"type":"organisation","id":"B-1","name":"Une fois"}"#;
    let send = async |key: &str| {
        let parts = [("key", None, key), ("records", Some("once.jsonl"), line)];
        location(&post_files(&portal, "/imports/upload", &parts, &cookie).await)
    };
    let (one, two) = tokio::join!(send(&made), send(&made));
    assert!(one.starts_with("/imports/0"), "{one}");
    assert_eq!(one, two);
    let kept = service::imports::list(&portal.world.context(life.manager).await).await.expect("a list");
    assert_eq!(kept.len(), 1);
    let later = key_on(&portal, "/imports", "/imports/upload", &cookie).await;
    assert_ne!(send(&later).await, one, "asked for again");

    // Discarded, and sent again from the page behind "back".
    let id = one.trim_start_matches("/imports/");
    assert_eq!(portal.call("/fn/imports/discard", &format!("id={id}"), &cookie).await.status, 200);
    let anew = send(&made).await;
    assert_ne!(anew, one, "led to what is gone");
    assert_eq!(portal.get(&anew, &cookie).await.status, 200);

    // T34: a tab of another person hears why, as a page and in the reader's language.
    let theirs = portal.cookie(portal.world.vendor("Mo Manager", Role::ProgrammeManager).await).await;
    let parts = [("key", None, made.as_str()), ("records", Some("once.jsonl"), line)];
    let to = refused(&post_files(&portal, "/imports/upload", &parts, &theirs).await);
    let page = portal.get(&to, &format!("{theirs}; language=fr")).await.body;
    assert!(page.contains("Une autre personne"), "{page:.600}");
}

/// T11, B36: a form outside of the two components that carry a key would have none.
#[test]
fn every_form_that_writes_has_a_key() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/src")];
    let mut forms = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            for form in text
                .split("<form")
                .skip(1)
                .filter(|form| form.split('>').next().is_some_and(|tag| tag.contains("method=\"post\"")))
            {
                forms += 1;
                assert!(form.contains("<FormKey />"), "{}: {:.120}", path.display(), form);
            }
        }
    }
    assert_eq!(forms, 4, "the two components' one, and three with files");
}

/// A5: noting a form is a write, so forms are counted before they are noted, including refused ones.
#[tokio::test]
async fn a5_a_flood_of_refused_forms_ends() {
    let portal = Portal::open_with_defaults().await;
    let cookie = portal.cookie(portal.admin).await;
    let mut last = 200;
    for number in 0..1_000 {
        let body = format!("id={}&text=&key=key-{number}", portal.case);
        last = portal.call("/fn/cases/reply", &body, &cookie).await.status.as_u16();
        if last == 429 {
            break;
        }
        assert_eq!(last, 422);
    }
    assert_eq!(last, 429, "a form that is refused counts too");
}

/// F19g: the key of one form, used with another form of the same person.
#[tokio::test]
async fn f19g_a_key_belongs_to_its_function() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let reply = format!("id={}&text=THE-REPLY&key=same", portal.case);
    assert_eq!(portal.call("/fn/cases/reply", &reply, &cookie).await.status, 200);
    let open = format!("{}&key=same", good_case(&portal));
    let to = location(&post(&portal, "/fn/cases/open_case", &open, "/cases/new", &cookie).await);
    assert_eq!(cases_called(&portal, "Un titre").await, 1);
    assert_eq!(portal.get(&to, &cookie).await.status, 200);
    portal.call("/fn/cases/reply", &reply, &cookie).await;
    assert_eq!(entries(&portal, "THE-REPLY").await, 1);
}

/// C2
#[tokio::test]
async fn c2_a_long_key_is_refused() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let body = format!("id={}&text=x&key={}", portal.case, "k".repeat(4096));
    assert_eq!(portal.call("/fn/cases/reply", &body, &cookie).await.status, 422);
    let body = format!("id={}&text=LAST-KEY&key={}", portal.case, "k".repeat(64));
    assert_eq!(portal.call("/fn/cases/reply", &body, &cookie).await.status, 200);
}

/// A refused form can be corrected and sent with the same key; so can one that was never answered.
#[tokio::test]
async fn a_key_is_not_used_up_by_a_refusal() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let body = |text: &str| format!("id={}&text={text}&key=once", portal.case);
    assert_eq!(portal.call("/fn/cases/reply", &body(""), &cookie).await.status, 422);
    assert_eq!(portal.call("/fn/cases/reply", &body(""), &cookie).await.status, 422);
    assert_eq!(portal.call("/fn/cases/reply", &body("MENDED"), &cookie).await.status, 200);
    assert_eq!(entries(&portal, "MENDED").await, 1);
}

/// A link can carry the code of a failure that never happened; a real refusal of the form on its page still shows, and keeps
/// what was typed.
#[tokio::test]
async fn a_failure_in_a_link_hides_no_refusal() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let page = format!("/people/new?company={}&__err=bm90aGluZw==&__path=x", portal.ours);
    let key = key_on(&portal, &page, "/fn/people/add", &cookie).await;
    let body = format!("form[organisation]={}&form[name]=KEPT&form[email]=none&form[role]=x&key={key}", portal.ours);
    let answer = post(&portal, "/fn/people/add", &body, &page, &cookie).await;
    assert_eq!(location(&answer).matches("__err=").count(), 1, "{}", location(&answer));
    let shown = portal.get(&location(&answer), &cookie).await;
    assert!(shown.body.contains("value=\"KEPT\""), "what was typed is there");
}

/// T11: done and reported, however often the button is pressed.
#[tokio::test]
async fn t11_a_double_click_on_a_plain_form_ends_as_the_first_click() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let page = format!("/people/new?company={}", portal.ours);
    let key = key_on(&portal, &page, "/fn/people/add", &cookie).await;
    let body = format!(
        "form[organisation]={}&form[name]=Zoe+Neuf&form[email]=zoe@neuf.example&form[locale]=fr&form[role]=support_user&\
         form[reach]=own&form[products][]={}&key={key}",
        portal.ours, portal.product
    );
    let send = || post(&portal, "/fn/people/add", &body, &page, &cookie);
    let (one, two) = tokio::join!(send(), send());
    assert!(location(&one).contains("done=added"), "{}", location(&one));
    assert_eq!(location(&one), location(&two));
    // T30: it is reported once.
    let set = two.headers.get_all(header::SET_COOKIE).iter().find(|set| set.as_bytes().starts_with(b"done=1"));
    let just_done =
        format!("{cookie}; {}", set.expect("a cookie").to_str().expect("text").split(';').next().expect("it"));
    let said = portal.get(&location(&one), &just_done).await;
    assert_eq!(said.status, 200);
    assert!(said.headers.get_all(header::SET_COOKIE).iter().any(|set| set.as_bytes().starts_with(b"done=;")));
    let later = portal.get(&location(&one), &cookie).await;
    assert!(!location(&later).contains("done="), "said again at reload");
}

/// T11: the second sending of an acceptance signs in as the first did; with another password it says what happened.
#[tokio::test]
async fn t11_accepting_twice_signs_in_twice() {
    let portal = Portal::open().await;
    let token = invitation(&portal).await;
    let body = |password: &str| format!("token={token}&name=Zoe&password={password}&password_again={password}&key=k");
    let page = format!("/invitation/{token}");
    let send = |password: &str| {
        let body = body(password);
        let (portal, page) = (&portal, &page);
        async move { post(portal, "/fn/people/accept", &body, page, "").await }
    };
    let (one, two) = tokio::join!(send("un+phare+dans+la+brume"), send("un+phare+dans+la+brume"));
    for answer in [one, two] {
        assert_eq!(location(&answer), "/");
        let cookies: Vec<_> = answer.headers.get_all(header::SET_COOKIE).iter().collect();
        assert!(cookies.iter().any(|set| set.as_bytes().starts_with(b"guichet=")), "not signed in");
    }
    assert!(refused(&send("un+autre+mot+de+passe").await).starts_with(&page));
}

/// T11
#[tokio::test]
async fn t11_signing_out_twice_ends_on_the_sign_in_page() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    for _ in 0..2 {
        assert_eq!(location(&post(&portal, "/fn/session/sign_out", "", "/cases", &cookie).await), "/sign-in");
    }
}

/// T01: the form is gone from the page, but the reason and the text are shown.
#[tokio::test]
async fn t01_a_refused_reply_to_a_closed_case_is_explained_and_shown() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let page = format!("/cases/{}", portal.case);
    let key = key_on(&portal, &page, "/fn/cases/reply", &cookie).await;
    let closed = portal.call("/fn/cases/close", &format!("id={}&reason=confirmed", portal.case), &cookie).await;
    assert_eq!(closed.status, 200);
    let text = "My+long+answer+%3C%2Ftextarea%3E%3Cb+id%3Dx%3E";
    let body = format!("id={}&__about={0}&text={text}&key={key}", portal.case);
    let to = refused(&post(&portal, "/fn/cases/reply", &body, &page, &cookie).await);
    let shown = portal.get(&to, &cookie).await.body;
    assert!(shown.contains("My long answer &lt;/textarea>&lt;b id=x>"), "the text is lost or markup");
    assert!(shown.contains("class=\"refused\""), "no reason");
    assert!(!shown.contains("<b id=x"));

    let reopened = portal.call("/fn/cases/reply", &format!("{body}&reopen=true"), &cookie).await;
    assert_eq!(reopened.status, 200, "{}", reopened.body);
    assert_eq!(entries(&portal, "My long answer").await, 1);
    let context = portal.world.context(portal.admin).await;
    assert!(service::cases::detail(&context, portal.case).await.expect("visible").row.status.is_open());
}

/// F19a (A6): any link can carry a refusal.
#[tokio::test]
async fn f19a_the_sign_in_page_shows_no_words_from_its_address() {
    let portal = Portal::open().await;
    for failure in [
        r#"{"Forbidden":{"Role":{"permission":"case:reply","administrators":[{"name":"EVIL-NAME","email":"evil@evil.example"}]}}}"#,
        r#"{"Invalid":{"email":{"Announcement":{"problem":"not_yaml","line":3,"message":"EVIL-NAME"}}}}"#,
        r#"{"Invalid":{"EVIL-NAME":"Required"}}"#,
    ] {
        let error = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE, failure);
        let page = portal.get(&format!("/sign-in?__path=/fn/session/sign_in&__err={error}"), "").await;
        assert_eq!(page.status, 200, "{failure}");
        let text = page.body.to_lowercase();
        assert!(!text.contains("evil-name") && !text.contains("evil@"), "{failure}");
    }
}

/// A visitor without a session gets what was typed back from a cookie of their own browser, but never passwords.
#[tokio::test]
async fn a_refused_sign_in_keeps_the_address_and_no_password() {
    let portal = Portal::open().await;
    let body = "email=nobody%40example.com&password=SECRET-WORD";
    let answer = post(&portal, "/fn/session/sign_in", body, "/sign-in?next=/cases", "").await;
    let to = refused(&answer);
    let set = answer.headers.get_all(header::SET_COOKIE).iter().find(|set| set.as_bytes().starts_with(b"draft="));
    let set = set.expect("a cookie").to_str().expect("text").split(';').next().expect("it").to_owned();
    let page = portal.get(&to, &set).await.body;
    assert!(page.contains("value=\"nobody@example.com\""), "the address is lost");
    assert!(!page.contains("SECRET-WORD"));
    let value = set.trim_start_matches("draft=");
    let kept = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, value).expect("base64");
    assert!(!String::from_utf8_lossy(&kept).contains("SECRET-WORD"));
}

/// F2 (Zammad CVE-2026-56731): page titles contain people's words.
#[tokio::test]
async fn f2_a_title_is_text() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let open = good_case(&portal).replace("Un+titre", "%3C%2Ftitle%3E%3Cb+id%3Dx%3E%26amp%3B");
    let to = location(&post(&portal, "/fn/cases/open_case", &open, "/cases/new", &cookie).await);
    let page = portal.get(&to, &cookie).await.body;
    assert!(page.contains("<title>&lt;/title>&lt;b id=x>&amp;amp; · Nordlys</title>"), "{:.800}", page);
    assert!(!page.contains("<b id=x"));
}

/// A long reply is longer than a URI can be.
#[tokio::test]
async fn a_long_reply_comes_back_whole() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let text = "0123456789".repeat(20_000);
    let body = format!("id={}&text={text}", portal.case);
    let page = format!("/cases/{}", portal.case);
    let to = refused(&post(&portal, "/fn/cases/reply", &body, &page, &cookie).await);
    let page = portal.get(&to, &cookie).await.body;
    assert!(page.contains(&format!("{text}</textarea>")), "the reply is lost");
    assert!(page.contains("(200000)") || page.contains("(200\u{202f}000)"), "how much too long is not said");
}

/// Of several forms that call the same function, the refused one shows its error and is unfolded.
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
        calls::request(&customer, &form).await.expect("asked");
    }
    for call in calls::list_open(&portal.world.context(agent).await, "").await.expect("calls") {
        ids.push(call.id.to_string());
    }
    let cookie = portal.cookie(agent).await;
    let body = format!("id={}&outcome=reached&note=", ids[1]);
    let to = refused(&post(&portal, "/fn/calls/log", &body, "/desk/calls", &cookie).await);
    let page = portal.get(&to, &cookie).await.body;
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

/// Without JavaScript, the error of a refused file is shown where it is visible.
#[tokio::test]
async fn a_refused_file_is_reported_where_no_script_is_needed() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let parts = [("file", Some("a.exe"), "MZ")];
    let answer = post_files(&portal, &format!("/files?case={}", portal.case), &parts, &cookie).await;
    let to = answer.headers[header::LOCATION].to_str().expect("text").to_owned();
    let page = portal.get(&to, &cookie).await.body;
    let script_only = page.split("class=\"field needs-script\"").nth(1).expect("the files of the reply");
    let (inside, after) = script_only.split_once("</div>").expect("its end");
    assert!(!inside.contains("programmes)"), "hidden without JavaScript");
    assert!(after.contains("programmes)"), "the error is not said");
}
