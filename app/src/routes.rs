//! Every page: its path, its component, and its place in the navigation.

use std::sync::Arc;

use domain::{Failure, access::Permission};
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    SsrMode,
    components::{Outlet, ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    brand::{Brand, provide_brand, use_brand},
    cases::CasesPage,
    chunks::{ComingLine, company, provide_coming, talk, vendor},
    failure::FailurePage,
    i18n::*,
    language::provide_locale,
    layout::{Frame, Plain},
    live::provide_live,
    overview::OverviewPage,
    session::{SignInPage, provide_viewer},
    ui::{Arrival, Sign, WindowTitle, note_what_was_taken, provide_toasts},
};

/// An entry of the navigation.
pub struct NavEntry {
    pub path: &'static str,
    pub sign: Sign,
    pub label: fn(Locale) -> &'static str,
    /// The permission to see it; `None` shows it to all.
    pub permission: Option<Permission>,
    /// `Some(true)` for the vendor's people only, `Some(false)` for customers only.
    pub vendor_only: Option<bool>,
}

/// The navigation, in its order.
pub const NAV: &[NavEntry] = &[
    NavEntry {
        path: "/",
        sign: Sign::Home,
        label: |l| td_string!(l, overview.nav),
        permission: None,
        vendor_only: Some(false),
    },
    NavEntry {
        path: "/desk",
        sign: Sign::Desk,
        label: |l| td_string!(l, cases.desk),
        permission: Some(Permission::CaseWork),
        vendor_only: Some(true),
    },
    NavEntry {
        path: "/cases",
        sign: Sign::Case,
        label: |l| td_string!(l, cases.cases),
        permission: Some(Permission::CaseRead),
        vendor_only: Some(false),
    },
    NavEntry {
        path: "/people",
        sign: Sign::People,
        label: |l| td_string!(l, people.nav),
        permission: Some(Permission::PersonList),
        vendor_only: None,
    },
    NavEntry {
        path: "/imports",
        sign: Sign::Import,
        label: |l| td_string!(l, imports.nav),
        permission: Some(Permission::ImportRun),
        vendor_only: Some(true),
    },
    NavEntry {
        path: "/timeline",
        sign: Sign::Timeline,
        label: |l| td_string!(l, rollout.nav_timeline),
        permission: None,
        vendor_only: Some(false),
    },
    NavEntry {
        path: "/rollout",
        sign: Sign::Rollout,
        label: |l| td_string!(l, rollout.nav),
        permission: Some(Permission::ProgrammeRead),
        vendor_only: Some(true),
    },
    NavEntry {
        path: "/announcements",
        sign: Sign::Announcement,
        label: |l| td_string!(l, announcements.nav),
        permission: None,
        vendor_only: None,
    },
    NavEntry {
        path: "/settings/phone-lines",
        sign: Sign::Phone,
        label: |l| td_string!(l, calls.settings),
        permission: Some(Permission::PhoneLineManage),
        vendor_only: Some(true),
    },
    NavEntry {
        path: "/mail",
        sign: Sign::Mail,
        label: |l| td_string!(l, mail.nav),
        permission: Some(Permission::MailRead),
        vendor_only: Some(true),
    },
    NavEntry {
        path: "/ledger",
        sign: Sign::Ledger,
        label: |l| td_string!(l, audit.nav),
        permission: Some(Permission::AuditRead),
        vendor_only: None,
    },
];

/// Every path, as the router of the server and the access tests need it.
pub const PATHS: &[&str] = &[
    "/",
    "/chat",
    "/chat/:id",
    "/calls/new",
    "/desk/chats",
    "/desk/calls",
    "/sign-in",
    "/forgot",
    "/reset/:token",
    "/account",
    "/cases",
    "/cases/new",
    "/cases/:id",
    "/desk",
    "/timeline",
    "/rollout",
    "/rollout/:id",
    "/announcements",
    "/announcements/:slug",
    "/announcements/:slug/send",
    "/publish",
    "/ledger",
    "/imports",
    "/imports/:id",
    "/people",
    "/people/new",
    "/people/:id",
    "/settings/phone-lines",
    "/mail",
    "/invitation/:token",
    "/address/:token",
];

/// The paths that are open to visitors without a session.
pub const PUBLIC_PATHS: &[&str] = &["/sign-in", "/forgot", "/reset/:token", "/invitation/:token", "/address/:token"];

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_locale();
    provide_brand();
    provide_viewer();
    provide_live();
    provide_toasts();
    provide_coming();
    Arrival::provide();
    let brand = use_brand();
    let title = title_so_far(&brand);
    Effect::new(|_| note_what_was_taken());
    view! {
        <WindowTitle text=title formatter=Arc::new(move |page: String| brand.titled(page)) />
        <ComingLine />
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async />
                <Route path=path!("/forgot") view=company::ForgotPage::lazy() ssr=SsrMode::Async />
                <Route path=path!("/reset/:token") view=company::ResetPage::lazy() ssr=SsrMode::Async />
                <Route path=path!("/invitation/:token") view=company::InvitationPage::lazy() ssr=SsrMode::Async />
                <Route path=path!("/address/:token") view=company::AddressPage::lazy() ssr=SsrMode::Async />
                <ParentRoute path=path!("") view=Framed ssr=SsrMode::Async>
                    <Route path=path!("/") view=OverviewPage ssr=SsrMode::Async />
                    <Route path=path!("/chat") view=talk::StartChatPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/chat/:id") view=talk::ChatPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/calls/new") view=talk::NewCallPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/desk/chats") view=vendor::DeskChatsPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/desk/calls") view=vendor::DeskCallsPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/account") view=company::AccountPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/cases") view=CasesPage ssr=SsrMode::Async />
                    <Route path=path!("/cases/new") view=talk::NewCasePage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/cases/:id") view=talk::CasePage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/desk") view=vendor::DeskPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/imports") view=vendor::ImportsPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/imports/:id") view=vendor::ImportPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/timeline") view=company::TimelinePage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/rollout") view=vendor::BoardPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/rollout/:id") view=vendor::CompanyRolloutPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/announcements") view=company::AnnouncementsPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/announcements/:slug") view=company::AnnouncementPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/announcements/:slug/send") view=vendor::SendAnnouncementPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/publish") view=vendor::PublishPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/ledger") view=company::LedgerPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/people") view=company::PeoplePage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/people/new") view=company::NewPersonPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/people/:id") view=company::PersonPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/settings/phone-lines") view=vendor::PhoneLinesPage::lazy() ssr=SsrMode::Async />
                    <Route path=path!("/mail") view=vendor::MailPage::lazy() ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// Returns the title that the server sent, until the chunk of the page is loaded and sets its own.
fn title_so_far(brand: &Brand) -> String {
    if cfg!(feature = "hydrate") {
        document().title().strip_suffix(&brand.title_end()).map(ToOwned::to_owned).unwrap_or_default()
    } else {
        String::new()
    }
}

#[component]
fn Framed() -> impl IntoView {
    view! { <Frame><Outlet /></Frame> }
}

#[component]
fn NotFound() -> impl IntoView {
    view! { <Plain><div class="narrow"><FailurePage failure=Failure::NotFound /></div></Plain> }
}
