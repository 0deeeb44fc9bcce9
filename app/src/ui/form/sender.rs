//! Sends a form from a hydrated page, and keeps what is typed until it is accepted.
//!
//! A success belongs to what was sent: the text area is emptied of that and not of what was typed since, and each success
//! renews the key. Sendings and drafts of one form go out one after the other.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use domain::{Failure, FieldError};
use gloo::timers::callback::Timeout;
use leptos::{html, prelude::*, task::spawn_local};
use leptos_router::hooks::use_location;
use web_sys::{HtmlFormElement, SubmitEvent};

use super::{FormState, browser, key};
use crate::{ApiError, drafts::api};

/// How long after the last keystroke a draft is sent to the server, in milliseconds.
const PAUSE: u32 = 2_000;
/// How long the page takes to show the outcome of a form, in milliseconds.
const SHOWN: u32 = 150;

#[derive(Clone, Copy)]
pub struct Nature {
    pub kept: bool,
    pub queue: bool,
    /// The browser sends it itself.
    pub plain: bool,
}

#[derive(Clone)]
pub struct Sender(Rc<Inner>);

struct Inner {
    state: Option<FormState>,
    /// The path of the function, `#`, and what the form is about.
    name: String,
    path: &'static str,
    /// The address of the page and the name of the form: the tab stores what is typed under it.
    place: String,
    nature: Nature,
    node: NodeRef<html::Form>,
    jobs: RefCell<VecDeque<Job>>,
    busy: Cell<bool>,
    timer: RefCell<Option<Timeout>>,
    /// What is typed, as of the last event.
    latest: RefCell<String>,
    answered: Box<dyn Fn(Result<String, ApiError>)>,
}

enum Job {
    /// Keeps the draft.
    Keep(String),
    Send(browser::Snapshot),
}

/// What is said of a form that is larger than the server reads (1 MiB): its longest text is.
fn too_long(snapshot: &browser::Snapshot) -> ApiError {
    let name = snapshot.longest().unwrap_or_default();
    ApiError(Failure::field(key(name), FieldError::TooLarge { max_bytes: 1 << 20 }))
}

/// Returns the address of the page being built, without the refusal that may stand in it.
fn address() -> String {
    let location = use_location();
    let query = location.search.get_untracked();
    let query = query.split("__path=").next().unwrap_or_default().trim_end_matches(['&', '?']);
    format!("{} {query}", location.pathname.get_untracked())
}

impl Sender {
    pub fn new(
        state: FormState,
        node: NodeRef<html::Form>,
        nature: Nature,
        answered: impl Fn(Result<String, ApiError>) + 'static,
    ) -> Self {
        Self::make(Some(state), state.function, node, nature, Box::new(answered))
    }

    pub fn plain(state: Option<FormState>, path: &'static str, node: NodeRef<html::Form>, nature: Nature) -> Self {
        Self::make(state, path, node, nature, Box::new(|_| ()))
    }

    fn make(
        state: Option<FormState>,
        path: &'static str,
        node: NodeRef<html::Form>,
        nature: Nature,
        answered: Box<dyn Fn(Result<String, ApiError>)>,
    ) -> Self {
        let about = state.map(|state| state.about.get_value()).unwrap_or_default();
        let name = format!("{path}#{about}");
        let place = format!("{} {name}", address());
        Self(Rc::new(Inner {
            state,
            name,
            path,
            place,
            nature,
            node,
            jobs: RefCell::default(),
            busy: Cell::new(false),
            timer: RefCell::default(),
            latest: RefCell::default(),
            answered,
        }))
    }

    pub fn nature(&self) -> Nature {
        self.0.nature
    }

    /// Restores what was typed before once the form is mounted, and keeps what is typed when the page is left.
    pub fn live(&self) {
        // Thread-local values must not be dropped on another thread.
        if cfg!(feature = "ssr") {
            return;
        }
        let this = self.clone();
        let begun = StoredValue::new_local(false);
        Effect::new(move |_| {
            if let Some(form) = this.0.node.get()
                && !begun.try_get_value().unwrap_or(true)
            {
                begun.set_value(true);
                browser::begin_anew(&form, &this.0.place);
                this.restore(&form);
                this.0.focus_refused(&form, false);
            }
        });
        let this = StoredValue::new_local(self.clone());
        let leave = window_event_listener(leptos::ev::pagehide, move |_| {
            this.try_with_value(|this| this.0.keep_in_passing());
        });
        // A form that the browser sends leaves its page, which "back" shows again as it was left.
        let state = self.0.state.filter(|_| self.0.nature.plain);
        let back = state.map(|state| {
            window_event_listener(leptos::ev::pageshow, move |event| {
                if event.persisted() {
                    state.sending.try_set(false);
                }
            })
        });
        on_cleanup(move || {
            leave.remove();
            if let Some(back) = back {
                back.remove();
            }
            this.try_with_value(Self::flush);
        });
    }

    fn restore(&self, form: &HtmlFormElement) {
        let inner = &self.0;
        let typed_before = browser::is_touched(form);
        let restored = browser::restore_from_tab(form, &inner.place);
        inner.note_written(form);
        // What was typed before hydration is kept like what is typed later (T09).
        if typed_before {
            self.typed();
        }
        if restored || !inner.nature.kept {
            return;
        }
        // A page rendered by the server contains the draft already.
        if form.has_attribute("data-server") {
            return;
        }
        let inner = inner.clone();
        let form = form.clone();
        spawn_local(async move {
            if let Ok(fields) = api::find_draft(inner.name.clone()).await
                && !fields.is_empty()
            {
                browser::put_back(&form, &fields);
                inner.note_written(&form);
            }
        });
    }

    /// Handles an input or change event.
    pub fn typed(&self) {
        let Some(form) = self.0.form() else { return };
        self.0.note_written(&form);
        let typed = browser::typed(&form);
        browser::keep_in_tab(&form, &self.0.place, &typed);
        if self.0.nature.kept {
            self.0.latest.replace(typed);
            let this = self.clone();
            self.0.timer.replace(Some(Timeout::new(PAUSE, move || this.flush())));
        }
    }

    /// Sends the draft now, unless it was sent already.
    fn flush(&self) {
        if self.0.timer.take().is_some() {
            let typed = self.0.latest.borrow().clone();
            self.push(Job::Keep(typed));
        }
    }

    pub fn submit(&self, event: &SubmitEvent) {
        let inner = &self.0;
        // A button that sends the form to another function keeps it as a draft: the browser does that.
        if event.default_prevented() || browser::is_sent_elsewhere(event) {
            return;
        }
        let waiting = inner.state.is_some_and(|state| state.waiting.get_untracked());
        let sending = inner.state.is_some_and(|state| state.sending.get_untracked());
        let Some(form) = inner.form() else { return };
        if inner.nature.plain {
            if sending {
                event.prevent_default();
                return;
            }
            browser::mark_sent(&form, &inner.place);
            if let Some(state) = inner.state {
                state.sending.set(true);
            }
            return;
        }
        event.prevent_default();
        if waiting || (sending && !inner.nature.queue) {
            return;
        }
        let Some(snapshot) = browser::Snapshot::take(&form, event) else { return };
        inner.timer.take();
        if let Some(state) = inner.state {
            state.sending.set(true);
        }
        if inner.nature.queue {
            snapshot.empty(&form);
            browser::renew_key(&form);
            browser::forget_in_tab(&form, &inner.place);
            inner.note_written(&form);
        }
        self.push(Job::Send(snapshot));
    }

    fn push(&self, job: Job) {
        self.0.jobs.borrow_mut().push_back(job);
        if !self.0.busy.replace(true) {
            let inner = self.0.clone();
            spawn_local(async move { inner.work().await });
        }
    }
}

impl Inner {
    fn form(&self) -> Option<HtmlFormElement> {
        self.node.try_get_untracked().flatten()
    }

    fn note_written(&self, form: &HtmlFormElement) {
        if let Some(state) = self.state {
            let written = browser::is_written(form);
            if state.written.try_get_untracked() == Some(!written) {
                state.written.try_set(written);
            }
        }
    }

    async fn work(self: Rc<Self>) {
        loop {
            let next = self.jobs.borrow_mut().pop_front();
            match next {
                Some(Job::Keep(typed)) => {
                    let _ = api::keep_draft(self.name.clone(), typed).await;
                }
                Some(Job::Send(snapshot)) => self.send(snapshot).await,
                None => break,
            }
        }
        self.busy.set(false);
        if let Some(state) = self.state {
            state.sending.try_set(false);
        }
    }

    async fn send(&self, snapshot: browser::Snapshot) {
        let (outcome, led_away) = match browser::post(self.path, &snapshot.body).await {
            Some(answer) if answer.taken => (Ok(answer.body), answer.location),
            Some(answer) if answer.too_long => (Err(too_long(&snapshot)), None),
            Some(answer) => {
                let failure = serde_json::from_str(&answer.body).unwrap_or(ApiError(Failure::Unavailable));
                (Err(failure), None)
            }
            None => (Err(ApiError(Failure::Unavailable)), None),
        };
        let taken = outcome.is_ok();
        let form = self.form();
        if taken {
            self.taken(form.as_ref(), &snapshot);
        } else if self.nature.queue {
            self.put_back(form.as_ref(), snapshot);
        }
        if self.jobs.borrow().is_empty()
            && let Some(state) = self.state
        {
            state.sending.try_set(false);
        }
        if let Some(location) = &led_away {
            server_fn::redirect::call_redirect_hook(location);
        }
        (self.answered)(outcome);
        let Some(form) = form.filter(|_| led_away.is_none()) else { return };
        if taken {
            Timeout::new(SHOWN, move || browser::focus_after_taking(&form)).forget();
        } else {
            self.focus_refused(&form, true);
        }
    }

    fn taken(&self, form: Option<&HtmlFormElement>, snapshot: &browser::Snapshot) {
        let Some(form) = form else {
            browser::forget_gone(&snapshot.key, &self.place);
            return;
        };
        if !self.nature.queue {
            snapshot.empty(form);
            browser::renew_key(form);
        }
        snapshot.settle(form);
        if browser::is_changed(form) {
            browser::keep_in_tab(form, &self.place, &browser::typed(form));
        } else {
            browser::forget_in_tab(form, &self.place);
        }
        self.note_written(form);
    }

    /// Puts what could not be sent back into the text area, before what was typed since, followed by what waits behind it in
    /// order.
    fn put_back(&self, form: Option<&HtmlFormElement>, snapshot: browser::Snapshot) {
        let mut all = vec![snapshot];
        self.jobs.borrow_mut().retain_mut(|job| match job {
            Job::Send(waiting) => {
                all.push(std::mem::take(waiting));
                false
            }
            Job::Keep(_) => true,
        });
        if let Some(form) = form {
            browser::refill(form, &all);
            browser::keep_in_tab(form, &self.place, &browser::typed(form));
            self.note_written(form);
        }
    }

    /// Moves the focus to the first wrong field or to the message for the whole form (T10), once the page shows it.
    fn focus_refused(&self, form: &HtmlFormElement, asked: bool) {
        let refused = self.state.is_some_and(|state| state.refused);
        if asked || refused {
            let form = form.clone();
            Timeout::new(SHOWN, move || browser::focus_refused(&form)).forget();
        }
    }

    /// Sends what is typed to the server while the page is being left.
    fn keep_in_passing(&self) {
        if self.timer.take().is_some() {
            browser::send_in_passing("/fn/drafts/keep", &[("form", &self.name), ("fields", &self.latest.borrow())]);
        }
    }
}
