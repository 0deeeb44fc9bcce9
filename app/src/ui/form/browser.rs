//! What a form needs of the browser: its controls, the storage of the tab, the focus. Called in the browser only.
//!
//! The tab stores what is typed under the person, the address and the form, so that neither another person in the tab nor
//! another page sees it. Passwords, files and hidden fields are never kept.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Element, FormData, Headers, HtmlElement, HtmlFormElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement,
    RequestInit, Response, Storage, SubmitEvent, UrlSearchParams,
};

/// The prefix of the tab's storage keys.
const KEPT: &str = "typed ";
/// The suffix of the storage key for a form that the browser itself sent.
const SENT: &str = " sent";
/// The cookie in which the server says which form it accepted last.
const TAKEN: &str = "taken";

/// Returns a random key, tied to a person by the server's mark.
pub fn new_key(tag: Option<&str>) -> String {
    let part = || format!("{:08x}", (js_sys::Math::random() * f64::from(u32::MAX)) as u32);
    let random = format!("{}{}{}", part(), part(), part());
    match tag {
        Some(tag) => format!("{random}.{tag}"),
        None => random,
    }
}

/// Starts a form with its own values: a page that changes in place reuses the elements of the previous form, with what was
/// typed into it (D1).
pub fn begin_anew(form: &HtmlFormElement, place: &str) {
    let before = form.get_attribute("data-live");
    if before.as_ref().is_some_and(|before| before != place) {
        form.reset();
    }
    if before.is_some() {
        let _ = form.remove_attribute("data-server");
    }
    let _ = form.set_attribute("data-live", place);
}

/// What a form sends, as of one moment.
#[derive(Default)]
pub struct Snapshot {
    pub body: String,
    pub key: String,
    /// The text areas by name.
    texts: Vec<(String, String)>,
}

impl Snapshot {
    pub fn take(form: &HtmlFormElement, event: &SubmitEvent) -> Option<Self> {
        let data = FormData::new_with_form(form).ok()?;
        // A form with several buttons sends the one that was used.
        if let Some(button) = event.submitter().and_then(|button| button.dyn_into::<web_sys::HtmlButtonElement>().ok())
            && !button.name().is_empty()
        {
            data.append_with_str(&button.name(), &button.value()).ok()?;
        }
        let body = UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?.to_string().as_string()?;
        let texts = areas(form).into_iter().map(|area| (area.name(), area.value())).collect();
        Some(Self { body, key: data.get("key").as_string().unwrap_or_default(), texts })
    }

    /// Returns the name of the longest text.
    pub fn longest(&self) -> Option<&str> {
        self.texts.iter().max_by_key(|(_, text)| text.len()).map(|(name, _)| name.as_str())
    }

    /// Removes what was sent from text areas that show nothing stored; what was typed since stays.
    pub fn empty(&self, form: &HtmlFormElement) {
        for area in areas(form).into_iter().filter(|area| !shows_stored(area)) {
            let name = area.name();
            if let Some((_, sent)) = self.texts.iter().find(|(known, _)| *known == name) {
                let now = area.value();
                area.set_value(now.strip_prefix(sent.as_str()).unwrap_or(&now));
            }
        }
    }

    /// Makes what was accepted the form's new initial values, so that only a further change is kept.
    pub fn settle(&self, form: &HtmlFormElement) {
        let sent: Vec<(String, String)> = form_urlencoded::parse(self.body.as_bytes()).into_owned().collect();
        let has = |name: &str, wanted: &str| sent.iter().any(|(known, value)| known == name && value == wanted);
        let value = |name: &str| sent.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let note = |field: &Element, first: &str| {
            let _ = field.set_attribute("data-first", first);
        };
        for area in areas(form).into_iter().filter(shows_stored) {
            if let Some((_, text)) = self.texts.iter().find(|(known, _)| *known == area.name()) {
                note(&area, text);
            }
        }
        for input in inputs(form) {
            let name = input.name();
            if is_choice(&input) {
                note(&input, if has(&name, &input.value()) { "on" } else { "off" });
            } else if let Some(value) = value(&name) {
                note(&input, value);
            }
        }
        for select in selects(form) {
            if let Some(value) = value(&select.name()) {
                note(&select, value);
            }
        }
    }
}

/// Puts unsent texts back into their text areas, in order and before what was typed since. A single text keeps its key: if
/// it was accepted after all, sending it again is the same act.
pub fn refill(form: &HtmlFormElement, unsent: &[Snapshot]) {
    for area in areas(form) {
        let name = area.name();
        let texts = unsent.iter().flat_map(|one| &one.texts).filter(|(known, _)| *known == name);
        let mut lines: Vec<String> = texts.map(|(_, text)| text.clone()).collect();
        let now = area.value();
        if !now.is_empty() {
            lines.push(now);
        }
        area.set_value(&lines.join("\n"));
    }
    if let [only] = unsent
        && let Some(input) = key_input(form)
    {
        input.set_value(&only.key);
    }
}

/// The answer of a server function.
pub struct Answer {
    pub taken: bool,
    /// Whether the form is larger than any can be; then nothing reads it.
    pub too_long: bool,
    pub body: String,
    /// Where it leads.
    pub location: Option<String>,
}

/// Sends a form as scripts do; returns `None` when no answer arrives.
pub async fn post(path: &str, body: &str) -> Option<Answer> {
    let headers = Headers::new().ok()?;
    headers.set("accept", "application/json").ok()?;
    headers.set("content-type", "application/x-www-form-urlencoded").ok()?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&JsValue::from_str(body));
    let response = JsFuture::from(window().fetch_with_str_and_init(path, &init)).await.ok()?;
    let response: Response = response.dyn_into().ok()?;
    let header = |name: &str| response.headers().get(name).ok().flatten();
    let location = header("serverfnredirect").and_then(|_| header("location"));
    let text = JsFuture::from(response.text().ok()?).await.ok()?;
    Some(Answer {
        taken: response.ok(),
        too_long: response.status() == 413,
        body: text.as_string().unwrap_or_default(),
        location,
    })
}

/// Sends fields while the page is being left; the answer is ignored.
pub fn send_in_passing(path: &str, fields: &[(&str, &str)]) {
    if let Ok(params) = UrlSearchParams::new() {
        for (name, value) in fields {
            params.append(name, value);
        }
        let _ = window().navigator().send_beacon_with_opt_url_search_params(path, Some(&params));
    }
}

fn select<T: JsCast>(form: &HtmlFormElement, query: &str) -> Vec<T> {
    let Ok(found) = form.query_selector_all(query) else { return Vec::new() };
    (0..found.length()).filter_map(|at| found.get(at)?.dyn_into().ok()).collect()
}

fn areas(form: &HtmlFormElement) -> Vec<HtmlTextAreaElement> {
    select(form, "textarea[name]")
}

fn inputs(form: &HtmlFormElement) -> Vec<HtmlInputElement> {
    let all: Vec<HtmlInputElement> = select(form, "input[name]");
    let kept = |input: &HtmlInputElement| !matches!(input.type_().as_str(), "hidden" | "password" | "file" | "submit");
    all.into_iter().filter(kept).collect()
}

fn selects(form: &HtmlFormElement) -> Vec<HtmlSelectElement> {
    select(form, "select[name]")
}

fn is_choice(input: &HtmlInputElement) -> bool {
    matches!(input.type_().as_str(), "radio" | "checkbox")
}

fn key_input(form: &HtmlFormElement) -> Option<HtmlInputElement> {
    form.query_selector("input[name=key]").ok()??.dyn_into().ok()
}

/// Gives a form that was accepted a new key of the same person: what is sent next is another act.
pub fn renew_key(form: &HtmlFormElement) {
    if let Some(input) = key_input(form) {
        let before = input.value();
        input.set_value(&new_key(before.split_once('.').map(|(_, tag)| tag)));
    }
}

/// Whether a text area shows what is stored, and keeps it after saving (D1).
fn shows_stored(area: &HtmlTextAreaElement) -> bool {
    area.has_attribute("data-stored")
}

/// Returns the page's own value of a field, as opposed to a draft that the server put there.
fn first_value(field: &Element) -> String {
    field.get_attribute("data-first").unwrap_or_default()
}

/// Whether the form holds text other than the page's own.
pub fn is_written(form: &HtmlFormElement) -> bool {
    let text = |input: &HtmlInputElement| !is_choice(input) && input.value() != first_value(input);
    areas(form).iter().any(|area| area.value() != first_value(area)) || inputs(form).iter().any(text)
}

/// Whether text or a choice in the form differs from the page's own.
pub fn is_changed(form: &HtmlFormElement) -> bool {
    let choice = |input: &HtmlInputElement| {
        let first = match input.get_attribute("data-first").as_deref() {
            Some(first) => first == "on",
            None => input.default_checked(),
        };
        is_choice(input) && input.checked() != first
    };
    is_written(form)
        || inputs(form).iter().any(choice)
        || selects(form).iter().any(|select| select.value() != first_choice(select))
}

/// Whether the form holds something that did not come with the page; a draft came with it.
pub fn is_touched(form: &HtmlFormElement) -> bool {
    let option =
        |select: &HtmlSelectElement, query: &str| select.query_selector(query).ok().flatten()?.get_attribute("value");
    let chosen = |select: &HtmlSelectElement| {
        option(select, "option[selected]").or_else(|| option(select, "option")).unwrap_or_default()
    };
    let input = |input: &HtmlInputElement| {
        if is_choice(input) {
            input.checked() != input.default_checked()
        } else {
            input.value() != input.default_value()
        }
    };
    areas(form).iter().any(|area| Ok(area.value()) != area.default_value())
        || inputs(form).iter().any(input)
        || selects(form).iter().any(|select| select.value() != chosen(select))
}

/// Whether the button that was pressed sends the form to another function than its own.
pub fn is_sent_elsewhere(event: &SubmitEvent) -> bool {
    event.submitter().is_some_and(|button| button.has_attribute("formaction"))
}

/// Returns the page's own choice; without one, browsers choose the first option.
fn first_choice(select: &HtmlSelectElement) -> String {
    let option = |query: &str| select.query_selector(query).ok()??.get_attribute("value");
    let chosen = match select.get_attribute("data-first") {
        Some(first) => Some(first).filter(|first| !first.is_empty()),
        None => option("option[selected]"),
    };
    chosen.or_else(|| option("option")).unwrap_or_default()
}

/// Returns what is typed and chosen, as browsers encode forms; empty when the form holds the page's own values.
pub fn typed(form: &HtmlFormElement) -> String {
    if !is_changed(form) {
        return String::new();
    }
    let mut typed = form_urlencoded::Serializer::new(String::new());
    for area in areas(form) {
        typed.append_pair(&area.name(), &area.value());
    }
    for input in inputs(form) {
        if !is_choice(&input) || input.checked() {
            typed.append_pair(&input.name(), &input.value());
        }
    }
    for choice in selects(form) {
        typed.append_pair(&choice.name(), &choice.value());
    }
    typed.finish()
}

/// Restores fields that were not typed into in the meantime.
pub fn put_back(form: &HtmlFormElement, fields: &str) {
    let fields: Vec<(String, String)> = form_urlencoded::parse(fields.as_bytes()).into_owned().collect();
    let find = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    for area in areas(form) {
        if let Some(value) = find(&area.name()).filter(|_| Ok(area.value()) == area.default_value()) {
            area.set_value(value);
        }
    }
    for input in inputs(form) {
        let name = input.name();
        if is_choice(&input) {
            let chosen = fields.iter().any(|(known, value)| *known == name && *value == input.value());
            // Checking a radio button unchecks the others of its group.
            if chosen || input.type_() == "checkbox" {
                input.set_checked(chosen);
            }
        } else if let Some(value) = find(&name).filter(|_| input.value() == input.default_value()) {
            input.set_value(value);
        }
    }
    for choice in selects(form) {
        if let Some(value) = find(&choice.name()) {
            let before = choice.value();
            choice.set_value(value);
            // The option no longer exists.
            if choice.value() != *value {
                choice.set_value(&before);
            }
        }
    }
}

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// Returns the storage key of a form: the person it was made for, then its place (the address and the form).
fn stored_at(key: &str, place: &str) -> String {
    let person = key.split_once('.').map_or("", |(_, tag)| tag);
    format!("{KEPT}{person} {place}")
}

fn stored_for(form: &HtmlFormElement, place: &str) -> String {
    stored_at(&key_input(form).map(|input| input.value()).unwrap_or_default(), place)
}

/// Stores what is typed for this tab.
pub fn keep_in_tab(form: &HtmlFormElement, place: &str, typed: &str) {
    if typed.is_empty() {
        forget_in_tab(form, place);
    } else if let Some(storage) = storage() {
        let _ = storage.set_item(&stored_for(form, place), typed);
    }
}

pub fn forget_in_tab(form: &HtmlFormElement, place: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(&stored_for(form, place));
    }
}

/// Does the same when the form is no longer on the page.
pub fn forget_gone(key: &str, place: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(&stored_at(key, place));
    }
}

/// Restores what this tab stored; returns whether there was anything.
pub fn restore_from_tab(form: &HtmlFormElement, place: &str) -> bool {
    let fields = storage().and_then(|storage| storage.get_item(&stored_for(form, place)).ok().flatten());
    match fields {
        Some(fields) => {
            put_back(form, &fields);
            true
        }
        None => false,
    }
}

/// Notes that the browser itself sends a form; the next page shows whether it was accepted.
pub fn mark_sent(form: &HtmlFormElement, place: &str) {
    let stored = stored_for(form, place);
    if let Some(storage) = storage()
        && storage.get_item(&stored).is_ok_and(|kept| kept.is_some())
    {
        let key = key_input(form).map(|input| input.value()).unwrap_or_default();
        let _ = storage.set_item(&format!("{stored}{SENT}"), random_part(&key));
    }
}

/// Forgets what was typed into a form that the browser sent itself, when the server says that it was accepted;
/// [`crate::App`] calls it. A form that never arrived, was refused or is shown again by "back" keeps what was typed.
pub fn note_what_was_taken() {
    let Some(storage) = storage() else { return };
    let taken = cookie(TAKEN);
    let keys: Vec<String> = (0..storage.length().unwrap_or_default()).filter_map(|at| storage.key(at).ok()?).collect();
    for key in keys {
        if let Some(stored) = key.strip_suffix(SENT).filter(|stored| stored.starts_with(KEPT)) {
            let sent = storage.get_item(&key).ok().flatten();
            let _ = storage.remove_item(&key);
            if sent.is_some() && sent == taken {
                let _ = storage.remove_item(stored);
            }
        }
    }
}

fn cookie(name: &str) -> Option<String> {
    let all = js_sys::Reflect::get(&document(), &"cookie".into()).ok()?.as_string()?;
    let found = all.split("; ").find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    found.map(ToOwned::to_owned)
}

/// The part of a form's key that names the form.
fn random_part(key: &str) -> &str {
    key.split('.').next().unwrap_or_default()
}

/// Focuses the list of errors, the failure of the whole form, or the first wrong field.
pub fn focus_refused(form: &HtmlFormElement) {
    if let Some(whole) = first(form, ".form-wrong, .form-failure") {
        focus(&whole);
        whole.scroll_into_view_with_bool(true);
        return;
    }
    let errors: Vec<HtmlElement> = select(form, ".field-error");
    let Some(error) = errors.into_iter().find(|error| !error.text_content().unwrap_or_default().trim().is_empty())
    else {
        return;
    };
    let beside = error.closest(".field").ok().flatten();
    match beside.and_then(|field| first(&field, "input:not([type=hidden]), textarea, select")) {
        Some(field) => {
            focus(&field);
            // With its label, and below the bar at the top of the window.
            if let Ok(Some(whole)) = field.closest(".field") {
                whole.scroll_into_view_with_bool(true);
            }
        }
        None => {
            let _ = error.set_attribute("tabindex", "-1");
            focus(&error);
        }
    }
}

/// Focuses the emptied text area, or what replaced the form; a reader who moved elsewhere in the meantime stays there.
pub fn focus_after_taking(form: &HtmlFormElement) {
    let active = document().active_element();
    let elsewhere =
        active.as_ref().is_some_and(|active| active.tag_name() != "BODY" && !form.contains(Some(active.as_ref())));
    if elsewhere {
        return;
    }
    let page = || document().query_selector("main h1").ok()?;
    let folded = form.closest("details:not([open])").ok().flatten();
    let next = if !form.is_connected() {
        page()
    } else if let Some(folded) = folded {
        folded.query_selector("summary").ok().flatten()
    } else {
        let still_there = active.filter(|active| form.contains(Some(active.as_ref())) && active.tag_name() != "BUTTON");
        still_there.or_else(|| form.query_selector("textarea").ok()?).or_else(page)
    };
    if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        focus(&next);
    }
}

fn first(within: &Element, query: &str) -> Option<HtmlElement> {
    within.query_selector(query).ok()??.dyn_into().ok()
}

fn focus(element: &HtmlElement) {
    let _ = element.focus();
}
