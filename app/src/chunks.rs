//! Pages that the browser loads when they are opened: a customer who reads a list of cases does not load the vendor's board
//! and imports.
//!
//! A chunk holds the pages that one group of people uses together. Each of many small chunks would be a request, and code
//! shared by two of them a third. Sign-in, the overview and the list of cases are in the first load.

use leptos::prelude::*;
use leptos_router::{Lazy, LazyRoute};

use crate::{i18n::*, language::use_locale};

/// Makes a module of the given name, with a route for each page.
macro_rules! chunk {
    ($(#[$doc:meta])* $chunk:ident: $($feature:ident::$page:ident),+ $(,)?) => {
        $(#[$doc])*
        pub mod $chunk {
            use super::*;

            #[expect(clippy::enum_variant_names, reason = "they are called as the pages are")]
            #[derive(Clone, Copy)]
            enum Page {
                $($page),+
            }

            fn show(page: Page) -> AnyView {
                match page {
                    $(Page::$page => view! { <crate::$feature::$page /> }.into_any()),+
                }
            }

            #[cfg(feature = "hydrate")]
            #[leptos::wasm_split::wasm_split(
                $chunk,
                wasm_split_path = leptos::wasm_split,
                preload(load),
                fallible,
            )]
            fn view(page: Page) -> Result<AnyView, leptos::wasm_split::SplitLoaderError> {
                Ok(show(page))
            }

            $(
                #[derive(Debug)]
                pub struct $page;

                impl $page {
                    pub fn lazy() -> Lazy<Self> {
                        Lazy::new()
                    }
                }

                impl LazyRoute for $page {
                    fn data() -> Self {
                        Self
                    }

                    async fn view(_: Self) -> AnyView {
                        #[cfg(feature = "hydrate")]
                        return match view(Page::$page).await {
                            Ok(view) => view,
                            Err(_) => browser::leave().await,
                        };
                        #[cfg(not(feature = "hydrate"))]
                        {
                            // The page names the files that the browser will need, so that they come with the first load.
                            #[cfg(feature = "ssr")]
                            crate::shell::assets::preload(stringify!($chunk));
                            show(Page::$page)
                        }
                    }

                    async fn preload() {
                        #[cfg(feature = "hydrate")]
                        if browser::show_while(load()).await.is_err() {
                            browser::leave::<()>().await;
                        }
                    }
                }
            )+
        }
    };
}

chunk! {
    /// Reading and writing in cases, chats and calls.
    talk: cases::CasePage, cases::NewCasePage, chat::ChatPage, chat::StartChatPage, calls::NewCallPage,
}

chunk! {
    /// The work of a customer's administrators, and pages that others open now and then.
    company: people::NewPersonPage, people::PeoplePage, people::PersonPage, people::InvitationPage,
        people::AddressPage,
        session::AccountPage, session::ForgotPage, session::ResetPage, audit::LedgerPage, rollout::TimelinePage,
        announcements::AnnouncementPage, announcements::AnnouncementsPage,
}

chunk! {
    /// The vendor's agents and programme managers.
    vendor: cases::DeskPage, chat::DeskChatsPage, calls::DeskCallsPage, calls::PhoneLinesPage, imports::ImportPage,
        imports::ImportsPage, rollout::BoardPage, rollout::CompanyRolloutPage, mail::MailPage, announcements::SendAnnouncementPage,
        announcements::PublishPage,
}

/// Whether a chunk is being loaded.
#[derive(Clone, Copy)]
struct Coming(RwSignal<bool>);

/// [`crate::App`] calls it.
pub fn provide_coming() {
    provide_context(Coming(RwSignal::new(false)));
}

/// A moving line at the top while a page loads: the previous page is still on display, and the click would seem to do
/// nothing.
#[component]
pub fn ComingLine() -> impl IntoView {
    let l = use_locale();
    let Coming(coming) = expect_context();
    view! {
        <div class="coming" class:coming-now=move || coming.get() role="status">
            <span class="sr-only">{move || coming.get().then(|| td_string!(l, common.coming))}</span>
        </div>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::wasm_split::SplitLoaderError;
    use leptos_router::location::Url;

    use super::*;

    struct Shown(RwSignal<bool>);

    /// Also when the reader navigates elsewhere in the meantime.
    impl Drop for Shown {
        fn drop(&mut self) {
            let _ = self.0.try_set(false);
        }
    }

    /// Shows that something is loading, unless the page is already on display and only hydrates.
    pub async fn show_while(load: impl Future<Output = Result<(), SplitLoaderError>>) -> Result<(), SplitLoaderError> {
        let awake = document().document_element().is_some_and(|html| html.has_attribute("data-hydrated"));
        let _shown = use_context::<Coming>().filter(|_| awake).map(|Coming(coming)| {
            coming.set(true);
            Shown(coming)
        });
        load.await
    }

    /// The chunk did not load: a new release replaced it, or the network is down. The browser asks the server for the whole
    /// target page; a page that is already on display stays as the server rendered it.
    pub async fn leave<T>() -> T {
        let location = window().location();
        if let Some(wanted) = use_context::<ArcRwSignal<Url>>().map(|url| url.get_untracked())
            && location.pathname().is_ok_and(|here| here != wanted.path())
        {
            let query = wanted.search().trim_start_matches('?');
            let mark = if query.is_empty() { "" } else { "?" };
            let _ = location.assign(&format!("{}{mark}{query}", wanted.path()));
        }
        std::future::pending().await
    }
}
