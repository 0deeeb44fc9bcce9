//! Files over HTTP: what is accepted and under which name, what is refused and in which words, what a browser shows.

use axum::{
    body::Body,
    http::{Request, header},
};
use domain::{CaseId, FileId};
use service::cases::{self, Reply};

use super::portal::{Answer, Portal};

fn part(disposition: &str, content: &str) -> String {
    format!("--x\r\nContent-Disposition: form-data; name=\"file\"{disposition}\r\n\r\n{content}\r\n")
}

fn file(name: &str, content: &str) -> String {
    part(&format!("; filename=\"{name}\""), content)
}

async fn send(portal: &Portal, cookie: &str, path: &str, accept: &str, parts: &[String]) -> Answer {
    portal.post_parts(path, parts, accept, cookie).await
}

async fn upload(portal: &Portal, cookie: &str, parts: &[String]) -> Answer {
    send(portal, cookie, "/files", "application/json", parts).await
}

fn id_of(answer: &Answer) -> FileId {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let view: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    view["id"].as_str().expect("an id").parse().expect("an id")
}

async fn attach(portal: &Portal, case: CaseId, file: FileId) {
    let admin = portal.world.context(portal.admin).await;
    cases::reply(&admin, case, "Voici.", &[file], Reply::Answer).await.expect("a reply");
}

#[tokio::test]
async fn b30_odd_names_are_shown_and_downloaded_unchanged() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    for (written, shown, saved) in [
        ("5%22 disk.log", "5\" disk.log", "5%22%20disk.log"),
        ("new%0Aline.txt", "new line.txt", "new%20line.txt"),
        ("back\\", "back", "back"),
        ("12:30.txt", "12:30.txt", "12%3A30.txt"),
        // F19j: shown under its own name, saved under one that does not run.
        ("page.html", "page.html", "page.html.txt"),
        ("macro.xlsm", "macro.xlsm", "macro.xlsm.txt"),
    ] {
        let taken = upload(&portal, &cookie, &[file(written, "x")]).await;
        let id = id_of(&taken);
        let view: serde_json::Value = serde_json::from_str(&taken.body).expect("JSON");
        assert_eq!(view["name"], shown);
        let got = portal.get(&format!("/files/{id}"), &cookie).await;
        let disposition = got.headers[header::CONTENT_DISPOSITION].to_str().expect("text");
        assert_eq!(disposition, format!("attachment; filename*=UTF-8''{saved}"));
        assert_eq!(got.body, "x");
    }
}

#[tokio::test]
async fn b11_b30_every_refusal_has_its_own_words() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let mz = "MZ\u{1}\0\0\0";
    for (parts, word) in [
        (vec![file("empty.log", "")], "EmptyFile"),
        (vec![file("", "content")], "NoFileName"),
        (vec![part("", "a field of text")], "NoFileName"),
        (vec![], "NoFileName"),
        (vec![file("run.sh", "echo")], "RefusedFile"),
        (vec![file("holiday.png", mz)], "RefusedFile"),
        (vec![part("", "x"); 51], "TooMany"),
        (vec![part("", &"x".repeat(70_000))], "NoFileName"),
        (vec![file("a.txt", "x"); 11], "TooMany"),
    ] {
        let refused = upload(&portal, &cookie, &parts).await;
        assert_eq!(refused.status, 422, "{word}");
        assert!(refused.body.contains(word), "{word}: {}", refused.body);
    }
    id_of(&upload(&portal, &cookie, &[file("export.csv", "MZ;Metz\r\n")]).await);
    id_of(&upload(&portal, &cookie, &[part("", "a field beside it"), file("a.txt", "x"), file("", "")]).await);
}

/// An upload whose body does not arrive.
fn unfinished(path: &str, cookie: &str) -> Request<Body> {
    let body = Body::from_stream(futures::stream::once(async {
        std::future::pending::<Result<Vec<u8>, std::io::Error>>().await
    }));
    let request = Request::post(path)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .header("sec-fetch-site", "same-origin");
    request.body(body).expect("a request")
}

/// F4: a body without parts is given up early, whatever length it announces, and is not kept in memory.
#[tokio::test]
async fn f4_a_form_without_parts_is_given_up() {
    let portal = Portal::open().await;
    let admin = portal.cookie(portal.admin).await;
    let mia = portal.world.vendor("Mia Manager", domain::access::Role::ProgrammeManager).await;
    let mia = portal.cookie(mia).await;
    for (path, cookie) in [("/files", &admin), ("/imports/upload", &mia)] {
        for begin in ["", "--x\r\nContent-Disposition: form-data; name=\"records\"; filename=\"", "--x\r\n"] {
            let read = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let count = read.clone();
            let chunks = (0..4_096).map(move |_| {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                "a".repeat(16 * 1024)
            });
            let chunks = std::iter::once(begin.to_owned()).chain(chunks).map(Ok::<_, std::io::Error>);
            let request = Request::post(path)
                .header(header::COOKIE, cookie)
                .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
                .header(header::ACCEPT, "application/json")
                .header("sec-fetch-site", "same-origin");
            let body = Body::from_stream(futures::stream::iter(chunks));
            let refused = portal.send(request.body(body).expect("a request")).await;
            assert!(refused.status == 422 || refused.status == 303, "{path} {begin}: {}", refused.status);
            let read = read.load(std::sync::atomic::Ordering::Relaxed);
            assert!(read < 40, "{path} {begin}: {read} chunks were read");
        }
    }
}

/// F4: of a form that is already refused, parts without a name are not read forever.
#[tokio::test]
async fn f4_a_refused_form_is_not_read_to_its_last_part() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let read = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = read.clone();
    let parts = (0..2_000).map(move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok::<_, std::io::Error>("--x\r\nContent-Disposition: form-data\r\n\r\n\r\n".to_owned())
    });
    // One after the other, as over a network.
    let parts = futures::StreamExt::then(futures::stream::iter(parts), |part| async move {
        tokio::task::yield_now().await;
        part
    });
    let request = Request::post("/files")
        .header(header::COOKIE, &cookie)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .header(header::ACCEPT, "application/json")
        .header("sec-fetch-site", "same-origin");
    let refused = portal.send(request.body(Body::from_stream(parts)).expect("a request")).await;
    assert_eq!(refused.status, 422);
    let read = read.load(std::sync::atomic::Ordering::Relaxed);
    assert!(read < 300, "{read} parts were read");
}

/// B36: files that a second sending of a form brings again are not kept: they neither count for the person nor stand in the
/// list of images.
#[tokio::test]
async fn b36_files_that_come_twice_are_kept_once() {
    let portal = Portal::open().await;
    let admin = portal.cookie(portal.admin).await;
    let mia = portal.world.vendor("Mia Manager", domain::access::Role::ProgrammeManager).await;
    let manager = portal.cookie(mia).await;
    let case = format!("/files?case={}", portal.case);
    for key in ["one", "one", "other"] {
        for (path, cookie, file) in [
            (case.as_str(), &admin, file("a.txt", "x")),
            ("/publish/images", &manager, file("map.gif", "GIF89a, and so on")),
        ] {
            let form = [super::portal::part("key", None, key), file];
            let sent = send(&portal, cookie, path, "text/html", &form).await;
            let to = sent.headers[header::LOCATION].to_str().expect("text");
            assert!(sent.status == 303 && !to.contains("__err="), "{path} {key}: {to}");
        }
    }
    // Of a form that is refused, the files before the wrong one are not kept either.
    for (path, cookie) in [(case.as_str(), &admin), ("/publish/images", &manager)] {
        let form = [file("good.gif", "GIF89a, and so on"), file("wrong.exe", "x")];
        let sent = send(&portal, cookie, path, "text/html", &form).await;
        assert!(sent.headers[header::LOCATION].to_str().expect("text").contains("__err="), "{path}");
    }
    let db = &portal.world.services.db;
    assert_eq!(store::files::sum_unattached(db, portal.admin).await.expect("counted"), 0);
    let images = service::announcements::images(&portal.world.context(mia).await).await.expect("a list");
    assert_eq!(images.total, 1);
}

/// F4: a person has at most eight uploads under way, whatever they contain.
#[tokio::test]
async fn f4_a_person_has_eight_uploads_under_way() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let begin = || portal.begin(unfinished("/files", &cookie));
    let mut held: Vec<_> = (0..8).map(|_| Box::pin(begin())).collect();
    for upload in &mut held {
        let waits = tokio::time::timeout(std::time::Duration::from_millis(100), upload).await;
        assert!(waits.is_err(), "it waits for its body");
    }
    assert_eq!(begin().await.status(), 429);
    held.pop();
    id_of(&upload(&portal, &cookie, &[file("a.txt", "x")]).await);
}

/// F4, T25: a person has at most two uploads for imports under way; a browser that sends a third is led back to the page,
/// which says why.
#[tokio::test]
async fn f4_a_person_has_two_import_uploads_under_way() {
    let portal = Portal::open().await;
    let mia = portal.world.vendor("Mia Manager", domain::access::Role::ProgrammeManager).await;
    let cookie = portal.cookie(mia).await;
    let mut held: Vec<_> = (0..2).map(|_| Box::pin(portal.begin(unfinished("/imports/upload", &cookie)))).collect();
    for upload in &mut held {
        let waits = tokio::time::timeout(std::time::Duration::from_millis(100), upload).await;
        assert!(waits.is_err(), "it waits for its body");
    }
    let records = "--x\r\nContent-Disposition: form-data; name=\"records\"; filename=\"a.jsonl\"\r\n\r\n\
                   {\"type\":\"organisation\",\"id\":\"1\",\"name\":\"Alpha\"}\r\n"
        .to_owned();
    let third = send(&portal, &cookie, "/imports/upload", "application/json", std::slice::from_ref(&records)).await;
    assert_eq!(third.status, 429);
    let third = send(&portal, &cookie, "/imports/upload", "text/html", std::slice::from_ref(&records)).await;
    assert_eq!(third.status, 303);
    let to = third.headers[header::LOCATION].to_str().expect("text");
    assert!(portal.get(to, &cookie).await.body.contains("Trop de tentatives"), "{to}");
    held.pop();
    let taken = send(&portal, &cookie, "/imports/upload", "text/html", &[records]).await;
    let to = taken.headers[header::LOCATION].to_str().expect("text");
    assert!(to.starts_with("/imports/") && !to.contains('?'), "{to}");
    let left = || std::fs::read_dir(portal.world.directory.path().join("imports")).map_or(0, Iterator::count);
    drop(held);
    assert_eq!(left(), 1, "nothing of what did not come whole stays");
}

/// F13: nothing of an upload to an invisible case is kept.
#[tokio::test]
async fn f13_an_invisible_case_takes_no_bytes() {
    let portal = Portal::open().await;
    let path = format!("/files?case={}", portal.case);
    for person in [portal.stranger, portal.user] {
        let cookie = portal.cookie(person).await;
        let refused = send(&portal, &cookie, &path, "application/json", &[file("a.txt", "CANARY")]).await;
        assert_eq!(refused.status, 404);
    }
    let stored = walk(&portal.world.directory.path().join("files"));
    assert_eq!(stored, Vec::<std::path::PathBuf>::new());
}

fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// T25: a browser gets a page, a program gets a code.
#[tokio::test]
async fn t25_a_browser_gets_a_page_and_not_a_code() {
    let portal = Portal::open().await;
    let (admin, stranger) = (portal.cookie(portal.admin).await, portal.cookie(portal.stranger).await);
    let id = id_of(&upload(&portal, &admin, &[file("secret.txt", "x")]).await);
    attach(&portal, portal.case, id).await;
    let path = format!("/files/{id}");
    let away = portal.get(&path, "").await;
    assert_eq!(away.status, 303);
    assert_eq!(away.headers[header::LOCATION], format!("/sign-in?next={path}"));
    for (path, cookie) in [(path.as_str(), &stranger), ("/files/nonsense", &admin)] {
        let page = portal.get(path, cookie).await;
        assert_eq!(page.status, 404);
        assert!(page.body.contains("Page introuvable") && !page.body.contains("secret.txt"), "{}", page.body);
    }
    let verdicts = format!("/imports/{}/verdicts", uuid::Uuid::nil());
    assert_eq!(portal.get(&verdicts, "").await.status, 303);
    assert!(portal.get(&verdicts, &admin).await.body.contains("<title>"));

    let case = format!("/files?case={}", portal.case);
    let plain = send(&portal, "", &case, "text/html", &[file("a.txt", "x")]).await;
    assert_eq!(plain.headers[header::LOCATION], format!("/sign-in?next=/cases/{}", portal.case));
    let script = upload(&portal, "", &[file("a.txt", "x")]).await;
    assert_eq!((script.status.as_u16(), script.body.as_str()), (401, "\"Unauthenticated\""));
}

/// A plain form that is refused says why on the page of its case.
#[tokio::test]
async fn b30_without_javascript_the_page_of_the_case_says_why() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let path = format!("/files?case={}", portal.case);
    let refused = send(&portal, &cookie, &path, "text/html", &[file("empty.log", "")]).await;
    let to = refused.headers[header::LOCATION].to_str().expect("text");
    let page = portal.get(to, &cookie).await;
    assert!(page.body.contains("Le fichier est vide"), "{}", page.body);
}
