//! The page behind the link to a new address (D5), for its owner, with or without a session. Opening it changes nothing
//! (K4); the form does, with the password of the account.

use domain::people::{AddressLinkState, AddressLinkView};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::api::{ConfirmAddress, find_address_link};
use crate::{
    i18n::*,
    language::use_locale,
    layout::Plain,
    session::broken_link,
    ui::{
        Callout, FormState, HiddenField, LinkButton, PageHead, PlainForm, Submit, TextField, Tone, loaded_or, use_query,
    },
};

#[component]
pub fn AddressPage() -> impl IntoView {
    let l = use_locale();
    let token = use_params_map().with_untracked(|params| params.get("token")).unwrap_or_default();
    let done = use_query().with_untracked(|query| query.get("done")).is_some();
    let asked = token.clone();
    let state = Resource::new_blocking(move || asked.clone(), find_address_link);
    view! {
        <Plain>
            <div class="narrow">
                <PageHead title=td_string!(l, people.address) />
                {loaded_or(state, move |state: AddressLinkState| match state {
                    AddressLinkState::Open(view) => view! { <ConfirmForm token=token.clone() view /> }.into_any(),
                    AddressLinkState::Ended if done => view! {
                        <Callout tone=Tone::Good>{td_string!(l, people.address_taken)}</Callout>
                        <p><LinkButton href="/sign-in">{td_string!(l, people.sign_in)}</LinkButton></p>
                    }
                    .into_any(),
                    AddressLinkState::Ended => view! {
                        <Callout tone=Tone::Info>{td_string!(l, failure.address_link_ended)}</Callout>
                        <p><LinkButton href="/sign-in">{td_string!(l, people.sign_in)}</LinkButton></p>
                    }
                    .into_any(),
                }, broken_link)}
            </div>
        </Plain>
    }
}

#[component]
fn ConfirmForm(token: String, view: AddressLinkView) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<ConfirmAddress>::new();
    let form = FormState::provide(action);
    view! {
        <p class="for-company">{td_string!(l, people.for_company)} " " <strong>{view.organisation}</strong></p>
        <p>{td_string!(l, people.address_lead)}</p>
        <p class="quiet">{td_string!(l, people.login_as)} " · " <strong>{view.name}</strong></p>
        <p class="quiet">{td_string!(l, people.address_new)} " · " <strong>{view.email}</strong></p>
        <PlainForm path="/fn/people/confirm_address" class="form">
            {form.view(&["password"])}
            <HiddenField name="token" value=token />
            <TextField name="password" label=td_string!(l, people.password) kind="password" required=true
                autocomplete="current-password" />
            <Submit>{td_string!(l, people.address_button)}</Submit>
        </PlainForm>
    }
}
