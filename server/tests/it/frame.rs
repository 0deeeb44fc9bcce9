//! The frame around every page: the present company (K5), pages that cannot be shown, the skip link.

use axum::http::header;
use domain::OrganisationId;

use super::{
    forms::post,
    portal::{Answer, Portal},
};

/// Makes Ana, who administers the first company, join the second one; returns her session.
async fn two_companies(portal: &Portal) -> (String, OrganisationId) {
    let stranger = portal.world.context(portal.stranger).await;
    let theirs = stranger.actor.memberships.first().expect("a company").organisation;
    let form = format!(
        "form[organisation]={theirs}&form[name]=Ana+Lopez&form[email]=ana@example.com&form[role]=support_system_admin"
    );
    let added = portal.call("/fn/people/add", &form, &portal.cookie(portal.stranger).await).await;
    assert_eq!(added.status, 200, "{}", added.body);
    let mails = portal.world.mails().await;
    let mail = mails.iter().find(|mail| mail.text.contains("/invitation/")).expect("an invitation");
    let token = mail.text.split("/invitation/").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a link");
    let form = format!("token={token}&password={}", testkit::PASSWORD.replace(' ', "+"));
    let accepted = portal.call("/fn/people/accept", &form, "").await;
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    (portal.cookie(portal.admin).await, theirs)
}

/// Returns the company that the top bar names.
fn shown(answer: &Answer) -> &str {
    let name = answer.body.split("class=\"company-name\">").nth(1).and_then(|rest| rest.split('<').next());
    name.expect("a company")
}

/// K5: one present company, named by the frame and used by every page whose address names none.
#[tokio::test]
async fn k5_every_page_is_about_the_present_company() {
    let portal = Portal::open().await;
    let (cookie, theirs) = two_companies(&portal).await;
    assert_eq!(shown(&portal.get("/", &cookie).await), "Brasserie du Nord");

    let chosen = portal.call("/fn/session/set_company", &format!("organisation={theirs}"), &cookie).await;
    let company = chosen.headers[header::SET_COOKIE].to_str().expect("text").split(';').next().expect("a cookie");
    let with_company = format!("{cookie}; {company}");
    for path in ["/", "/people", "/ledger", "/timeline"] {
        assert_eq!(shown(&portal.get(path, &with_company).await), "Chantiers Keller", "{path}");
    }
    let overview = portal.call("/fn/overview/overview", "", &with_company).await;
    assert!(overview.body.contains("\"organisation_name\":\"Chantiers Keller\""), "{}", overview.body);
    let people = portal.call("/fn/people/page", "{\"filter\":{}}", &with_company).await;
    assert!(people.body.contains("kim@example.com") && !people.body.contains("ugo@example.com"), "{}", people.body);
    let ledger = portal.call("/fn/audit/list", "{\"organisation\":null,\"after\":null}", &with_company).await;
    assert!(!ledger.body.contains("case_opened"), "the case is the other company's: {}", ledger.body);

    // The address takes precedence over the choice, and the frame agrees with it.
    let addressed = portal.get(&format!("/people?company={}", portal.ours), &with_company).await;
    assert_eq!(shown(&addressed), "Brasserie du Nord");
    assert!(addressed.body.contains("ugo@example.com"));
}

/// T09, K5: what is typed without JavaScript when another company is chosen is a draft, and the company is chosen.
#[tokio::test]
async fn t09_another_company_keeps_what_is_typed() {
    let portal = Portal::open().await;
    let (cookie, theirs) = two_companies(&portal).await;
    let body = format!("organisation={theirs}&form[title]=Half+a+title&__of=/fn/cases/open_case&__once=600&key=k");
    let answer = post(&portal, "/fn/session/set_company", &body, "/cases/new", &cookie).await;
    assert!(answer.status.is_redirection(), "{}", answer.status);
    let company = answer.headers.get_all(header::SET_COOKIE).iter().filter_map(|set| set.to_str().ok());
    let company = company.filter_map(|set| set.split(';').next()).find(|set| set.starts_with("company="));
    let page = portal.get("/cases/new", &format!("{cookie}; {}", company.expect("a choice"))).await;
    assert_eq!(shown(&page), "Chantiers Keller");
    assert!(page.body.contains("value=\"Half a title\""), "the title is lost");
}

/// Only a company of the person's own can be chosen: a choice by others in this browser, or a made-up one, changes nothing.
#[tokio::test]
async fn k5_another_company_cannot_be_chosen() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.stranger).await;
    for id in [portal.ours.to_string(), "nonsense".to_owned()] {
        let page = portal.get("/people", &format!("{cookie}; company={id}")).await;
        assert_eq!((page.status.as_u16(), shown(&page)), (200, "Chantiers Keller"));
    }
}

/// An address that leads nowhere says so in its heading, its title and its status.
#[tokio::test]
async fn a_page_that_cannot_be_shown_says_so() {
    let portal = Portal::open().await;
    let cookie = portal.cookie(portal.admin).await;
    let nobody = format!("/people/{}", uuid::Uuid::nil());
    for path in ["/cases/nonsense", "/chat/nonsense", "/people/nonsense", &nobody, "/nowhere"] {
        let page = portal.get(path, &cookie).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.body.contains("<h1 tabindex=\"-1\">Page introuvable<"), "{path}: {}", page.body);
        assert!(page.body.contains("<title>Page introuvable · Nordlys</title>"), "{path}");
        assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
    }
    for path in ["/imports/nonsense", "/rollout/nonsense"] {
        assert_eq!(portal.get(path, &cookie).await.status, 404, "{path}");
    }
}

/// WCAG 2.4.1, in both frames: the browser, not the router, follows the link, so that the focus moves.
#[tokio::test]
async fn wcag_2_4_1_the_skip_link_moves_the_focus() {
    let portal = Portal::open().await;
    for (path, cookie) in [("/sign-in", String::new()), ("/cases", portal.cookie(portal.admin).await)] {
        let page = portal.get(path, &cookie).await;
        let link =
            page.body.split("<a ").find(|rest| rest.contains("skip-link")).and_then(|rest| rest.split('>').next());
        let link = link.expect("a link");
        assert!(link.contains("href=\"#content\"") && link.contains("rel=\"external\""), "{path}: {link}");
        assert!(page.body.contains("<main id=\"content\" tabindex=\"-1\""), "{path}");
    }
}
