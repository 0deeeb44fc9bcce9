//! The live stream: one `EventSource` for all tabs of a browser. It says which case changed, never what changed; a page that
//! shows the case, or a list of cases, asks the server again.

#[cfg(feature = "hydrate")]
mod share;
mod status;
#[cfg(feature = "hydrate")]
mod stream;

pub use status::LiveStatus;

use std::{collections::HashMap, future::Future, rc::Rc};

use domain::{CaseId, Failure};
use gloo::timers::callback::Timeout;
use js_sys::Promise;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::ApiError;

/// The state of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Live,
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only browsers lose it"))]
    Reconnecting,
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only browsers lose it"))]
    SignedOut,
}

/// What the stream reported since the page was rendered.
#[derive(Default)]
struct News {
    /// The number of events of each case, as far as the reader may know.
    cases: HashMap<CaseId, i64>,
    /// The number of imports, which change more cases than can be named.
    refreshes: u32,
}

#[derive(Clone, Copy)]
struct Live {
    news: RwSignal<News>,
    /// Counts bursts of news.
    bursts: RwSignal<i64>,
    link: RwSignal<Link>,
    /// The number of components that need news even while the tab is hidden.
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only browsers hide tabs"))]
    listeners: RwSignal<u32>,
}

/// Opens the stream once the viewer is known to be signed in; [`crate::App`] calls it. Does nothing on the server.
pub fn provide_live() {
    let live = Live {
        news: RwSignal::new(News::default()),
        bursts: RwSignal::new(0),
        link: RwSignal::new(Link::Live),
        listeners: RwSignal::new(0),
    };
    provide_context(live);
    #[cfg(feature = "hydrate")]
    {
        let viewer = crate::session::use_viewer();
        let tab = StoredValue::new_local(None::<Rc<stream::Tab>>);
        Effect::new(move |_| {
            let viewer = viewer.get().and_then(Result::ok).flatten();
            if let Some(viewer) = viewer.filter(|_| tab.with_value(Option::is_none)) {
                tab.set_value(Some(stream::start(viewer.live_from, viewer.actor.person, live)));
            }
        });
        Effect::new(move |_| {
            if live.listeners.get() > 0
                && let Some(tab) = tab.get_value()
            {
                tab.join();
            }
        });
    }
}

/// Keeps a page about one case up to date: asks again when there is an event that `shown` does not contain, and whenever
/// `acted` counts up. An answer that is older than what is shown is dropped, since two may arrive out of order. A question
/// without an answer is repeated (B3).
pub fn follow_case<T, F>(
    case: CaseId,
    shown: RwSignal<T>,
    seen: fn(&T) -> i64,
    acted: RwSignal<u32>,
    ask: impl Fn() -> F + 'static,
) where
    T: Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + 'static,
{
    let (live, ask) = (use_context::<Live>(), Rc::new(ask));
    let heard = Memo::new(move |_| {
        live.map(|live| live.news.with(|news| (news.cases.get(&case).copied(), news.refreshes))).unwrap_or_default()
    });
    Effect::new(move |before: Option<(u32, u32)>| {
        let (known, refreshes) = heard.get();
        let now = (refreshes, acted.get());
        let behind = known.is_some_and(|known| shown.with_untracked(|shown| known > seen(shown)));
        if behind || before.is_some_and(|before| before != now) {
            let ask = ask.clone();
            leptos::task::spawn_local(async move {
                for tries in 0.. {
                    match ask().await {
                        Ok(fresh) => {
                            if shown.try_with_untracked(|shown| seen(&fresh) >= seen(shown)) == Some(true) {
                                shown.set(fresh);
                            }
                            return;
                        }
                        Err(ApiError(failure)) if !may_pass(&failure) => return,
                        Err(_) => pause(tries).await,
                    }
                    // The page was left, or another answer has already brought the news.
                    let caught_up = shown.try_with_untracked(|shown| known.is_some_and(|known| known <= seen(shown)));
                    if caught_up.unwrap_or(true) {
                        return;
                    }
                }
            });
        }
        now
    });
}

/// Whether the failure may pass, so that asking again makes sense.
pub fn may_pass(failure: &Failure) -> bool {
    matches!(failure, Failure::Unavailable | Failure::TooMany { .. } | Failure::Unexpected(_))
}

/// Waits longer each time, from about a second to half a minute, with a random part so that tabs do not ask in step.
pub async fn pause(tries: u32) {
    let waited = Promise::new(&mut |resolve, _| {
        Timeout::new(wait(tries), move || drop(resolve.call0(&JsValue::UNDEFINED))).forget();
    });
    drop(JsFuture::from(waited).await);
}

/// Returns the wait in milliseconds.
fn wait(tries: u32) -> u32 {
    const SHORTEST: u32 = 1_000;
    const LONGEST: u32 = 30_000;
    let whole = SHORTEST.saturating_mul(1 << tries.min(5)).min(LONGEST);
    (f64::from(whole) * (0.5 + js_sys::Math::random() / 2.0)) as u32
}

/// Counts up when any visible case changed, once for changes that come close together.
pub fn use_all_events() -> Memo<i64> {
    let live = use_context::<Live>();
    Memo::new(move |_| live.map(|live| live.bursts.get()).unwrap_or_default())
}

/// Keeps the stream of a hidden tab open as long as the calling component is on the page; other hidden tabs close theirs.
pub fn listen_when_hidden() {
    #[cfg(feature = "hydrate")]
    if let Some(Live { listeners, .. }) = use_context::<Live>() {
        // In an effect, so that only mounted components count.
        Effect::new(move |_| listeners.update(|count| *count += 1));
        on_cleanup(move || listeners.update(|count| *count = count.saturating_sub(1)));
    }
}
