//! The live stream: one `EventSource` a tab, which says that something happened to a case and nothing of what. A page that
//! shows the case, or a list of cases, asks again.

use domain::CaseId;
use leptos::prelude::*;

/// What happened last: its number, and the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    pub seq: i64,
    pub case: CaseId,
}

#[derive(Clone, Copy)]
struct Live(RwSignal<Option<Happened>>);

/// Opens the stream once somebody is signed in; [`crate::App`] calls it. On the server nothing happens.
pub fn provide_live() {
    let happened = RwSignal::new(None);
    provide_context(Live(happened));
    #[cfg(feature = "hydrate")]
    {
        let viewer = crate::session::use_viewer();
        Effect::new(move |opened: Option<bool>| {
            let from = viewer.get().and_then(Result::ok).flatten().map(|viewer| viewer.live_from);
            match (opened, from) {
                (Some(true), _) => true,
                (_, Some(from)) => {
                    stream::open(from, happened);
                    true
                }
                _ => false,
            }
        });
    }
}

/// Counts up whenever something happened to this case.
pub fn use_case_events(case: CaseId) -> Memo<i64> {
    let live = use_context::<Live>();
    Memo::new(move |before: Option<&i64>| {
        let before = before.copied().unwrap_or_default();
        match live.and_then(|live| live.0.get()) {
            Some(happened) if happened.case == case => happened.seq,
            _ => before,
        }
    })
}

/// Counts up whenever something happened to any case within sight.
pub fn use_all_events() -> Memo<i64> {
    let live = use_context::<Live>();
    Memo::new(move |_| live.and_then(|live| live.0.get()).map(|happened| happened.seq).unwrap_or_default())
}

#[cfg(feature = "hydrate")]
mod stream {
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, closure::Closure};
    use web_sys::{EventSource, MessageEvent};

    use super::Happened;

    /// The browser reconnects by itself and says where it stopped (`Last-Event-ID`).
    pub fn open(from: i64, happened: RwSignal<Option<Happened>>) {
        let Ok(source) = EventSource::new(&format!("/live?after={from}")) else { return };
        let on_case = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let seq = event.last_event_id().parse().ok();
            let case = event.data().as_string().and_then(|data| data.parse().ok());
            if let (Some(seq), Some(case)) = (seq, case) {
                happened.set(Some(Happened { seq, case }));
            }
        });
        let _ = source.add_event_listener_with_callback("case", on_case.as_ref().unchecked_ref());
        // Both live as long as the tab.
        on_case.forget();
        std::mem::forget(source);
    }
}
