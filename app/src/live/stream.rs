//! The connection of a tab, or of all tabs of a browser: opened, reopened when it is lost, closed while the tab is hidden.
//!
//! A browser reopens a lost stream on its own, but every tab after the same delay, and gives up for good at any answer that
//! is not a stream (a proxy's 502 during a restart, our own 503). So a lost stream is closed here and opened anew.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use domain::{CaseId, PersonId};
use gloo::{events::EventListener, timers::callback::Timeout};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, EventSource, MessageEvent, RequestInit, Response};

use super::{
    Link, Live, pause,
    share::{Share, Turn},
    wait,
};

/// News within this time, in milliseconds, counts as one burst.
const BURST: u32 = 400;
/// A connection that is back within this time is not reported as lost.
const UNNOTICED: u32 = 5_000;
/// How long a hidden tab keeps its stream.
const HIDDEN: u32 = 30_000;
/// A tab that does not get the lock within this time follows another one.
const FOLLOWS: u32 = 200;

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
pub struct Tab {
    live: Live,
    /// The server's last cursor, to resume from.
    cursor: RefCell<String>,
    /// `None` when each tab has its own stream.
    share: Option<Share>,
    /// With a share, the place in its queue.
    turn: RefCell<Option<Turn>>,
    source: RefCell<Option<Source>>,
    tries: Cell<u32>,
    retry: RefCell<Option<Timeout>>,
    notice: RefCell<Option<Timeout>>,
    hidden: RefCell<Option<Timeout>>,
    catch_up: RefCell<Option<Timeout>>,
    /// News arrived, and the pages will be told at the end of the burst.
    burst: Cell<bool>,
}

/// Starts the stream once the tab is visible: a tab opened in the background waits (T08).
pub fn start(from: String, person: PersonId, live: Live) -> Rc<Tab> {
    let tab = Rc::new(Tab {
        live,
        cursor: RefCell::new(from),
        share: Share::new(format!("guichet-live-{person}")),
        turn: RefCell::default(),
        source: RefCell::default(),
        tries: Cell::new(0),
        retry: RefCell::default(),
        notice: RefCell::default(),
        hidden: RefCell::default(),
        catch_up: RefCell::default(),
        burst: Cell::new(false),
    });
    if let Some(share) = &tab.share {
        let tab = tab.clone();
        share.listen(move |text| tab.told(&text)).forget();
    }
    if !document().hidden() || live.listeners.get_untracked() > 0 {
        tab.join();
    }
    let watched = tab.clone();
    EventListener::new(&document(), "visibilitychange", move |_| watched.looked_at(!document().hidden())).forget();
    tab
}

impl Tab {
    /// Follows the news from now on, by its own stream or by another tab's.
    pub fn join(self: &Rc<Self>) {
        if self.live.link.get_untracked() == Link::SignedOut {
            return;
        }
        let Some(share) = &self.share else {
            if self.source.borrow().is_none() && self.retry.borrow().is_none() {
                self.open();
            }
            return;
        };
        if self.turn.borrow().is_some() {
            return;
        }
        let tab = self.clone();
        self.turn.replace(share.queue(move || tab.open()));
        let tab = self.clone();
        self.catch_up.replace(Some(Timeout::new(FOLLOWS, move || {
            spawn_local(async move { tab.catch_up().await });
        })));
    }

    /// Stops following the news.
    fn leave(&self) {
        self.retry.take();
        self.notice.take();
        self.catch_up.take();
        self.source.take();
        self.turn.take();
    }

    fn open(self: &Rc<Self>) {
        self.retry.take();
        let Ok(source) = EventSource::new(&format!("/live?after={}", self.cursor.borrow())) else { return };
        let listen = |kind: &'static str, then: fn(&Rc<Tab>, &Event)| {
            let tab = self.clone();
            EventListener::new(&source, kind, move |event| then(&tab, event))
        };
        let listeners = [
            listen("open", |tab, _| tab.opened()),
            listen("case", |tab, event| tab.received("case", event)),
            listen("refresh", |tab, event| tab.received("refresh", event)),
            listen("error", |tab, _| tab.lost()),
        ];
        self.source.replace(Some(Source { source, _listeners: listeners }));
    }

    fn opened(&self) {
        self.tries.set(0);
        self.notice.take();
        self.live.link.set(Link::Live);
        self.tell("live", "", "");
    }

    /// Handles an event of this tab's stream.
    fn received(self: &Rc<Self>, kind: &str, event: &Event) {
        let Some(event) = event.dyn_ref::<MessageEvent>() else { return };
        let (data, cursor) = (event.data().as_string().unwrap_or_default(), event.last_event_id());
        self.hear(kind, &data, &cursor);
        self.tell(kind, &data, &cursor);
    }

    fn tell(&self, kind: &str, data: &str, cursor: &str) {
        if let Some(share) = &self.share {
            share.tell(&format!("{kind}\n{data}\n{cursor}"));
        }
    }

    /// Handles what the tab with the stream passes on.
    fn told(self: &Rc<Self>, text: &str) {
        let mut lines = text.split('\n');
        let mut next = || lines.next().unwrap_or_default();
        let (kind, data, cursor) = (next(), next(), next());
        match kind {
            "live" => self.live.link.set(Link::Live),
            "lost" => self.live.link.set(Link::Reconnecting),
            "out" => self.signed_out(),
            kind => self.hear(kind, data, cursor),
        }
    }

    fn hear(self: &Rc<Self>, kind: &str, data: &str, cursor: &str) {
        if !cursor.is_empty() {
            self.cursor.replace(cursor.to_owned());
        }
        let case =
            data.split_once(' ').and_then(|(case, known)| Some((case.parse::<CaseId>().ok()?, known.parse().ok()?)));
        match (kind, case) {
            ("case", Some((case, known))) => self.live.news.update(|news| {
                news.cases.insert(case, known);
            }),
            ("refresh", _) => self.live.news.update(|news| news.refreshes += 1),
            _ => return,
        }
        if !self.burst.replace(true) {
            let tab = self.clone();
            let end = Timeout::new(BURST, move || {
                tab.burst.set(false);
                tab.live.bursts.update(|count| *count += 1);
            });
            end.forget();
        }
    }

    /// Asks once for what happened between the rendering of the page and the first message of the other tab.
    async fn catch_up(self: Rc<Self>) {
        for tries in 0.. {
            // This tab got the lock in the meantime, and its stream resumes where the page stopped; or it no longer follows
            // the news.
            if self.turn.borrow().as_ref().is_none_or(Turn::leads) {
                return;
            }
            let path = format!("/live?once=true&after={}", self.cursor.borrow());
            match fetch(&path, "GET").await {
                Some(answer) if answer.ok() => {
                    if let Some(text) = text_of(&answer).await {
                        return self.read(&text);
                    }
                }
                Some(answer) if answer.status() == 401 => return self.signed_out(),
                _ => {}
            }
            pause(tries).await;
        }
    }

    /// Reads server-sent events from a complete answer.
    fn read(self: &Rc<Self>, text: &str) {
        for event in text.split("\n\n") {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map_or("", str::trim);
            self.hear(field("event:"), field("data:"), field("id:"));
        }
    }

    fn lost(self: &Rc<Self>) {
        self.source.take();
        if self.notice.borrow().is_none() {
            let tab = self.clone();
            self.notice.replace(Some(Timeout::new(UNNOTICED, move || {
                tab.live.link.set(Link::Reconnecting);
                tab.tell("lost", "", "");
            })));
        }
        self.try_later();
    }

    /// Waits longer each time, and never as long as all other browsers.
    fn try_later(self: &Rc<Self>) {
        let tries = self.tries.get();
        self.tries.set(tries.saturating_add(1));
        let tab = self.clone();
        self.retry.replace(Some(Timeout::new(wait(tries), move || {
            spawn_local(async move { tab.try_now().await });
        })));
    }

    /// Asks for the status first: an `EventSource` does not say why it was refused.
    async fn try_now(self: Rc<Self>) {
        let status = fetch("/live", "HEAD").await.map(|answer| answer.status());
        // The tab may have stopped following in the meantime.
        if self.retry.borrow().is_none() {
            return;
        }
        match status {
            Some(200) => self.open(),
            Some(401) => {
                self.tell("out", "", "");
                self.signed_out();
            }
            _ => self.try_later(),
        }
    }

    fn signed_out(&self) {
        self.leave();
        self.live.link.set(Link::SignedOut);
    }

    fn looked_at(self: &Rc<Self>, looked_at: bool) {
        if looked_at {
            self.hidden.take();
            self.join();
            return;
        }
        let tab = self.clone();
        self.hidden.replace(Some(Timeout::new(HIDDEN, move || {
            if tab.live.listeners.get_untracked() == 0 {
                tab.leave();
            }
        })));
    }
}

async fn fetch(path: &str, method: &str) -> Option<Response> {
    let request = RequestInit::new();
    request.set_method(method);
    JsFuture::from(window().fetch_with_str_and_init(path, &request)).await.ok()?.dyn_into().ok()
}

async fn text_of(answer: &Response) -> Option<String> {
    JsFuture::from(answer.text().ok()?).await.ok()?.as_string()
}
