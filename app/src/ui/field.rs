//! Fields with their label, hint and error tied to them for screen readers.

use leptos::prelude::*;

use super::form::{FormState, key};
use crate::{failure::field_error_text, language::use_locale};

/// The id, the error and the description that all kinds of field share.
struct Ties {
    id: String,
    error_id: String,
    hint_id: String,
    invalid: Signal<bool>,
    error: Signal<Option<String>>,
}

fn ties(name: &'static str) -> Ties {
    let l = use_locale();
    let form = use_context::<FormState>();
    let error = Signal::derive(move || form.and_then(|form| form.error(name)).map(|error| field_error_text(l, &error)));
    let id = form.map_or_else(|| format!("f-{}", key(name)), |form| form.id(name));
    Ties {
        error_id: format!("{id}-error"),
        hint_id: format!("{id}-hint"),
        id,
        invalid: Signal::derive(move || error.try_get().flatten().is_some()),
        error,
    }
}

fn error_view(id: String, error: Signal<Option<String>>) -> impl IntoView {
    view! { <p id=id class="field-error" aria-live="polite">{move || error.try_get().flatten()}</p> }
}

/// What a field shows first: what was typed before a refusal, or the given value.
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
    #[prop(optional)] max: Option<u32>,
) -> impl IntoView {
    let Ties { id, error_id, hint_id, invalid, error } = ties(name);
    let value = if kind == "password" { None } else { first_value(name, value) };
    let described = format!("{error_id} {hint_id}");
    view! {
        <div class="field">
            <label for=id.clone()>{label}{required.then(|| view! { <span aria-hidden="true">" *"</span> })}</label>
            {hint.map(|hint| view! { <p id=hint_id class="field-hint">{hint}</p> })}
            <input id=id name=name type=kind class="input" class:input-error=invalid value=value required=required
                autocomplete=autocomplete maxlength=max aria-invalid=move || invalid.try_get().unwrap_or_default().then_some("true")
                aria-describedby=described />
            {error_view(error_id, error)}
        </div>
    }
}

/// Begins empty, or with `value`; one that began empty is empty again when its form was taken.
#[component]
pub fn TextArea(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional)] required: bool,
    #[prop(default = 6)] rows: u32,
) -> impl IntoView {
    let Ties { id, error_id, hint_id, invalid, error } = ties(name);
    let node = NodeRef::<leptos::html::Textarea>::new();
    if let Some(form) = use_context::<FormState>().filter(|_| value.is_none()) {
        Effect::new(move |_| {
            if form.sent.get() > 0
                && let Some(text) = node.get_untracked()
            {
                text.set_value("");
            }
        });
    }
    let value = first_value(name, value).unwrap_or_default();
    let described = format!("{error_id} {hint_id}");
    view! {
        <div class="field">
            <label for=id.clone()>{label}{required.then(|| view! { <span aria-hidden="true">" *"</span> })}</label>
            {hint.map(|hint| view! { <p id=hint_id class="field-hint">{hint}</p> })}
            <textarea id=id name=name node_ref=node class="textarea" class:textarea-error=invalid rows=rows required=required
                aria-invalid=move || invalid.try_get().unwrap_or_default().then_some("true") aria-describedby=described>{value}</textarea>
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
    let Ties { id, error_id, hint_id, invalid, error } = ties(name);
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
            <select id=id name=name class="select" class:select-error=invalid required=required
                aria-invalid=move || invalid.try_get().unwrap_or_default().then_some("true") aria-describedby=described>
                {placeholder.map(|text| view! { <option value="">{text}</option> })}
                {options}
            </select>
            {error_view(error_id, error)}
        </div>
    }
}

/// Cards to choose one from: where the choices need explaining.
#[component]
pub fn RadioGroup(
    name: &'static str,
    #[prop(into)] label: String,
    choices: Vec<Choice>,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let Ties { error_id, error, .. } = ties(name);
    let value = first_value(name, value);
    group(name, label, "radio", choices, value.into_iter().collect(), required, error_id, error)
}

/// Several of several; sent as `name` once for each.
#[component]
pub fn CheckboxGroup(
    /// Ends with `[]`.
    name: &'static str,
    #[prop(into)] label: String,
    choices: Vec<Choice>,
    #[prop(optional)] values: Vec<String>,
) -> impl IntoView {
    let Ties { error_id, error, .. } = ties(name);
    let values = use_context::<FormState>().and_then(|form| form.typed_all(name)).unwrap_or(values);
    group(name, label, "checkbox", choices, values, false, error_id, error)
}

#[expect(clippy::too_many_arguments, reason = "the private half of two components")]
fn group(
    name: &'static str,
    label: String,
    kind: &'static str,
    choices: Vec<Choice>,
    values: Vec<String>,
    required: bool,
    error_id: String,
    error: Signal<Option<String>>,
) -> impl IntoView {
    let described = error_id.clone();
    let class = if kind == "radio" { "radio" } else { "checkbox" };
    let cards = choices
        .into_iter()
        .map(|choice| {
            let checked = values.contains(&choice.value);
            view! {
                <label class="choice">
                    <input type=kind class=class name=name value=choice.value checked=checked required=required && kind == "radio" />
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
