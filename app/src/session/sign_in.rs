//! Signing in: a plain form, so that password managers know it and nothing has to load first.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use super::api::SignIn;
use crate::{
    i18n::*,
    language::use_locale,
    layout::Plain,
    ui::{Callout, FormState, HiddenField, PageHead, PlainForm, Submit, TextField, Tone, query_value},
};

#[component]
pub fn SignInPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query_map();
    let search = use_location().search;
    let next = search.with_untracked(|search| query_value(search, "next")).unwrap_or_default();
    let changed = query.with_untracked(|query| query.get("done")).as_deref() == Some("password");
    view! {
        <Plain>
            <div class="narrow">
                <PageHead title=td_string!(l, session.sign_in) />
                <p class="quiet">{td_string!(l, session.sign_in_lead)}</p>
                {changed.then(|| view! { <Callout tone=Tone::Good>{td_string!(l, session.reset_done)}</Callout> })}
                <SignInForm next />
            </div>
        </Plain>
    }
}

#[component]
fn SignInForm(next: String) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<SignIn>::new();
    let form = FormState::provide(action);
    view! {
        <PlainForm path="/fn/session/sign_in" class="form">
            {form.view(&["email", "password"])}
            <HiddenField name="next" value=next />
            <TextField name="email" label=td_string!(l, session.email) kind="email" required=true autocomplete="username" />
            <TextField name="password" label=td_string!(l, session.password) kind="password" required=true
                autocomplete="current-password" />
            <Submit>{td_string!(l, session.sign_in)}</Submit>
        </PlainForm>
        <p><a class="link" href="/forgot">{td_string!(l, session.forgot)}</a></p>
        <p class="quiet">{td_string!(l, session.no_account)}</p>
    }
}
