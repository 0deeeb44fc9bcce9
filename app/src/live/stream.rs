//! The connection of a tab: opened, opened again when it was lost, let go of while nobody looks.
//!
//! A browser opens a lost stream again by itself, but gives up for good at any answer that is no stream (a proxy's 502
//! during a restart, our own 503). And it gives a host six connections for all its tabs: hidden ones may not keep theirs.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use domain::CaseId;
use gloo::{events::EventListener, timers::callback::Timeout};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, EventSource, MessageEvent, RequestInit, Response};

use super::{Link, Live};

/// News that come this close together are one.
const BURST: u32 = 400;
/// A connection that is back within this time is not worth a word.
const UNNOTICED: u32 = 5_000;
/// How long a hidden tab keeps its connection.
const HIDDEN: u32 = 30_000;
const SHORTEST_WAIT: u32 = 1_000;
const LONGEST_WAIT: u32 = 30_000;

/// An open stream; dropping it closes it.
struct Source {
    source: EventSource,
    _listeners: [EventListener; 4],
}

impl Drop for Source {
    fn drop(&mut self) {
        self.source.close();
    }
}

/// Lives as long as the tab.
struct Tab {
    live: Live,
    /// Where to go on: what the server said last.
    cursor: RefCell<String>,
    source: RefCell<Option<Source>>,
    tries: Cell<u32>,
    retry: RefCell<Option<Timeout>>,
    notice: RefCell<Option<Timeout>>,
    hidden: RefCell<Option<Timeout>>,
    /// News came, and the pages are soon told.
    burst: Cell<bool>,
}

pub fn start(from: String, live: Live) {
    let tab = Rc::new(Tab {
        live,
        cursor: RefCell::new(from),
        source: RefCell::default(),
        tries: Cell::new(0),
        retry: RefCell::default(),
        notice: RefCell::default(),
        hidden: RefCell::default(),
        burst: Cell::new(false),
    });
    tab.open();
    EventListener::new(&document(), "visibilitychange", move |_| tab.looked_at(!document().hidden())).forget();
}

impl Tab {
    fn open(self: &Rc<Self>) {
        self.retry.take();
        let Ok(source) = EventSource::new(&format!("/live?after={}", self.cursor.borrow())) else { return };
        let listen = |kind: &'static str, then: fn(&Rc<Tab>, &Event)| {
            let tab = self.clone();
            EventListener::new(&source, kind, move |event| then(&tab, event))
        };
        let listeners = [
            listen("open", |tab, _| tab.opened()),
            listen("case", Self::heard_of_case),
            listen("refresh", Self::heard_of_much),
            listen("error", |tab, _| tab.lost()),
        ];
        self.source.replace(Some(Source { source, _listeners: listeners }));
    }

    fn opened(&self) {
        self.tries.set(0);
        self.notice.take();
        self.live.link.set(Link::Live);
    }

    fn heard_of_case(self: &Rc<Self>, event: &Event) {
        let data = self.remember(event).unwrap_or_default();
        let Some((case, known)) = data.split_once(' ') else { return };
        if let (Ok(case), Ok(known)) = (case.parse::<CaseId>(), known.parse()) {
            self.live.news.update(|news| {
                news.cases.insert(case, known);
            });
            self.count_burst();
        }
    }

    fn heard_of_much(self: &Rc<Self>, event: &Event) {
        self.remember(event);
        self.live.news.update(|news| news.refreshes += 1);
        self.count_burst();
    }

    /// Keeps the cursor and gives back what was said.
    fn remember(&self, event: &Event) -> Option<String> {
        let event: &MessageEvent = event.dyn_ref()?;
        let cursor = event.last_event_id();
        if !cursor.is_empty() {
            self.cursor.replace(cursor);
        }
        event.data().as_string()
    }

    fn count_burst(self: &Rc<Self>) {
        if !self.burst.replace(true) {
            let tab = self.clone();
            let end = Timeout::new(BURST, move || {
                tab.burst.set(false);
                tab.live.bursts.update(|count| *count += 1);
            });
            end.forget();
        }
    }

    fn lost(self: &Rc<Self>) {
        if self.notice.borrow().is_none() {
            let link = self.live.link;
            self.notice.replace(Some(Timeout::new(UNNOTICED, move || link.set(Link::Reconnecting))));
        }
        let gave_up =
            self.source.borrow().as_ref().is_some_and(|open| open.source.ready_state() == EventSource::CLOSED);
        if gave_up {
            self.try_later();
        }
    }

    /// Twice as long each time, and never all tabs at once.
    fn try_later(self: &Rc<Self>) {
        let tries = self.tries.get();
        self.tries.set(tries.saturating_add(1));
        let wait = SHORTEST_WAIT.saturating_mul(1 << tries.min(5)).min(LONGEST_WAIT);
        let wait = f64::from(wait) * (0.5 + js_sys::Math::random() / 2.0);
        let tab = self.clone();
        self.retry.replace(Some(Timeout::new(wait as u32, move || {
            spawn_local(async move { tab.try_now().await });
        })));
    }

    /// Asks first what the answer would be: the stream itself does not say why it was refused.
    async fn try_now(self: Rc<Self>) {
        match status().await {
            Some(200) => self.open(),
            Some(401) => {
                self.source.take();
                self.notice.take();
                self.live.link.set(Link::SignedOut);
            }
            _ => self.try_later(),
        }
    }

    fn looked_at(self: &Rc<Self>, looked_at: bool) {
        if !looked_at {
            let tab = self.clone();
            self.hidden.replace(Some(Timeout::new(HIDDEN, move || tab.let_go())));
            return;
        }
        self.hidden.take();
        let closed = self.source.borrow().is_none();
        if closed && self.live.link.get_untracked() != Link::SignedOut {
            self.open();
        }
    }

    fn let_go(&self) {
        if self.live.listeners.get_untracked() == 0 {
            self.retry.take();
            self.notice.take();
            self.source.take();
        }
    }
}

async fn status() -> Option<u16> {
    let head = RequestInit::new();
    head.set_method("HEAD");
    let answer = JsFuture::from(window().fetch_with_str_and_init("/live", &head)).await.ok()?;
    answer.dyn_into::<Response>().ok().map(|answer| answer.status())
}
