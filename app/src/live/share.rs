//! One stream for all tabs of a browser: the tab that holds a lock opens it and passes on what it receives. Over HTTP/1.1 a
//! browser opens six connections to a host, however many tabs there are (F9, T08).
//!
//! Browsers offer both parts, Web Locks and `BroadcastChannel`, over https and on this machine; elsewhere each tab opens its
//! own stream. The browser releases the lock when its tab goes away, even after a crash.

use std::{cell::RefCell, rc::Rc};

use gloo::events::EventListener;
use js_sys::{Function, Object, Promise, Reflect};
use leptos::{prelude::window, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, BroadcastChannel, MessageEvent};

/// What the tabs of one person in a browser share.
pub struct Share {
    name: String,
    locks: JsValue,
    channel: BroadcastChannel,
}

impl Share {
    /// Returns `None` where the browser lacks a part.
    pub fn new(name: String) -> Option<Self> {
        let has = |name: &str| Reflect::get(&window(), &name.into()).is_ok_and(|there| !there.is_undefined());
        let locks = Reflect::get(&window().navigator(), &"locks".into()).ok().filter(JsValue::is_object)?;
        let channel = has("BroadcastChannel").then(|| BroadcastChannel::new(&name).ok())??;
        Some(Self { name, locks, channel })
    }

    /// Tells the other tabs.
    pub fn tell(&self, text: &str) {
        let _ = self.channel.post_message(&text.into());
    }

    /// Calls `heard` with what other tabs tell.
    pub fn listen(&self, heard: impl Fn(String) + 'static) -> EventListener {
        EventListener::new(&self.channel, "message", move |event| {
            if let Some(text) = event.dyn_ref::<MessageEvent>().and_then(|event| event.data().as_string()) {
                heard(text);
            }
        })
    }

    /// Queues for the lock; `lead` is called once this tab holds it.
    pub fn queue(&self, lead: impl FnOnce() + 'static) -> Option<Turn> {
        let turn = Turn { abort: AbortController::new().ok()?, release: Rc::default() };
        let options = Object::new();
        Reflect::set(&options, &"signal".into(), &turn.abort.signal()).ok()?;
        let request: Function = Reflect::get(&self.locks, &"request".into()).ok()?.dyn_into().ok()?;
        let release = turn.release.clone();
        // The lock is held until the returned promise resolves.
        let granted = Closure::once_into_js(move |_: JsValue| {
            let held = Promise::new(&mut |resolve, _| {
                release.replace(Some(resolve));
            });
            lead();
            held
        });
        let asked = request.call3(&self.locks, &self.name.as_str().into(), &options, &granted).ok()?;
        let asked: Promise = asked.dyn_into().ok()?;
        // Aborting the request is no error.
        spawn_local(async move { drop(JsFuture::from(asked).await) });
        Some(turn)
    }
}

/// A place in the queue for the lock, or the lock itself; released when dropped.
pub struct Turn {
    abort: AbortController,
    release: Rc<RefCell<Option<Function>>>,
}

impl Turn {
    pub fn leads(&self) -> bool {
        self.release.borrow().is_some()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        match self.release.take() {
            Some(release) => drop(release.call0(&JsValue::UNDEFINED)),
            None => self.abort.abort(),
        }
    }
}
