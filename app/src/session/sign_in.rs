//! Signing in: a plain form, so that password managers recognise it and nothing has to load first.

use leptos::prelude::*;

use super::api::SignIn;
use crate::{
    i18n::*,
    language::use_locale,
    layout::Plain,
    ui::{DoneNote, FormState, HiddenField, PageHead, PlainForm, Submit, TextField, use_query},
};

#[component]
pub fn SignInPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query();
    let next = query.with_untracked(|query| query.get("next")).unwrap_or_default();
    let changed = query.with_untracked(|query| query.get("done")).as_deref() == Some("password");
    let led_here = !matches!(next.as_str(), "" | "/");
    let lead = if led_here { td_string!(l, session.sign_in_next) } else { td_string!(l, session.sign_in_lead) };
    view! {
        <Plain>
            <div class="narrow">
                <PageHead title=td_string!(l, session.sign_in) />
                <p class="quiet">{lead}</p>
                {changed.then(|| view! { <DoneNote text=td_string!(l, session.reset_done) /> })}
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
        <p><a class="link way" href="/forgot">{td_string!(l, session.forgot)}</a></p>
        <p class="quiet">{td_string!(l, session.no_account)}</p>
    }
}
