//! The frame around every page behind sign-in: navigation, company, language, sign-out.

mod company;
mod desk_tabs;
mod navigation;
mod refused;

pub use desk_tabs::DeskTabs;

use leptos::prelude::*;

use self::{
    company::CompanySwitch,
    navigation::Navigation,
    refused::{Noted, Refused},
};
use crate::{
    brand::BrandMark,
    i18n::*,
    language::use_locale,
    live::LiveStatus,
    session::{LanguageSwitch, Viewer, tell_zone, use_viewer},
    ui::{EnterButton, FrameButton, Icon, Menu, PlainForm, Sign, ToastRegion, follow_arrivals},
};

/// The frame; the page inside does not wait for it.
#[component]
pub fn Frame(children: Children) -> impl IntoView {
    let viewer = use_viewer();
    follow_arrivals();
    tell_zone(viewer);
    view! {
        <SkipLink />
        <EnterButton />
        <Suspense>
            {move || Suspend::new(async move {
                viewer.await.ok().flatten().map(|viewer| view! { <TopBar viewer=viewer.clone() /> <Navigation viewer /> })
            })}
        </Suspense>
        <LiveStatus />
        <main id="content" tabindex="-1"><Refused /><Noted />{children()}</main>
        <MadeWith />
        <ToastRegion />
    }
}

/// The browser follows it, not the router: it moves the focus too.
#[component]
fn SkipLink() -> impl IntoView {
    view! { <a class="skip-link" href="#content" rel="external">{td_string!(use_locale(), common.skip)}</a> }
}

#[component]
fn TopBar(viewer: Viewer) -> impl IntoView {
    view! {
        <header class="top-bar">
            <a class="brand" href="/">
                <BrandMark />
            </a>
            <CompanySwitch viewer=viewer.clone() />
            <div class="top-actions">
                <LanguageSwitch />
                <AccountMenu viewer />
            </div>
        </header>
    }
}

#[component]
fn AccountMenu(viewer: Viewer) -> impl IntoView {
    let l = use_locale();
    let letters = letters(&viewer.actor.name);
    let summary = view! {
        <span class="sr-only">{td_string!(l, common.account)}</span>
        <span class="avatar-letters" aria-hidden="true">{letters}</span>
    };
    view! {
        <Menu class="dropdown dropdown-end" summary=summary.into_any()>
            <div class="dropdown-content menu-panel">
                <p class="font-semibold">{viewer.actor.name.clone()}</p>
                <p class="quiet">{viewer.actor.email.clone()}</p>
                <a class="btn btn-ghost justify-start" href="/account">{td_string!(l, session.account)}</a>
                <PlainForm path="/fn/session/sign_out">
                    <FrameButton path="/fn/session/sign_out" class="btn btn-ghost justify-start w-full">
                        <Icon sign=Sign::Exit />{td_string!(l, session.sign_out)}
                    </FrameButton>
                </PlainForm>
            </div>
        </Menu>
    }
}

fn letters(name: &str) -> String {
    name.split_whitespace().filter_map(|word| word.chars().next()).take(2).collect::<String>().to_uppercase()
}

/// The frame of pages for visitors who are not signed in.
#[component]
pub fn Plain(children: Children) -> impl IntoView {
    view! {
        <SkipLink />
        <EnterButton />
        <div class="plain">
            <header class="plain-head">
                <span class="brand"><BrandMark /></span>
                <LanguageSwitch />
            </header>
            <main id="content" tabindex="-1"><Refused /><Noted />{children()}</main>
            <MadeWith />
        </div>
    }
}

/// The one line that says which program this is (U9).
#[component]
fn MadeWith() -> impl IntoView {
    view! { <footer class="made-with">{td_string!(use_locale(), common.made_with)}</footer> }
}
