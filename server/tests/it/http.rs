//! Headers, cookies, forms without JavaScript.

use axum::{
    body::Body,
    http::{Request, header},
};

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
