//! The frame around every page of somebody who is signed in: navigation, company, language, the way out.

mod desk_tabs;

pub use desk_tabs::DeskTabs;

use domain::access::{Actor, Permission, policy};
use leptos::prelude::*;

use crate::{
    i18n::*,
    language::use_locale,
    live::LiveStatus,
    routes::{NAV, NavEntry},
    session::{LanguageSwitch, Viewer, use_viewer},
    ui::{Icon, Sign},
};

/// The frame; what is inside waits for nothing in it.
#[component]
pub fn Frame(children: Children) -> impl IntoView {
    let l = use_locale();
    let viewer = use_viewer();
    view! {
        <a class="skip-link" href="#content">{td_string!(l, common.skip)}</a>
        <Suspense>
            {move || Suspend::new(async move {
                viewer.await.ok().flatten().map(|viewer| view! { <TopBar viewer=viewer.clone() /> <Navigation viewer /> })
            })}
        </Suspense>
        <LiveStatus />
        <main id="content">{children()}</main>
    }
}

#[component]
fn TopBar(viewer: Viewer) -> impl IntoView {
    let l = use_locale();
    let company = viewer.actor.memberships.first().map(|membership| membership.name.clone());
    let many = viewer.actor.memberships.len() > 1;
    view! {
        <header class="top-bar">
            <a class="brand" href="/">
                <span class="brand-mark" aria-hidden="true">"G"</span>
                <span>{viewer.vendor.clone()}</span>
            </a>
            {company.map(|name| view! {
                <span class="company"><Icon sign=Sign::Company />{name}{many.then_some(" +")}</span>
            })}
            <div class="top-actions">
                <LanguageSwitch />
                <details class="dropdown dropdown-end">
                    <summary class="btn btn-ghost">
                        <span class="sr-only">{td_string!(l, common.account)}</span>
                        <span class="avatar-letters" aria-hidden="true">{letters(&viewer.actor.name)}</span>
                    </summary>
                    <div class="dropdown-content menu-panel">
                        <p class="font-semibold">{viewer.actor.name.clone()}</p>
                        <p class="quiet">{viewer.actor.email.clone()}</p>
                        <a class="btn btn-ghost justify-start" href="/account">{td_string!(l, session.account)}</a>
                        <form method="post" action="/fn/session/sign_out">
                            <button class="btn btn-ghost justify-start w-full" type="submit">
                                <Icon sign=Sign::Exit />{td_string!(l, session.sign_out)}
                            </button>
                        </form>
                    </div>
                </details>
            </div>
        </header>
    }
}

fn letters(name: &str) -> String {
    name.split_whitespace().filter_map(|word| word.chars().next()).take(2).collect::<String>().to_uppercase()
}

/// The entries that lead somewhere for this person: to the side, or at the thumb on a phone.
#[component]
fn Navigation(viewer: Viewer) -> impl IntoView {
    let l = use_locale();
    let path = leptos_router::hooks::use_location().pathname;
    let entries = NAV
        .iter()
        .filter(|entry| shown(entry, &viewer.actor, viewer.now))
        .map(|entry| {
            let here = move || {
                let path = path.get();
                if entry.path == "/" {
                    path == "/"
                } else {
                    path == entry.path || path.starts_with(&format!("{}/", entry.path))
                }
            };
            view! {
                <li>
                    <a href=entry.path aria-current=move || here().then_some("page")>
                        <Icon sign=entry.sign />
                        <span>{(entry.label)(l)}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <nav class="side-nav" aria-label=td_string!(l, common.navigation)>
            <ul>{entries}</ul>
        </nav>
    }
}

/// Everybody sees an entry without permission; others those who hold it, open or not: a closed page says when it opens
/// (K2: never a blank menu).
fn shown(entry: &NavEntry, actor: &Actor, now: jiff::Timestamp) -> bool {
    let side = entry.vendor_only.is_none_or(|vendor| vendor == actor.is_vendor());
    side && entry.permission.is_none_or(|permission| holds(actor, permission, now))
}

fn holds(actor: &Actor, permission: Permission, now: jiff::Timestamp) -> bool {
    policy::may_somewhere(actor, permission, now) || actor.grants.iter().any(|grant| grant.holds(permission, now))
}

/// The frame of pages for people who are not signed in.
#[component]
pub fn Plain(children: Children) -> impl IntoView {
    view! {
        <div class="plain">
            <header class="plain-head">
                <span class="brand"><span class="brand-mark" aria-hidden="true">"G"</span><span>"Guichet"</span></span>
                <LanguageSwitch />
            </header>
            <main id="content">{children()}</main>
        </div>
    }
}
