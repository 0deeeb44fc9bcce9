//! Headers, cookies, forms without JavaScript.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
    routing::get,
};
use server::{
    middleware::AppState,
    router::{FORM_LIMIT, IMPORT_LIMIT, UPLOAD_LIMIT, guard},
};
use tower::ServiceExt;

use super::portal::Portal;

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

/// ASVS 3.4: what goes wrong has the same headers as what goes well, and an id to find it in the log by.
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

/// What carries the hash of its content in its name is kept for good; that it is missing is not.
#[tokio::test]
async fn assets_are_immutable_when_they_are_there() {
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
async fn pages_are_compressed_for_those_who_can_read_it() {
    let portal = Portal::open().await;
    let request = |encoding: &'static str| {
        Request::get("/sign-in").header(header::ACCEPT_ENCODING, encoding).body(Body::empty()).expect("a request")
    };
    assert_eq!(portal.begin(request("br, gzip")).await.headers()[header::CONTENT_ENCODING], "br");
    assert_eq!(portal.begin(request("gzip")).await.headers()[header::CONTENT_ENCODING], "gzip");
    assert!(!portal.begin(request("identity")).await.headers().contains_key(header::CONTENT_ENCODING));
}

/// ASVS 5.2.1: nobody fills the memory or the disk with one request.
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
    assert!(!long.status.is_success(), "whatever length it announces");
}

/// ASVS 16.2.5: the log says which page was asked for, not by whom it was looked for.
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
    // For every thread: another test may reach the same line first, and tracing would remember that nobody listens.
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

/// R2, R5: the first programme is set up on the board, without JavaScript too; what was typed is not lost.
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
async fn cve_2026_45294_sign_in_does_not_tell_who_is_known() {
    let portal = Portal::open().await;
    let known = portal.call("/fn/session/sign_in", "email=ana@example.com&password=wrong", "").await;
    let unknown = portal.call("/fn/session/sign_in", "email=nobody@example.com&password=wrong", "").await;
    assert_eq!((known.status, known.body), (unknown.status, unknown.body));
    assert!(!known.headers.contains_key(header::SET_COOKIE));
}

/// RT CVE-2022-25803: the page after signing in is one of ours.
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

/// RT CVE-2022-25802, ASVS 3.2.1: what somebody attached never runs inside the site.
#[tokio::test]
async fn cve_2022_25802_files_are_downloads() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let body = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\u{202e}b.html\"\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>\r\n--x--\r\n";
    let request = Request::post(format!("/files?case={}", portal.case))
        .header(header::COOKIE, &cookie)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body))
        .expect("a request");
    assert_eq!(portal.send(request).await.status, 303);
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

/// At the command line a record that is refused, or of which something is left out, is said in words: where it stands,
/// which field and value, what is allowed.
#[test]
fn a_verdict_is_said_in_words() {
    use domain::imports::{BadField, Problem, RecordKind, Remark, Remarked, RowVerdict, Verdict};
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
}

/// The settings that the running server reads are those the site was built with.
#[test]
fn leptos_toml_says_what_cargo_toml_says() {
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
    let part = |field: &str, name: &str, text: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let send = async |parts: &[String]| {
        let request = Request::post("/imports/upload")
            .header(header::COOKIE, &cookie)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(format!("{}--x--\r\n", parts.concat())))
            .expect("a request");
        let answer = portal.send(request).await;
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

/// F18: what cannot be read is the sender's mistake, whoever sends it; NUL is taken out before anything is read.
#[tokio::test]
async fn f18_malformed_arguments_are_no_fault_of_the_server() {
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

/// F17: signing out takes the cookie away, also when its session is over already.
#[tokio::test]
async fn f17_signing_out_takes_a_dead_cookie_away() {
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

/// F17, F10: signing in over a session ends it; the browser is known by a cookie of its own from then on.
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

/// T27: signed in, the sign-in page leads on; where to, comes through byte for byte.
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

/// C9: what is to become of a case after a reply is one of the choices, or the reply is refused; it is not just sent.
#[tokio::test]
async fn c9_an_unknown_choice_is_refused() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.agent).await;
    for (then, status) in [("porpose", 422), ("", 200), ("propose", 200)] {
        let body = format!("id={}&text=x&then={then}", portal.case);
        assert_eq!(portal.call("/fn/cases/reply", &body, &cookie).await.status, status, "{then}");
    }
}
