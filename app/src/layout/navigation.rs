//! The navigation entries that lead somewhere for this person: at the side, or at the bottom of a phone, which has room for
//! five.

use domain::access::{Actor, Permission, policy};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::{
    i18n::*,
    language::use_locale,
    routes::{NAV, NavEntry},
    session::Viewer,
    ui::{Icon, Menu, Sign},
};

/// The number of places on a phone; with more entries the last place opens the rest.
const PLACES: usize = 5;

#[component]
pub fn Navigation(viewer: Viewer) -> impl IntoView {
    let l = use_locale();
    let path = use_location().pathname;
    let entries: Vec<_> = NAV.iter().filter(|entry| shown(entry, &viewer.actor, viewer.now)).collect();
    let fitting = if entries.len() > PLACES { PLACES - 1 } else { entries.len() };
    let (first, rest) = entries.split_at(fitting);
    let first = first.iter().map(|entry| view! { <li><Entry entry path /></li> }).collect_view();
    let beside = rest.iter().map(|entry| view! { <li class="nav-beside"><Entry entry path /></li> }).collect_view();
    let rest = rest.to_vec();
    view! {
        <nav class="side-nav" aria-label=td_string!(l, common.navigation)>
            <ul>
                {first}
                {beside}
                {(!rest.is_empty()).then(|| view! { <li class="nav-more"><More entries=rest path /></li> })}
            </ul>
        </nav>
    }
}

#[component]
fn Entry(entry: &'static NavEntry, path: Memo<String>) -> impl IntoView {
    let l = use_locale();
    view! {
        <a href=entry.path aria-current=move || path.with(|path| leads_to(entry, path)).then_some("page")>
            <Icon sign=entry.sign />
            <span>{(entry.label)(l)}</span>
        </a>
    }
}

/// Whether a page is the entry's page or below it.
fn leads_to(entry: &NavEntry, path: &str) -> bool {
    let below = || path.strip_prefix(entry.path).is_some_and(|rest| rest.starts_with('/'));
    path == entry.path || (entry.path != "/" && below())
}

#[component]
fn More(entries: Vec<&'static NavEntry>, path: Memo<String>) -> impl IntoView {
    let l = use_locale();
    let ways = entries.clone();
    let here = Signal::derive(move || path.with(|path| ways.iter().any(|entry| leads_to(entry, path))));
    let summary = view! { <Icon sign=Sign::More /><span>{td_string!(l, common.more)}</span> }.into_any();
    view! {
        <Menu class="nav-menu" button="nav-button" summary here>
            <ul class="nav-panel">
                {entries.into_iter().map(|entry| view! { <li><Entry entry path /></li> }).collect_view()}
            </ul>
        </Menu>
    }
}

/// Whether the viewer sees an entry: always when it needs no permission, otherwise by holding it, open or not. A closed page
/// says when it opens (K2: never a blank menu).
fn shown(entry: &NavEntry, actor: &Actor, now: jiff::Timestamp) -> bool {
    let side = entry.vendor_only.is_none_or(|vendor| vendor == actor.is_vendor());
    side && entry.permission.is_none_or(|permission| holds(actor, permission, now))
}

fn holds(actor: &Actor, permission: Permission, now: jiff::Timestamp) -> bool {
    policy::may_somewhere(actor, permission, now) || actor.grants.iter().any(|grant| grant.holds(permission, now))
}
