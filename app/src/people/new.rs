//! The form to add a person (R18, R29). The company is prominent in it (K5).

use domain::{access::Permission, people::CompanyHead};
use leptos::prelude::*;

use super::{
    api::{AddPerson, find_company_to_add},
    forms::RoleFields,
    list::{company_in_address, with_viewer},
    words::may,
};
use crate::{
    i18n::*,
    language::{to_domain, use_locale},
    session::Viewer,
    ui::{Callout, Choice, FormState, HiddenField, PageHead, PlainForm, SelectField, Submit, TextField, Tone, loaded},
};

#[component]
pub fn NewPersonPage() -> impl IntoView {
    let l = use_locale();
    let company = company_in_address();
    let page = with_viewer(move || company.get(), find_company_to_add);
    view! {
        <PageHead title=td_string!(l, people.add) />
        {loaded(page, move |(company, viewer): (Option<CompanyHead>, Option<Viewer>)| match (company, viewer) {
            (Some(company), Some(viewer)) => {
                let every_role = may(&viewer, Permission::RoleGrant, company.organisation);
                view! { <PersonFields company every_role /> }.into_any()
            }
            _ => view! { <p><a class="link way" href="/people">{td_string!(l, people.choose_company)}</a></p> }.into_any(),
        })}
    }
}

#[component]
fn PersonFields(company: CompanyHead, every_role: bool) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<AddPerson>::new();
    let form = FormState::provide(action);
    let languages = vec![Choice::new("fr", "Français"), Choice::new("en", "English")];
    let language = to_domain(l).key();
    let silent = company.silent;
    view! {
        <PlainForm path="/fn/people/add" class="form person-form" main=true>
            {form.view(&["name", "email", "phone", "locale", "role", "reach", "products", "until"])}
            <p class="for-company">{td_string!(l, people.for_company)} " " <strong>{company.name}</strong></p>
            {if silent {
                view! { <Callout tone=Tone::Info>{td_string!(l, people.silent)}</Callout> }.into_any()
            } else {
                view! { <p class="quiet">{td_string!(l, people.new_lead)}</p> }.into_any()
            }}
            <HiddenField name="form[organisation]" value=company.organisation.to_string() />
            <TextField name="form[name]" label=td_string!(l, people.name) required=true max=120 autocomplete="off" />
            <TextField name="form[email]" label=td_string!(l, people.email) kind="email" required=true autocomplete="off" />
            <TextField name="form[phone]" label=td_string!(l, people.phone) kind="tel" autocomplete="off" hint=td_string!(l, people.phone_hint) />
            <SelectField name="form[locale]" label=td_string!(l, people.language) choices=languages value=language />
            <RoleFields products=company.products every_role />
            <Submit>{if silent { td_string!(l, people.save_silent) } else { td_string!(l, people.save_new) }}</Submit>
        </PlainForm>
    }
}
