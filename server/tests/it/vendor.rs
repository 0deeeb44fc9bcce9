//! The vendor's name before sign-in (U9), sending an announcement without JavaScript (D3), addresses in texts (B25).

use axum::{
    body::Body,
    http::{Request, header},
};
use domain::{access::Role, announcements::PublishOptions, cases::CaseForm, rollout::Phase};
use service::announcements;

use super::portal::Portal;

#[tokio::test]
async fn u9_the_vendor_is_named_before_sign_in() {
    let portal = Portal::open().await;
    for path in ["/sign-in", "/forgot", "/reset/x", "/invitation/x", "/nothing"] {
        let page = portal.get(path, "").await;
        let title =
            page.body.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default();
        assert!(title.ends_with(" · Nordlys"), "{path}: {title}");
        assert!(page.body.contains("class=\"brand-mark\">N<") && page.body.contains("<span>Nordlys<"), "{path}");
        let named = page.body.matches("Guichet").count();
        assert_eq!(named, 1, "{path}: in the last line only");
        assert!(page.body.contains("content=\"Nordlys\""), "{path}: the browser reads it there");
    }
    let icon = portal.get("/favicon.svg", "").await;
    assert!(icon.body.contains(">N</text>") && icon.body.contains("#0f766e"), "{}", icon.body);
    assert_eq!(icon.headers[header::CONTENT_TYPE], "image/svg+xml");
}

/// B25: addresses and case numbers in entries and notes are links, and everything else is still text.
#[tokio::test]
async fn b25_addresses_in_entries_are_links() {
    let portal = Portal::open().await;
    let form = CaseForm {
        organisation: portal.ours.to_string(),
        product: portal.product.to_string(),
        title: "x".into(),
        description: "Voir https://docs.example/aide\u{a0}: <b>tout</b>, comme GUI-000000001.".into(),
        priority: "p2".into(),
        impact: String::new(),
    };
    let case = service::cases::open(&portal.world.context(portal.admin).await, &form, &[]).await.expect("a case");
    let page = portal.get(&format!("/cases/{case}"), &portal.cookie(portal.admin).await).await;
    for part in [
        "href=\"https://docs.example/aide\" rel=\"nofollow noopener\"",
        "href=\"/cases?search=GUI-000000001\" rel=\"nofollow noopener\"",
        "&lt;b&gt;tout&lt;/b&gt;",
    ] {
        assert!(page.body.contains(part), "{part} is not in the page");
    }
}

/// D3: two pages without JavaScript: what would happen, then a button; sending can be stopped.
#[tokio::test]
async fn d3_an_announcement_is_sent_and_stopped_without_javascript() {
    let portal = Portal::open().await;
    let programme = portal.world.enrol(portal.ours, &[portal.product], Phase::Setup).await;
    let mia = portal.world.vendor("Mia Manager", Role::ProgrammeManager).await;
    let cookie = portal.cookie(mia).await;
    let source = "---\ntitle: Ce qui change\nlang: fr\n---\nBonjour à **tous**.\n";
    announcements::publish(&portal.world.services, source, Some("portal.fr.md"), PublishOptions::default())
        .await
        .expect("published");
    let page = portal.get("/announcements/portal", &cookie).await;
    assert!(page.body.contains("action=\"/announcements/portal/send\""), "the way to the page that shows");
    let address = format!("/announcements/portal/send?programme={programme}");
    let page = portal.get(&address, &cookie).await;
    assert!(page.body.contains("<strong>tous</strong>") && page.body.contains("Ce qui change"), "the mail is shown");
    assert!(page.body.contains("name=\"shown\" value=\"2\""), "and how many get it");
    let post = |path: &str, body: String| {
        Request::post(path.to_owned())
            .header(header::COOKIE, &cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "text/html")
            .header(header::REFERER, format!("http://127.0.0.1:3000{address}"))
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body))
            .expect("a request")
    };
    let body = format!("slug=portal&programme={programme}&shown=2");
    let sent = portal.send(post("/fn/announcements/mail_everyone", body.clone())).await;
    assert_eq!(sent.status, 302, "{}", sent.body);
    let page = portal.get(&address, &cookie).await;
    let id = page
        .body
        .split("name=\"id\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a way to stop it");
    let stop = format!("id={id}&slug=portal&programme={programme}");
    let stopped = portal.send(post("/fn/announcements/stop_mailing", stop)).await;
    assert!(stopped.headers[header::LOCATION].to_str().expect("text").ends_with("&done=stopped"));
    assert!(portal.world.mails().await.iter().all(|mail| mail.subject != "Ce qui change"), "nothing of it leaves");
    // Sent again with the number of the old page after another company has joined: refused, with the reason.
    let wrong = portal.send(post("/fn/announcements/mail_everyone", body.replace("shown=2", "shown=5"))).await;
    let to = wrong.headers[header::LOCATION].to_str().expect("text").replace("http://127.0.0.1:3000", "");
    let page = portal.get(&to, &cookie).await;
    assert!(page.body.contains("Les destinataires ont changé"), "{to}: {}", page.body);
}

/// F6 over HTTP: a page that is nested too deeply is refused, and the server goes on.
#[tokio::test]
async fn f6_a_bomb_of_quotes_is_refused() {
    let portal = Portal::open().await;
    let mia = portal.world.vendor("Mia Manager", Role::ProgrammeManager).await;
    let cookie = portal.cookie(mia).await;
    let source = format!("---%0Atitle: t%0A---%0A{}", "%3E".repeat(1_000));
    let answer = portal.call("/fn/announcements/publish", &format!("file_name=q.fr.md&source={source}"), &cookie).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert!(answer.body.contains("too_deep"), "{}", answer.body);
    assert_eq!(portal.get("/healthz", "").await.status, 200);
}
