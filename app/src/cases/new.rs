//! The form to open a case. Before the launch it says when it opens; a reader without a role learns who can give one.

use domain::{
    cases::{Impact, Priority},
    organisations::OrganisationChoice,
};
use leptos::prelude::*;

use super::{
    api::{OpenCase, opening_choices},
    parts::{Attach, priority_text, product_choices},
};
use crate::{
    i18n::*,
    language::use_locale,
    ui::{
        Callout, Choice, Form, FormState, HiddenField, PageHead, RadioGroup, SelectField, Submit, TextArea, TextField,
        Tone, loaded,
    },
};

#[component]
pub fn NewCasePage() -> impl IntoView {
    let l = use_locale();
    let choices = Resource::new_blocking(|| (), |()| opening_choices());
    view! {
        <PageHead title=td_string!(l, cases.new) />
        {loaded(choices, |choices: Vec<OrganisationChoice>| view! { <NewCaseForm choices /> })}
    }
}

#[component]
fn NewCaseForm(choices: Vec<OrganisationChoice>) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<OpenCase>::new();
    let form = FormState::provide(action);
    let no_product = choices.iter().all(|choice| choice.products.is_empty());
    let products = product_choices(&choices, td_string!(l, cases.no_product));
    let priorities = Priority::ALL
        .iter()
        .map(|priority| Choice::new(priority.key(), priority_text(l, *priority)).hint(priority_hint(l, *priority)))
        .collect();
    let impacts = Impact::ALL.iter().map(|impact| Choice::new(impact.key(), impact_text(l, *impact))).collect();
    view! {
        <Form action=action class="form" kept=true main=true>
            {form.view(&["organisation", "product", "title", "description", "priority", "impact", "files"])}
            <Company choices />
            {no_product.then(|| view! { <Callout tone=Tone::Warn>{td_string!(l, cases.no_entitlement)}</Callout> })}
            <SelectField name="form[product]" label=td_string!(l, cases.product) choices=products required=true
                placeholder=td_string!(l, cases.choose) />
            <TextField name="form[title]" label=td_string!(l, cases.title) required=true max=200 hint=td_string!(l, cases.title_hint) />
            <TextArea name="form[description]" label=td_string!(l, cases.description) required=true rows=8
                hint=td_string!(l, cases.description_hint) />
            <RadioGroup name="form[priority]" label=td_string!(l, cases.priority) choices=priorities required=true />
            <RadioGroup name="form[impact]" label=td_string!(l, cases.impact) choices=impacts />
            <Attach />
            <Submit>{td_string!(l, cases.send)}</Submit>
        </Form>
    }
}

/// The company is prominent in the form (K5): a choice when there are several, a line of text when there is one.
#[component]
fn Company(choices: Vec<OrganisationChoice>) -> impl IntoView {
    let l = use_locale();
    match choices.as_slice() {
        [only] => view! {
            <p class="for-company">{td_string!(l, cases.for_company)} " " <strong>{only.name.clone()}</strong></p>
            <HiddenField name="form[organisation]" value=only.id.to_string() />
        }
        .into_any(),
        several => {
            let choices =
                several.iter().map(|choice| Choice::new(choice.id.to_string(), choice.name.clone())).collect();
            view! { <RadioGroup name="form[organisation]" label=td_string!(l, cases.for_company) choices required=true /> }.into_any()
        }
    }
}

fn priority_hint(l: Locale, priority: Priority) -> &'static str {
    match priority {
        Priority::P1 => td_string!(l, cases.p1_hint),
        Priority::P2 => td_string!(l, cases.p2_hint),
        Priority::P3 => td_string!(l, cases.p3_hint),
        Priority::P4 => td_string!(l, cases.p4_hint),
    }
}

fn impact_text(l: Locale, impact: Impact) -> &'static str {
    match impact {
        Impact::Small => td_string!(l, cases.impact_small),
        Impact::Medium => td_string!(l, cases.impact_medium),
        Impact::Large => td_string!(l, cases.impact_large),
    }
}
