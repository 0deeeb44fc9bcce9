//! Pages that the browser loads when somebody goes there: a customer who reads a list of cases does not load the vendor's
//! board and imports.
//!
//! A chunk is what the same people use together; many small ones would each be a request, and what two of them share is a
//! third. Sign-in, the overview and the list of cases are in the first load.

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
                            // The page names what the browser will need, so that it comes with the first load.
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
    /// Reading and writing in a case, a chat, a call.
    talk: cases::CasePage, cases::NewCasePage, chat::ChatPage, chat::StartChatPage, calls::NewCallPage,
}

chunk! {
    /// What a customer's administrators, and everybody now and then, do.
    company: people::NewPersonPage, people::PeoplePage, people::PersonPage, people::InvitationPage,
        session::AccountPage, session::ForgotPage, session::ResetPage, audit::LedgerPage, rollout::TimelinePage,
        announcements::AnnouncementPage, announcements::AnnouncementsPage,
}

chunk! {
    /// The vendor's agents and programme managers.
    vendor: cases::DeskPage, chat::DeskChatsPage, calls::DeskCallsPage, calls::PhoneLinesPage, imports::ImportPage,
        imports::ImportsPage, rollout::BoardPage, rollout::CompanyRolloutPage, mail::MailPage, announcements::SendAnnouncementPage,
}

/// Whether a chunk is on its way.
#[derive(Clone, Copy)]
struct Coming(RwSignal<bool>);

/// [`crate::App`] calls it.
pub fn provide_coming() {
    provide_context(Coming(RwSignal::new(false)));
}

/// A line at the top that moves while a page takes its time: the one before it is still there, and a click seems to do nothing.
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

    /// Also when somebody goes elsewhere meanwhile.
    impl Drop for Shown {
        fn drop(&mut self) {
            let _ = self.0.try_set(false);
        }
    }

    /// Shows that something comes, unless the page is here and only wakes up.
    pub async fn show_while(load: impl Future<Output = Result<(), SplitLoaderError>>) -> Result<(), SplitLoaderError> {
        let awake = document().document_element().is_some_and(|html| html.has_attribute("data-hydrated"));
        let _shown = use_context::<Coming>().filter(|_| awake).map(|Coming(coming)| {
            coming.set(true);
            Shown(coming)
        });
        load.await
    }

    /// The chunk did not come: a new release took its place, or the network is away. The server makes the page that somebody
    /// wanted to go to, with what belongs to it; a page that stands here already stays as the server made it.
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
