//! Fields, each tied to its label, hint and error for screen readers.

use domain::FieldError;
use leptos::prelude::*;

use super::{
    form::{FormState, key},
    number_text,
};
use crate::{failure::field_error_text, i18n::*, language::use_locale};

/// The id, the error and the description that all kinds of field share.
struct Ties {
    id: String,
    error_id: String,
    hint_id: String,
    invalid: Signal<bool>,
    error: Signal<Option<String>>,
    /// Whether a plain form was refused for this field, which then gets the focus.
    first: bool,
    /// The number of characters in it.
    count: RwSignal<u32>,
}

fn ties(name: &'static str, label: &str) -> Ties {
    let l = use_locale();
    let form = use_context::<FormState>();
    if let Some(form) = form {
        form.note(name, label);
    }
    let count = RwSignal::new(0);
    let error = Signal::derive(move || match form.and_then(|form| form.error(name)) {
        Some(FieldError::TooLong { max }) => Some(too_long(l, max, count.try_get().unwrap_or_default())),
        error => error.map(|error| field_error_text(l, &error)),
    });
    let id = form.map_or_else(|| format!("f-{}", key(name)), |form| form.id(name));
    Ties {
        error_id: format!("{id}-error"),
        hint_id: format!("{id}-hint"),
        id,
        invalid: Signal::derive(move || error.try_get().flatten().is_some()),
        first: cfg!(feature = "ssr") && form.is_some_and(|form| form.error(name).is_some()),
        error,
        count,
    }
}

fn too_long(l: Locale, max: u32, count: u32) -> String {
    if count > max {
        let (max, count) = (number_text(l, u64::from(max)), number_text(l, u64::from(count)));
        td_string!(l, failure.too_long_counted, max = max, count = count).to_string()
    } else {
        field_error_text(l, &FieldError::TooLong { max })
    }
}

fn error_view(id: String, error: Signal<Option<String>>) -> impl IntoView {
    view! { <p id=id class="field-error" aria-live="polite">{move || error.try_get().flatten()}</p> }
}

/// Returns what a field shows first: what was typed before, or the given value.
fn first_value(name: &str, value: Option<String>) -> Option<String> {
    use_context::<FormState>().and_then(|form| form.typed(name)).or(value)
}

#[component]
pub fn TextField(
    name: &'static str,
    #[prop(into)] label: String,
    /// `text`, `email`, `password`, `tel`, `search`, `datetime-local`, `date`.
    #[prop(default = "text")]
    kind: &'static str,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional)] required: bool,
    #[prop(optional)] autocomplete: Option<&'static str>,
    /// The maximum number of characters. More can be typed and are counted: nothing is cut silently (B33).
    #[prop(optional)]
    max: Option<u32>,
) -> impl IntoView {
    let Ties { id, error_id, hint_id, invalid, error, first, count } = ties(name, &label);
    let given = value.clone().unwrap_or_default();
    let value = if kind == "password" { None } else { first_value(name, value) };
    let described = format!("{error_id} {hint_id}");
    count.set(value.as_deref().map(count_of).unwrap_or_default());
    let (invalid, error) = match max {
        Some(max) => counted(max, count, invalid, error),
        None => (invalid, error),
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}{required.then(|| view! { <span aria-hidden="true">" *"</span> })}</label>
            {hint.map(|hint| view! { <p id=hint_id class="field-hint">{hint}</p> })}
            <input id=id name=name type=kind class="input" class:input-error=invalid value=value required=required autofocus=first
                autocomplete=autocomplete data-first=given aria-invalid=move || invalid.try_get().unwrap_or_default().then_some("true")
                aria-describedby=described
                on:input=move |event| count.set(count_of(&event_target_value(&event))) />
            {error_view(error_id, error)}
        </div>
    }
}

/// Counts as the server does: without blanks at either end.
fn count_of(text: &str) -> u32 {
    u32::try_from(text.trim().chars().count()).unwrap_or(u32::MAX)
}

/// Makes a field say by how much it is too long, while it is being typed into.
fn counted(
    max: u32,
    count: RwSignal<u32>,
    invalid: Signal<bool>,
    error: Signal<Option<String>>,
) -> (Signal<bool>, Signal<Option<String>>) {
    let l = use_locale();
    let over = move || count.try_get().filter(|count| *count > max);
    let said =
        Signal::derive(move || over().map(|count| too_long(l, max, count)).or_else(|| error.try_get().flatten()));
    (Signal::derive(move || over().is_some() || invalid.try_get() == Some(true)), said)
}

/// Returns the markup of a text area's content. It is escaped here and nowhere else: on the server tachys writes the
/// children of `<textarea>` unescaped, and in the browser it leaves a text area that it builds empty (D1).
fn box_markup(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    // HTML parsers drop a line end right after the tag.
    if cfg!(feature = "ssr") && !escaped.is_empty() { format!("\n{escaped}") } else { escaped }
}

/// Without a `value` it is emptied when its form succeeds; with one, even an empty one, it keeps showing what is stored
/// (D1).
#[component]
pub fn TextArea(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional)] required: bool,
    #[prop(default = 6)] rows: u32,
) -> impl IntoView {
    let Ties { id, error_id, hint_id, invalid, error, first, count } = ties(name, &label);
    let stored = value.is_some().then_some("");
    let given = value.clone().unwrap_or_default();
    let value = first_value(name, value).unwrap_or_default();
    count.set(count_of(&value));
    let described = format!("{error_id} {hint_id}");
    view! {
        <div class="field">
            <label for=id.clone()>{label}{required.then(|| view! { <span aria-hidden="true">" *"</span> })}</label>
            {hint.map(|hint| view! { <p id=hint_id class="field-hint">{hint}</p> })}
            <textarea id=id name=name class="textarea" class:textarea-error=invalid rows=rows required=required autofocus=first placeholder=" "
                data-first=given data-stored=stored aria-invalid=move || invalid.try_get().unwrap_or_default().then_some("true")
                aria-describedby=described inner_html=box_markup(&value)
                on:input=move |event| count.set(count_of(&event_target_value(&event)))></textarea>
            {error_view(error_id, error)}
        </div>
    }
}

/// One choice of a select, radio group or checkbox group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub hint: Option<String>,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

#[component]
pub fn SelectField(
    name: &'static str,
    #[prop(into)] label: String,
    choices: Vec<Choice>,
    #[prop(optional, into)] value: Option<String>,
    /// Shown first, with an empty value.
    #[prop(optional, into)]
    placeholder: Option<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let Ties { id, error_id, hint_id, invalid, error, first, .. } = ties(name, &label);
    let given = value.clone().unwrap_or_default();
    let value = first_value(name, value);
    let described = format!("{error_id} {hint_id}");
    let options = choices
        .into_iter()
        .map(|choice| {
            let selected = value.as_ref() == Some(&choice.value);
            view! { <option value=choice.value selected=selected>{choice.label}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=id.clone()>{label}{required.then(|| view! { <span aria-hidden="true">" *"</span> })}</label>
            {hint.map(|hint| view! { <p id=hint_id class="field-hint">{hint}</p> })}
            <select id=id name=name class="select" class:select-error=invalid required=required autofocus=first
                data-first=given aria-invalid=move || invalid.try_get().unwrap_or_default().then_some("true") aria-describedby=described>
                {placeholder.map(|text| view! { <option value="">{text}</option> })}
                {options}
            </select>
            {error_view(error_id, error)}
        </div>
    }
}

/// Cards to choose one from, for choices that need explaining.
#[component]
pub fn RadioGroup(
    name: &'static str,
    #[prop(into)] label: String,
    choices: Vec<Choice>,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let ties = ties(name, &label);
    let given = value.iter().cloned().collect();
    let value = first_value(name, value);
    group(name, label, "radio", choices, (given, value.into_iter().collect()), required, ties)
}

/// Cards to choose several from; each chosen one is sent under `name`.
#[component]
pub fn CheckboxGroup(
    /// Ends with `[]`.
    name: &'static str,
    #[prop(into)] label: String,
    choices: Vec<Choice>,
    #[prop(optional)] values: Vec<String>,
) -> impl IntoView {
    let ties = ties(name, &label);
    let given = values.clone();
    let values = use_context::<FormState>().and_then(|form| form.typed_all(name)).unwrap_or(values);
    group(name, label, "checkbox", choices, (given, values), false, ties)
}

fn group(
    name: &'static str,
    label: String,
    kind: &'static str,
    choices: Vec<Choice>,
    // The page's own choices, and the ones to show.
    (given, values): (Vec<String>, Vec<String>),
    required: bool,
    ties: Ties,
) -> impl IntoView {
    let Ties { id, error_id, error, first, .. } = ties;
    let described = error_id.clone();
    let class = if kind == "radio" { "radio" } else { "checkbox" };
    let cards = choices
        .into_iter()
        .enumerate()
        .map(|(at, choice)| {
            // The list of errors leads to the first one.
            let id = (at == 0).then(|| id.clone());
            let checked = values.contains(&choice.value);
            let given = if given.contains(&choice.value) { "on" } else { "off" };
            view! {
                <label class="choice">
                    <input type=kind class=class id=id name=name value=choice.value checked=checked data-first=given
                        autofocus=first && at == 0 required=required && kind == "radio" />
                    <span>
                        <span class="choice-label">{choice.label}</span>
                        {choice.hint.map(|hint| view! { <span class="choice-hint">{hint}</span> })}
                    </span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="field" aria-describedby=described>
            <legend>{label}{required.then(|| view! { <span aria-hidden="true">" *"</span> })}</legend>
            <div class="choices">{cards}</div>
            {error_view(error_id, error)}
        </fieldset>
    }
}
