//! Headers, cookies, forms without JavaScript.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, header},
    routing::get,
};
use server::{
    middleware::AppState,
    router::{FORM_LIMIT, IMPORT_LIMIT, UPLOAD_LIMIT, guard},
};
use tower::ServiceExt;

use super::portal::{Portal, part};

/// ASVS 3.4.1-3.4.6: the policy allows no inline script or style without the nonce of this answer.
#[tokio::test]
async fn asvs_3_4_every_page_has_its_headers() {
    let portal = Portal::open().await;
    let (one, two) = (portal.get("/sign-in", "").await, portal.get("/sign-in", "").await);
    let policy = |answer: &super::portal::Answer| {
        answer.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned()
    };
    assert!(policy(&one).contains("script-src 'nonce-") && policy(&one).contains("'wasm-unsafe-eval'"));
    assert!(!policy(&one).contains("unsafe-inline"));
    assert_ne!(policy(&one), policy(&two), "a nonce is used once");
    assert_eq!(one.headers["x-content-type-options"], "nosniff");
    assert_eq!(one.headers[header::CACHE_CONTROL], "no-store");
    assert!(one.headers.contains_key("x-request-id"));
    let nonce =
        policy(&one).split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce").to_owned();
    for script in one.body.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap_or_default();
        assert!(tag.contains(&nonce), "a script without nonce: {tag}");
    }
    assert!(!one.body.contains(" style="), "the policy refuses style attributes");
}

/// ASVS 3.4: failures have the same headers as successes, and an id to find them in the log.
#[tokio::test]
async fn asvs_3_4_every_answer_has_its_headers() {
    let portal = Portal::open().await;
    let broken: Router<AppState> = Router::new().route(
        "/",
        get(|| async {
            if true {
                panic!("broken")
            }
        }),
    );
    let broken = guard(broken, &portal.state).with_state(portal.state.clone());
    let cross_site = Request::post("/fn/session/sign_out").header("sec-fetch-site", "cross-site");
    let requests = [
        (Request::get("/healthz"), 200),
        (Request::get("/favicon.svg"), 200),
        (Request::get("/pkg/app.0123.js"), 200),
        (Request::get("/pkg/missing.js"), 404),
        (Request::get("/nothing"), 404),
        (Request::put("/healthz"), 405),
        (cross_site, 403),
    ];
    let mut answers = Vec::new();
    for (request, status) in requests {
        let answer = portal.begin(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.status(), status);
        answers.push(answer);
    }
    let request = Request::get("/").body(Body::empty()).expect("a request");
    let panicked = broken.oneshot(request).await.expect("an answer");
    assert_eq!(panicked.status(), 500);
    answers.push(panicked);
    for answer in answers {
        let headers = answer.headers();
        assert!(headers.contains_key("x-request-id"), "{answer:?}");
        assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY), "{answer:?}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
    }
}

/// A file whose name contains a hash of its content is cached for good; a missing one is not.
#[tokio::test]
async fn existing_assets_are_immutable() {
    let portal = Portal::open().await;
    let there = portal.get("/pkg/app.0123.js", "").await;
    assert_eq!(there.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    let missing = portal.get("/pkg/app.4567.js", "").await;
    assert_eq!(
        (missing.status.as_u16(), missing.headers[header::CACHE_CONTROL].as_bytes()),
        (404, b"no-store".as_slice())
    );
}

#[tokio::test]
async fn pages_are_compressed_for_browsers_that_accept_it() {
    let portal = Portal::open().await;
    let request = |encoding: &'static str| {
        Request::get("/sign-in").header(header::ACCEPT_ENCODING, encoding).body(Body::empty()).expect("a request")
    };
    assert_eq!(portal.begin(request("br, gzip")).await.headers()[header::CONTENT_ENCODING], "br");
    assert_eq!(portal.begin(request("gzip")).await.headers()[header::CONTENT_ENCODING], "gzip");
    assert!(!portal.begin(request("identity")).await.headers().contains_key(header::CONTENT_ENCODING));
}

/// ASVS 5.2.1: one request cannot fill the memory or the disk.
#[tokio::test]
async fn asvs_5_2_1_bodies_have_a_limit() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let announced = |path: &'static str, length: usize| {
        Request::post(path)
            .header(header::COOKIE, &cookie)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .header(header::CONTENT_LENGTH, length)
            .header("sec-fetch-site", "same-origin")
            .body(Body::empty())
            .expect("a request")
    };
    assert_eq!(portal.send(announced("/fn/cases/reply", FORM_LIMIT + 1)).await.status, 413);
    assert_eq!(portal.send(announced("/files", UPLOAD_LIMIT + 1)).await.status, 413);
    assert_eq!(portal.send(announced("/imports/upload", IMPORT_LIMIT + 1)).await.status, 413);
    let text = "x".repeat(FORM_LIMIT);
    let long = portal.call("/fn/cases/reply", &format!("id={}&text={text}", portal.case), &cookie).await;
    assert_eq!(long.status, 413, "whatever length it announces");
}

/// What is refused before any page is made says why: in both languages to a browser, in one line to a program.
#[tokio::test]
async fn a_refused_request_is_answered_in_words() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    for (method, path, site, kind, length, status) in [
        ("GET", "/cases?search=%00", "none", "text/plain", 0, 400),
        ("POST", "/fn/cases/reply", "cross-site", "application/json", 0, 403),
        ("POST", "/fn/cases/reply", "same-origin", "text/plain", 0, 415),
        ("POST", "/files", "same-origin", "multipart/form-data; boundary=x", UPLOAD_LIMIT + 1, 413),
    ] {
        let ask = |accept: &'static str| {
            Request::builder()
                .method(method)
                .uri(path)
                .header("sec-fetch-site", site)
                .header(header::CONTENT_TYPE, kind)
                .header(header::CONTENT_LENGTH, length)
                .header(header::ACCEPT, accept)
                .header(header::COOKIE, &cookie)
                .body(Body::empty())
                .expect("a request")
        };
        let (page, line) = (portal.send(ask("text/html")).await, portal.send(ask("application/json")).await);
        assert_eq!((page.status.as_u16(), line.status.as_u16()), (status, status), "{path}");
        assert!(page.body.contains("n’a pas été traitée") && page.body.contains("was not processed"), "{}", page.body);
        assert!(!line.body.is_empty() && !line.body.contains('<'), "{}", line.body);
    }
}

/// ASVS 16.2.5: the log has the requested page, but not the search words.
#[tokio::test]
async fn asvs_16_2_5_the_log_has_patterns_and_no_queries() {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("the lines").write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let portal = Portal::open().await;
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    // For every thread: another test may reach the same line first, and tracing would remember that there is no subscriber.
    tracing::subscriber::set_global_default(subscriber).expect("the only one");
    let answer = portal.get(&format!("/cases/{}?search=secret", portal.case), "").await;
    let written = String::from_utf8(lines.0.lock().expect("the lines").clone()).expect("text");
    let id = answer.headers["x-request-id"].to_str().expect("text");
    let line = written.lines().find(|line| line.contains(id)).expect("a line").to_owned();
    for part in ["\"answered\"", "\"/cases/{id}\"", "\"method\":\"GET\"", "\"status\":303", "duration_ms"] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert!(!written.contains("secret") && !written.contains(&portal.case.to_string()), "{written}");
}

/// CVE-2026-41194 (FreeScout), ASVS 3.5.1: another site cannot make a browser act.
#[tokio::test]
async fn cve_2026_41194_cross_site_posts_are_refused() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let request = Request::post("/fn/cases/close")
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site")
        .body(Body::from(format!("id={}&reason=confirmed", portal.case)))
        .expect("a request");
    assert_eq!(portal.send(request).await.status, 403);
}

/// R2, R5: the first programme is set up on the board, also without JavaScript; what was typed is not lost.
#[tokio::test]
async fn r2_a_programme_is_set_up_on_the_board() {
    let portal = Portal::open().await;
    let mia = portal.world.vendor("Mia Manager", domain::access::Role::ProgrammeManager).await;
    let cookie = portal.cookie(mia).await;
    let empty = portal.get("/rollout", &cookie).await;
    assert!(empty.body.contains("action=\"/fn/rollout/create_programme\""), "no form: {:.900}", empty.body);
    let body = |launch: &str| {
        format!(
            "form[key]=spring&form[name]=Printemps+2026&form[contact]=care@nordlys.example&form[products][0]={}\
             &form[setup]=2026-02-02&form[validation]=2026-03-02&form[enablement]=2026-04-06&form[launch]={launch}",
            portal.product
        )
    };
    let post = |body: String| {
        Request::post("/fn/rollout/create_programme")
            .header(header::COOKIE, &cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "text/html")
            .header(header::REFERER, "http://127.0.0.1:3000/rollout")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body))
            .expect("a request")
    };
    let refused = portal.send(post(body("2026-01-01"))).await;
    let to = refused.headers[header::LOCATION].to_str().expect("text").replace("http://127.0.0.1:3000", "");
    let page = portal.get(&to, &cookie).await;
    assert!(page.body.contains("value=\"Printemps 2026\"") && page.body.contains("Cette date précède"), "{to}");

    let made = portal.send(post(body("2026-05-11"))).await;
    let to = made.headers[header::LOCATION].to_str().expect("text").to_owned();
    assert!(to.starts_with("/rollout?programme="), "{to}");
    assert!(portal.get(&to, &cookie).await.body.contains("Printemps 2026"));
}

/// ASVS 6.3.8, FreeScout CVE-2026-45294: an unknown address and a wrong password get the same answer.
#[tokio::test]
async fn cve_2026_45294_sign_in_does_not_reveal_known_addresses() {
    let portal = Portal::open().await;
    let known = portal.call("/fn/session/sign_in", "email=ana@example.com&password=wrong", "").await;
    let unknown = portal.call("/fn/session/sign_in", "email=nobody@example.com&password=wrong", "").await;
    assert_eq!((known.status, known.body), (unknown.status, unknown.body));
    assert!(!known.headers.contains_key(header::SET_COOKIE));
}

/// RT CVE-2022-25803: the page after signing in is on this site.
#[tokio::test]
async fn cve_2022_25803_sign_in_leads_to_this_site_only() {
    let portal = Portal::open().await;
    for (next, wanted) in
        [("/cases?status=open", "/cases?status=open"), ("//evil.example", "/"), ("https://evil.example", "/")]
    {
        let encoded = next.replace(':', "%3A").replace('/', "%2F").replace('?', "%3F").replace('=', "%3D");
        let body = format!("email=ana@example.com&password={}&next={encoded}", testkit::PASSWORD.replace(' ', "+"));
        let answer = portal.call("/fn/session/sign_in", &body, "").await;
        assert_eq!(answer.headers[header::LOCATION], wanted);
        let cookie = answer.headers[header::SET_COOKIE].to_str().expect("text");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    }
}

/// RT CVE-2022-25802, ASVS 3.2.1: an attached file never runs inside the site.
#[tokio::test]
async fn cve_2022_25802_files_are_downloads() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let page = part("file", Some("a\u{202e}b.html"), "<script>alert(1)</script>");
    let page = page.replacen("\r\n\r\n", "\r\nContent-Type: text/html\r\n\r\n", 1);
    let path = format!("/files?case={}", portal.case);
    assert_eq!(portal.post_parts(&path, &[page], "text/html", &cookie).await.status, 303);
    let page = portal.get(&format!("/cases/{}", portal.case), &cookie).await;
    let link = page.body.split("href=\"/files/").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    let file = portal.get(&format!("/files/{link}"), &cookie).await;
    assert_eq!(file.status, 200);
    assert!(file.headers[header::CONTENT_DISPOSITION].to_str().expect("text").starts_with("attachment"));
    assert!(file.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text").contains("sandbox"));
    let other = portal.cookie(portal.stranger).await;
    assert_eq!(portal.get(&format!("/files/{link}"), &other).await.status, 404);
    let lowest = portal.cookie(portal.user).await;
    assert_eq!(portal.get(&format!("/files/{link}"), &lowest).await.status, 404);
}

/// The command line describes a record that is refused or has remarks: its place, the field and value, what is allowed.
#[test]
fn a_verdict_is_put_into_words() {
    use domain::imports::{BadField, Change, Changed, Problem, RecordKind, Remark, Remarked, RowVerdict, Verdict};
    let mut row = RowVerdict {
        file: "users.csv".into(),
        line: 4,
        kind: Some(RecordKind::User),
        id: "17".into(),
        verdict: Verdict::Reject(Problem::Field(Box::new(BadField {
            field: "email".into(),
            value: "nobody".into(),
            error: domain::FieldError::NotAnEmail,
            allowed: Vec::new(),
        }))),
        remarks: Vec::new(),
        changes: Vec::new(),
    };
    let said = |row: &RowVerdict| app::imports::report::said(domain::locale::Locale::En, row);
    assert_eq!(
        said(&row),
        "users.csv:4 User 17: Rejected. Field “email”: “nobody”. This is not an e-mail address. Example: ana@example.com"
    );
    let what = Remarked::LeftOut { error: domain::FieldError::NotAChoice, allowed: vec!["fr".into(), "en".into()] };
    (row.verdict, row.remarks) = (Verdict::Create, vec![Remark { field: "locale".into(), value: "de".into(), what }]);
    assert_eq!(
        said(&row),
        "users.csv:4 User 17: Create, with remarks. Field “locale” is left out: “de” is not allowed. Allowed: fr, en."
    );
    let french = app::imports::report::row(domain::locale::Locale::Fr, &row);
    assert!(french.contains("À créer, avec remarques;Le champ «\u{a0}locale\u{a0}» est laissé de côté"), "{french}");

    // An update says what it changes: fields as the files name them, values as the portal shows them.
    (row.verdict, row.remarks) = (Verdict::Update, Vec::new());
    assert_eq!(said(&row), "users.csv:4 User 17: Update. Nothing that is stored changes.");
    let kept = Changed::Kept { here: "Zoe".into(), said: "Zoé".into() };
    row.changes = vec![Change { field: "name".into(), what: kept }];
    row.changes.extend(Change::of("status", "awaiting_assignment", "closed"));
    row.changes.extend(Change::of("phone", "", "+33123456789"));
    row.changes.extend(Change::added("entries", 2));
    let english = said(&row);
    for sentence in [
        "Field “name”: “Zoe” stays, because the person has signed in; the record says “Zoé”.",
        "Field “status”: “Awaiting assignment” becomes “Closed”.",
        "Field “phone” becomes “+33123456789”; it was empty.",
        "2 entries are added.",
    ] {
        assert!(english.contains(sentence), "{english}");
    }
    let french = app::imports::report::row(domain::locale::Locale::Fr, &row);
    assert!(french.contains("«\u{a0}status\u{a0}»") && french.contains("2 messages sont ajoutés."), "{french}");
}

/// The running server reads the settings that the site was built with.
#[test]
fn leptos_toml_agrees_with_cargo_toml() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let read = |name: &str| {
        std::fs::read_to_string(format!("{root}/{name}")).expect("the file").parse::<toml::Table>().expect("TOML")
    };
    let (ours, cargo) = (read("Leptos.toml"), read("Cargo.toml"));
    let ours = &ours["package"]["metadata"]["leptos"];
    let built = &cargo["workspace"]["metadata"]["leptos"][0];
    for key in ["output-name", "site-root", "site-pkg-dir", "site-addr", "reload-port", "hash-files"] {
        assert_eq!(ours[key], built[key], "{key}");
    }
}

/// An upload with two fields, its verdicts as a table that no spreadsheet runs, and a refusal that says why.
#[tokio::test]
async fn imports_come_in_and_verdicts_go_out() {
    let portal = Portal::open().await;
    let mia = portal.world.vendor("Mia Manager", domain::access::Role::ProgrammeManager).await;
    let cookie = portal.cookie(mia).await;
    let part = |field: &str, name: &str, text: &str| part(field, Some(name), text);
    let send = async |parts: &[String]| {
        let answer = portal.post_parts("/imports/upload", parts, "text/html", &cookie).await;
        assert_eq!(answer.status, 303);
        answer.headers[header::LOCATION].to_str().expect("text").to_owned()
    };
    let line = r#"{"type":"organisation","id":"=1+1","name":"Alpha"}"#;
    let broken = r#"{"type":"user","id":"1","organisation":"Z","name":"A","email":"a@b.example"}"#;
    let records = part("records", "a.jsonl", &format!("{line}\n{broken}"));
    let page = send(&[records.clone(), part("files", "config.json", "{}"), part("files", "", "")]).await;
    let mut table = portal.get(&format!("{page}/verdicts"), &cookie).await;
    for _ in 0..200 {
        if table.status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        table = portal.get(&format!("{page}/verdicts"), &cookie).await;
    }
    let expected = "\u{feff}Fichier;Ligne;Type;Identifiant;Verdict;Raison\r\n;1;Entreprise;'=1+1;À créer;\r\n\
                    ;2;Utilisateur;1;Refusé;Entreprise inconnue\u{a0}: Z. Son enregistrement doit venir avant, ou avoir été importé.\r\n";
    assert_eq!(table.body, expected);
    assert!(table.headers[header::CONTENT_DISPOSITION].to_str().expect("text").starts_with("attachment"));
    let html = portal.get(&page, &cookie).await.body;
    assert!(html.contains(&format!("{page}/verdicts")), "the page leads to the table");
    assert!(html.contains("Importer 1 enregistrement sans les refusés"), "{html}");

    let refused = send(&[records.clone(), records]).await;
    assert_eq!(refused, "/imports?refused=several_files");
    let html = portal.get(&refused, &cookie).await.body;
    assert!(html.contains("Un seul fichier JSON Lines par envoi."), "the page says why");
    assert!(html.contains("name=\"records\"") && html.contains("name=\"files\""));
    assert_eq!(send(&[part("files", "config.json", "{}")]).await, "/imports?refused=nothing_to_import");
    let unknown = send(&[part("records", "Users (1).csv", "id")]).await;
    let html = portal.get(&unknown, &cookie).await.body;
    assert!(
        html.contains("Users (1).csv") && html.contains("users.csv\u{a0}»\u{a0}?"),
        "T29: which file, and what was meant"
    );
}

/// F18: unreadable input is the client's mistake; NUL is removed before anything is read.
#[tokio::test]
async fn f18_malformed_arguments_are_client_errors() {
    let portal = Portal::open().await;
    for cookie in [String::new(), portal.cookie(portal.admin).await] {
        for path in ["/fn/cases/find", "/fn/cases/reply", "/fn/cases/list", "/fn/people/add", "/fn/session/sign_in"] {
            let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
            let bodies = [
                "",
                "id=no-uuid",
                "id=",
                "%",
                "%ff",
                "id[a]=1&id[b]=2",
                "{",
                "{}",
                "{\"filter\":3}",
                "[]",
                "null",
                &deep,
                "{\"filter\":{\"search\":1}}",
                "id=1&id=2",
                "form=x",
                "form[a][b][c][d][e][f][g][h]=1",
            ];
            for body in bodies {
                for kind in ["application/x-www-form-urlencoded", "application/json", "text/csv"] {
                    let request = Request::post(path)
                        .header(header::COOKIE, &cookie)
                        .header(header::CONTENT_TYPE, kind)
                        .header(header::ACCEPT, "application/json")
                        .header("sec-fetch-site", "same-origin")
                        .body(Body::from(body.to_owned()))
                        .expect("a request");
                    let answer = portal.send(request).await;
                    assert!(
                        answer.status.as_u16() < 500,
                        "{path} {kind} {body:.40}: {} {}",
                        answer.status,
                        answer.body
                    );
                }
            }
        }
    }
    let cookie = portal.cookie(portal.admin).await;
    let answer = portal.call("/fn/cases/reply", &format!("id={}&text=a%00b", portal.case), &cookie).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = portal.call("/fn/cases/list", "{\"filter\":{\"search\":\"CANARY\\u0000\"}}", &cookie).await;
    assert!(answer.body.contains("CANARY-TITLE"), "{}", answer.body);
    assert_eq!(portal.get("/cases?search=%00", &cookie).await.status, 400);
    assert_eq!(portal.get("/announcements/%00", &cookie).await.status, 400);
}

/// F17: signing out removes the cookie even when its session is over already.
#[tokio::test]
async fn f17_signing_out_removes_a_dead_cookie() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.user).await;
    for _ in 0..2 {
        let answer = portal.call("/fn/session/sign_out", "", &cookie).await;
        assert_eq!(answer.status, 200);
        let cookies: Vec<_> = answer.headers.get_all(header::SET_COOKIE).iter().collect();
        assert!(cookies.iter().any(|cookie| cookie.as_bytes().starts_with(b"guichet=;")), "{cookies:?}");
        assert!(answer.headers.contains_key("clear-site-data"));
    }
}

/// F17, F10: signing in over a session ends that session; a cookie identifies the browser from then on.
#[tokio::test]
async fn f17_signing_in_over_a_session_ends_it() {
    let portal = Portal::open().await;
    let before = portal.cookie(portal.user).await;
    let body = format!("email=ana@example.com&password={}", testkit::PASSWORD.replace(' ', "+"));
    let answer = portal.call("/fn/session/sign_in", &body, &before).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let device = answer.headers.get_all(header::SET_COOKIE).iter().find_map(|cookie| {
        let cookie = cookie.to_str().ok()?;
        cookie.starts_with("guichet-device=").then(|| cookie.to_owned())
    });
    assert!(device.expect("a cookie").contains("HttpOnly; SameSite=Lax; Max-Age=31536000"));
    assert_eq!(portal.call("/fn/session/list", "", &before).await.status, 401);
}

/// T27: with a session, the sign-in page leads on; the target arrives byte for byte.
#[tokio::test]
async fn t27_the_sign_in_page_leads_on() {
    let portal = Portal::open().await;
    let wanted = "/cases?search=a%26b%252Bc";
    let asked = portal.get(wanted, "").await;
    let sign_in = asked.headers[header::LOCATION].to_str().expect("text").to_owned();
    let page = portal.get(&sign_in, "").await;
    assert!(page.body.contains(&format!("name=\"next\" value=\"{wanted}\"")), "{sign_in}: {:.3000}", page.body);
    let cookie = portal.cookie(portal.user).await;
    for (address, to) in [
        (sign_in.as_str(), wanted),
        ("/sign-in", "/"),
        ("/sign-in?next=https://evil.example", "/"),
        ("/sign-in?next=%2F%2Fevil.example", "/"),
    ] {
        let answer = portal.get(address, &cookie).await;
        let led = answer.headers[header::LOCATION].to_str().expect("text");
        assert_eq!((answer.status.as_u16(), led), (303, to), "{address}");
    }
}

/// C9: what follows a reply is one of the choices, otherwise the reply is refused rather than sent.
#[tokio::test]
async fn c9_an_unknown_choice_is_refused() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.agent).await;
    for (then, status) in [("porpose", 422), ("", 200), ("propose", 200)] {
        let body = format!("id={}&text=x&then={then}", portal.case);
        assert_eq!(portal.call("/fn/cases/reply", &body, &cookie).await.status, status, "{then}");
    }
}

/// A request for a page, from one of 256 clients.
fn page(path: &str, cookie: &str, client: u8) -> Request<Body> {
    let here = ConnectInfo(SocketAddr::from(([127, 0, 0, client], 40_000)));
    let request = Request::get(path).header(header::COOKIE, cookie).header(header::ACCEPT, "text/html");
    request.extension(here).body(Body::empty()).expect("a request")
}

/// R9: a company that asks for all that it can waits for itself; the others do not.
#[tokio::test]
async fn r9_a_flood_of_one_company_keeps_no_other_waiting() {
    let portal = Portal::open().await;
    let (ours, theirs) = (portal.cookie(portal.admin).await, portal.cookie(portal.stranger).await);
    let answered = Arc::new(AtomicUsize::new(0));
    let mut flood = tokio::task::JoinSet::new();
    for client in 0..60 {
        let (router, request, answered) = (portal.router.clone(), page("/cases", &ours, client), answered.clone());
        flood.spawn(async move {
            let status = router.oneshot(request).await.expect("an answer").status().as_u16();
            answered.fetch_add(1, Ordering::SeqCst);
            status
        });
    }
    tokio::task::yield_now().await;
    assert_eq!(portal.get("/cases", &theirs).await.status, 200);
    let before = answered.load(Ordering::SeqCst);
    assert!(before < 30, "{before} of 60 were answered first");
    while let Some(status) = flood.join_next().await {
        assert_eq!(status.expect("no panic"), 200, "what waits is answered");
    }
}

/// 4 % of the sign-in pages answered 500 under load: the title was written after the page's reactive values were disposed
/// of.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn simultaneous_requests_for_pages_all_succeed() {
    let portal = Portal::open().await;
    // Of several people and clients: what one asks for waits in turn (R9).
    let mut cookies = Vec::new();
    for person in [portal.admin, portal.user, portal.stranger] {
        cookies.push(portal.cookie(person).await);
    }
    let mut asked = tokio::task::JoinSet::new();
    for (path, visitor, holds) in [
        ("/sign-in", true, "sign_in"),
        ("/forgot", true, "forgot"),
        ("/", false, "</html>"),
        ("/cases", false, "</html>"),
    ] {
        for number in 0..60_u8 {
            let cookie = if visitor { "" } else { cookies[usize::from(number) % cookies.len()].as_str() };
            let (router, request) = (portal.router.clone(), page(path, cookie, number));
            asked.spawn(async move {
                let answer = router.oneshot(request).await.expect("an answer");
                let status = answer.status().as_u16();
                let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
                (path, status, String::from_utf8_lossy(&bytes).contains(holds))
            });
        }
    }
    while let Some(answer) = asked.join_next().await {
        let (path, status, whole) = answer.expect("no panic");
        assert_eq!((status, whole), (200, true), "{path}");
    }
}

/// The layers around the pages go by their addresses: the application serves no page under another spelling.
#[tokio::test]
async fn another_spelling_of_an_address_does_not_bypass_the_layers() {
    let portal = Portal::open().await;
    let location = |answer: &super::portal::Answer| {
        answer.headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).map(ToOwned::to_owned)
    };
    for (path, leads) in [
        ("/x/../cases", "/cases"),
        ("/x/%2e%2E/cases?a=%2e", "/cases?a=%2e"),
        ("/./people", "/people"),
        ("/cases/", "/cases"),
        ("/sign-in//", "/sign-in"),
        ("/../../../desk/calls/", "/desk/calls"),
        ("//evil.example", "/evil.example"),
        ("//evil.example/..//evil.example/", "/evil.example"),
    ] {
        let answer = portal.get(path, "").await;
        assert_eq!((answer.status.as_u16(), location(&answer).as_deref()), (308, Some(leads)), "{path}");
    }
    let cookie = portal.cookie(portal.user).await;
    let answer = portal.get("/legacy/../people", &cookie).await;
    assert_eq!((answer.status.as_u16(), location(&answer).as_deref()), (308, Some("/people")));
    for path in ["/x%2f..%2fcases", "/CASES", "/%63ases"] {
        let answer = portal.get(path, &cookie).await;
        assert_eq!((answer.status.as_u16(), location(&answer)), (404, None), "{path}");
    }
    let sent = portal.call("/x/../fn/session/viewer", "", &cookie).await;
    assert_eq!((sent.status.as_u16(), location(&sent)), (404, None), "what is sent is led nowhere");
}

/// RFC 9112, 3.2: a request that names no path, or two servers, is refused.
#[tokio::test]
async fn a_request_names_one_server_and_a_path() {
    let portal = Portal::open().await;
    for (method, uri) in [("CONNECT", "evil.example:443"), ("OPTIONS", "*")] {
        let request = Request::builder().method(method).uri(uri).body(Body::empty()).expect("a request");
        assert_eq!(portal.send(request).await.status, 400, "{method} {uri}");
    }
    let twice = Request::get("/sign-in").header(header::HOST, "127.0.0.1:3000").header(header::HOST, "evil.example");
    assert_eq!(portal.send(twice.body(Body::empty()).expect("a request")).await.status, 400);
}
