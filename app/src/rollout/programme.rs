//! The forms of the board: setting a programme up, moving it, adding companies to it.

use domain::{
    ProgrammeId,
    cases::ProductChoice,
    rollout::{Phase, ProgrammeTools},
};
use leptos::prelude::*;

use super::api::{CreateProgramme, EnrolCompanies, ShiftProgramme};
use crate::{
    failure::phase_name,
    i18n::*,
    language::use_locale,
    ui::{
        CheckboxGroup, Choice, Form, FormState, HiddenField, Kind, PlainForm, SearchForm, Submit, TextField,
        refresh_on_success, toast_on_success,
    },
};

/// Moves every day that has not come yet.
#[component]
pub fn ShiftForm(programme: ProgrammeId) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<ShiftProgramme>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_shift));
    view! {
        <details class="panel">
            <summary>{td_string!(l, rollout.shift)}</summary>
            <p class="field-hint">{td_string!(l, rollout.shift_hint)}</p>
            <Form action=action class="form">
                {form.view(&["days", "reason"])}
                <HiddenField name="programme" value=programme.to_string() />
                <TextField name="days" kind="number" label=td_string!(l, rollout.shift_days) hint=td_string!(l, rollout.shift_days_hint) required=true />
                <TextField name="reason" label=td_string!(l, rollout.reason) hint=td_string!(l, rollout.reason_hint) required=true max=300 />
                <details>
                    <summary class="btn btn-outline">{td_string!(l, rollout.shift_button)}</summary>
                    <p class="field-hint">{td_string!(l, rollout.shift_lead)}</p>
                    <Submit>{td_string!(l, rollout.shift_confirm)}</Submit>
                </details>
            </Form>
        </details>
    }
}

/// Adds companies that are in no programme yet; a search finds those that do not fit in the list.
#[component]
pub fn EnrolForm(programme: ProgrammeId, tools: ProgrammeTools, candidate: String) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<EnrolCompanies>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_enrol));
    let searching = !candidate.is_empty();
    let choices: Vec<_> = tools.candidates.into_iter().map(|(id, name)| Choice::new(id.to_string(), name)).collect();
    let none = choices.is_empty();
    (!none || searching).then(|| {
        view! {
            <details class="panel" open=searching>
                <summary>{td_string!(l, rollout.enrol)}</summary>
                {(tools.more || searching).then(|| view! { <FindCandidate programme candidate /> })}
                {none.then(|| view! { <p class="quiet">{td_string!(l, rollout.enrol_none)}</p> })}
                <Form action=action class="form">
                    {form.view(&[])}
                    <HiddenField name="programme" value=programme.to_string() />
                    <CheckboxGroup name="companies[]" label=td_string!(l, rollout.enrol_hint) choices />
                    <Submit kind=Kind::Quiet>{td_string!(l, rollout.enrol_button)}</Submit>
                </Form>
            </details>
        }
    })
}

#[component]
fn FindCandidate(programme: ProgrammeId, candidate: String) -> impl IntoView {
    let l = use_locale();
    view! {
        <SearchForm path="/rollout" one=true>
            <HiddenField name="programme" value=programme.to_string() />
            <TextField name="candidate" label=td_string!(l, rollout.enrol_search) kind="search" value=candidate />
        </SearchForm>
    }
}

/// Sets up a programme (R2, R5): its products, its four days, and where questions go (R34).
#[component]
pub fn NewProgramme(
    products: Vec<ProductChoice>,
    /// No programme exists yet, so the form is unfolded.
    first: bool,
) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<CreateProgramme>::new();
    let form = FormState::provide(action);
    let open = first || form.failure.get_untracked().is_some();
    let none = products.is_empty();
    let choices: Vec<_> =
        products.into_iter().map(|product| Choice::new(product.id.to_string(), product.name)).collect();
    view! {
        <details class="panel" open=open>
            <summary>{td_string!(l, rollout.create)}</summary>
            <p class="field-hint">{td_string!(l, rollout.create_hint)}</p>
            <PlainForm path="/fn/rollout/create_programme" class="form" main=true>
                {form.view(&["key", "name", "contact", "products", "setup", "validation", "enablement", "launch"])}
                <TextField name="form[name]" label=td_string!(l, rollout.create_name) required=true max=120 />
                <TextField name="form[key]" label=td_string!(l, rollout.create_key) hint=td_string!(l, rollout.create_key_hint) required=true max=60 />
                <TextField name="form[contact]" kind="email" label=td_string!(l, rollout.create_contact) hint=td_string!(l, rollout.create_contact_hint) required=true />
                <CheckboxGroup name="form[products][]" label=td_string!(l, rollout.create_products) choices />
                {none.then(|| view! { <p class="quiet">{td_string!(l, rollout.create_no_products)}</p> })}
                <TextField name="form[setup]" kind="date" label=phase_name(l, Phase::Setup) required=true />
                <TextField name="form[validation]" kind="date" label=phase_name(l, Phase::Validation) required=true />
                <TextField name="form[enablement]" kind="date" label=phase_name(l, Phase::Enablement) required=true />
                <TextField name="form[launch]" kind="date" label=phase_name(l, Phase::Launch) required=true />
                <Submit>{td_string!(l, rollout.create_button)}</Submit>
            </PlainForm>
        </details>
    }
}
