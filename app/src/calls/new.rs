//! The form to ask for a call back: a number and a time, about a new matter or an open case.

use domain::{
    CaseId,
    calls::{CallEntrance, CallbackCase, CallbackDefaults, PhoneLine},
    organisations::OrganisationChoice,
};
use leptos::prelude::*;

use super::{
    PhoneLines,
    api::{RequestCallback, read_call_entrance},
};
use crate::{
    cases::product_choices,
    chat::CompanyField,
    i18n::*,
    language::use_locale,
    ui::{Card, Form, FormState, HiddenField, PageHead, SelectField, Submit, TextArea, TextField, loaded, use_query},
    zone::browser_zone,
};

#[component]
pub fn NewCallPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query();
    let case = Memo::new(move |_| query.with(|query| query.get("case")).and_then(|id| id.parse::<CaseId>().ok()));
    let entrance = Resource::new_blocking(move || case.get(), read_call_entrance);
    view! {
        <PageHead title=td_string!(l, calls.new) />
        {loaded(entrance, |entrance: CallEntrance| view! { <CallForm entrance /> })}
    }
}

#[component]
fn CallForm(entrance: CallEntrance) -> impl IntoView {
    let l = use_locale();
    let lines: Vec<PhoneLine> = entrance.choices.first().map(|(_, lines)| lines.clone()).unwrap_or_default();
    let choices: Vec<OrganisationChoice> = entrance.choices.into_iter().map(|(choice, _)| choice).collect();
    view! {
        <div class="call-page">
            <Card><RequestForm choices case=entrance.case defaults=entrance.defaults /></Card>
            {(!lines.is_empty()).then(|| view! {
                <Card title=td_string!(l, calls.rather_call)><PhoneLines lines /></Card>
            })}
        </div>
    }
}

#[component]
fn RequestForm(
    choices: Vec<OrganisationChoice>,
    case: Option<CallbackCase>,
    defaults: CallbackDefaults,
) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<RequestCallback>::new();
    let form = FormState::provide(action);
    let about_case = case.is_some();
    let about = case.as_ref().map(|case| case.id.to_string()).unwrap_or_default();
    let products = product_choices(&choices, td_string!(l, chat.no_product));
    view! {
        <Form action=action about=about class="form" kept=true main=true>
            {form.view(&["organisation", "product", "phone", "when", "topic"])}
            {match case {
                Some(case) => view! {
                    <p class="for-company">{td_string!(l, calls.about_case)} " " <strong>{case.number} " · " {case.title}</strong></p>
                    <HiddenField name="form[organisation]" value=case.organisation.to_string() />
                    <HiddenField name="form[case]" value=case.id.to_string() />
                }
                .into_any(),
                None => view! {
                    <CompanyField choices />
                    <SelectField name="form[product]" label=td_string!(l, chat.product) choices=products />
                }
                .into_any(),
            }}
            <TextField name="form[phone]" label=td_string!(l, calls.phone) kind="tel" autocomplete="tel" required=true
                value=defaults.phone hint=td_string!(l, calls.phone_hint) />
            <TextField name="form[when]" label=td_string!(l, calls.when) kind="datetime-local" hint=td_string!(l, calls.when_hint) />
            <Zone time_zone=defaults.time_zone known=defaults.zone_known />
            <TextArea name="form[topic]" label=td_string!(l, calls.topic) required=!about_case rows=4 />
            <Submit>{td_string!(l, calls.ask)}</Submit>
        </Form>
    }
}

/// The time zone of the chosen time: the profile's, or the browser's as long as the profile has none.
#[component]
fn Zone(time_zone: String, known: bool) -> impl IntoView {
    let l = use_locale();
    let zone = RwSignal::new(time_zone.clone());
    Effect::new(move |_| {
        if let Some(here) = browser_zone().filter(|_| !known) {
            zone.set(here);
        }
    });
    view! {
        <p class="quiet">{td_string!(l, calls.zone)} " " <strong>{zone}</strong></p>
        <input type="hidden" name="form[time_zone]" value=time_zone prop:value=zone />
    }
}
