//! A forgotten password: asking for a link, and the page behind it. Opening either changes nothing (K4).

use domain::people::ResetState;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{ForgotPassword, ResetPassword, find_reset};
use crate::{
    i18n::*,
    language::use_locale,
    layout::Plain,
    ui::{Callout, FormState, HiddenField, LinkButton, PageHead, PlainForm, Submit, TextField, Tone, loaded},
};

#[component]
pub fn ForgotPage() -> impl IntoView {
    let l = use_locale();
    let sent = use_query_map().with_untracked(|query| query.get("sent")).is_some();
    view! {
        <Plain>
            <div class="narrow">
                <PageHead title=td_string!(l, session.forgot) />
                {if sent {
                    view! { <Callout tone=Tone::Good>{td_string!(l, session.forgot_sent)}</Callout> }.into_any()
                } else {
                    view! { <ForgotForm /> }.into_any()
                }}
                <p><a class="link" href="/sign-in">{td_string!(l, session.sign_in)}</a></p>
            </div>
        </Plain>
    }
}

#[component]
fn ForgotForm() -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<ForgotPassword>::new();
    let form = FormState::provide(action);
    view! {
        <p class="quiet">{td_string!(l, session.forgot_lead)}</p>
        <PlainForm path="/fn/session/forgot" class="form">
            {form.view(&["email"])}
            <TextField name="email" label=td_string!(l, session.email) kind="email" required=true autocomplete="username" />
            <Submit>{td_string!(l, session.forgot_button)}</Submit>
        </PlainForm>
    }
}

#[component]
pub fn ResetPage() -> impl IntoView {
    let l = use_locale();
    let token = use_params_map().with_untracked(|params| params.get("token")).unwrap_or_default();
    let asked = token.clone();
    let state = Resource::new_blocking(move || asked.clone(), find_reset);
    view! {
        <Plain>
            <div class="narrow">
                <PageHead title=td_string!(l, session.reset) />
                {loaded(state, move |state: ResetState| match state {
                    ResetState::Open => view! { <ResetForm token=token.clone() /> }.into_any(),
                    ResetState::Ended => view! { <Ended /> }.into_any(),
                })}
            </div>
        </Plain>
    }
}

#[component]
fn ResetForm(token: String) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<ResetPassword>::new();
    let form = FormState::provide(action);
    view! {
        <p class="quiet">{td_string!(l, session.reset_lead)}</p>
        <PlainForm path="/fn/session/reset" class="form">
            {form.view(&["password", "password_again"])}
            <HiddenField name="token" value=token />
            <TextField name="password" label=td_string!(l, session.password_new) kind="password" required=true
                autocomplete="new-password" hint=td_string!(l, session.password_hint) />
            <TextField name="password_again" label=td_string!(l, session.password_again) kind="password" required=true
                autocomplete="new-password" />
            <Submit>{td_string!(l, session.reset_button)}</Submit>
        </PlainForm>
    }
}

#[component]
fn Ended() -> impl IntoView {
    let l = use_locale();
    view! {
        <Callout tone=Tone::Info>{td_string!(l, session.reset_ended)}</Callout>
        <p><LinkButton href="/forgot">{td_string!(l, session.forgot_button)}</LinkButton></p>
    }
}
