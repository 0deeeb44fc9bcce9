//! A forgotten password: the form that asks for a link, and the page behind the link. Opening either changes nothing (K4).

use domain::{Failure, people::ResetState};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::api::{ForgotPassword, ResetPassword, find_reset};
use crate::{
    failure::FailureView,
    i18n::*,
    language::use_locale,
    layout::Plain,
    ui::{
        Callout, DoneNote, FormState, HiddenField, LinkButton, PageHead, PlainForm, Submit, TextField, Tone, loaded_or,
        use_query,
    },
};

#[component]
pub fn ForgotPage() -> impl IntoView {
    let l = use_locale();
    let sent = use_query().with_untracked(|query| query.get("sent")).is_some();
    view! {
        <Plain>
            <div class="narrow">
                <PageHead title=td_string!(l, session.forgot) />
                {if sent {
                    view! { <DoneNote text=td_string!(l, session.forgot_sent) /> }.into_any()
                } else {
                    view! { <ForgotForm /> }.into_any()
                }}
                <p><a class="link way" href="/sign-in">{td_string!(l, session.sign_in)}</a></p>
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
        <PlainForm path="/fn/session/forgot" class="form" main=true>
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
                {loaded_or(state, move |state: ResetState| match state {
                    ResetState::Open => view! { <ResetForm token=token.clone() /> }.into_any(),
                    ResetState::Ended => view! { <Ended /> }.into_any(),
                }, broken_link)}
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

/// Says what to do about a link that a mail program cut short. The form it leads to sends people who have not accepted
/// their invitation the invitation again.
pub fn broken_link(failure: Failure) -> AnyView {
    if failure != Failure::NotFound {
        return view! { <FailureView failure /> }.into_any();
    }
    let l = use_locale();
    view! {
        <Callout tone=Tone::Info>{td_string!(l, session.link_broken)}</Callout>
        <p><LinkButton href="/forgot">{td_string!(l, session.forgot_button)}</LinkButton></p>
        <p><a class="link way" href="/sign-in">{td_string!(l, session.sign_in)}</a></p>
    }
    .into_any()
}

#[component]
fn Ended() -> impl IntoView {
    let l = use_locale();
    view! {
        <Callout tone=Tone::Info>{td_string!(l, session.reset_ended)}</Callout>
        <p><LinkButton href="/forgot">{td_string!(l, session.forgot_button)}</LinkButton></p>
    }
}
