//! The page behind an invitation link, for visitors who are not signed in. Opening it changes nothing (K4); the form
//! accepts.

use domain::people::{InvitationState, InvitationView};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    api::{AcceptInvitation, RenewInvitation, find_invitation},
    words::{role_hint, role_text},
};
use crate::{
    i18n::*,
    language::use_locale,
    layout::Plain,
    session::broken_link,
    ui::{
        Callout, DoneNote, FormState, HiddenField, LinkButton, PageHead, PlainForm, Submit, TextField, Tone, loaded_or,
        use_query,
    },
};

#[component]
pub fn InvitationPage() -> impl IntoView {
    let l = use_locale();
    let token = use_params_map().with_untracked(|params| params.get("token")).unwrap_or_default();
    let sent = use_query().with_untracked(|query| query.get("sent")).is_some();
    let asked = token.clone();
    let invitation = Resource::new_blocking(move || asked.clone(), find_invitation);
    view! {
        <Plain>
            <div class="narrow">
                <PageHead title=td_string!(l, people.invitation) />
                {sent.then(|| view! { <DoneNote text=td_string!(l, people.renewed) /> })}
                {loaded_or(invitation, move |state: InvitationState| {
                    let token = token.clone();
                    match state {
                        InvitationState::Open(view) => view! { <AcceptForm token view /> }.into_any(),
                        InvitationState::Accepted { organisation } => view! { <Accepted organisation /> }.into_any(),
                        InvitationState::Expired { organisation } => view! { <Expired token organisation sent /> }.into_any(),
                    }
                }, broken_link)}
            </div>
        </Plain>
    }
}

#[component]
fn AcceptForm(token: String, view: InvitationView) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<AcceptInvitation>::new();
    let form = FormState::provide(action);
    let known = view.has_password;
    let roles = view
        .roles
        .iter()
        .map(|role| view! { <li><strong>{role_text(l, *role)}</strong><br /><span class="quiet">{role_hint(l, *role)}</span></li> })
        .collect_view();
    let lead = if known { td_string!(l, people.accept_known) } else { td_string!(l, people.accept_new) };
    view! {
        <p class="for-company">{td_string!(l, people.invited_to)} " " <strong>{view.organisation}</strong></p>
        {(!view.roles.is_empty()).then(|| view! { <ul class="space-y-2" aria-label=td_string!(l, people.your_roles)>{roles}</ul> })}
        <p>{lead}</p>
        <PlainForm path="/fn/people/accept" class="form">
            {form.view(&["name", "password", "password_again"])}
            <HiddenField name="token" value=token />
            <p class="quiet">{td_string!(l, people.login_as)} " · " <strong>{view.email}</strong></p>
            {if known {
                view! {
                    <TextField name="password" label=td_string!(l, people.password) kind="password" required=true
                        autocomplete="current-password" />
                }
                .into_any()
            } else {
                view! {
                    <TextField name="name" label=td_string!(l, people.name) value=view.name required=true autocomplete="name" max=120 />
                    <TextField name="password" label=td_string!(l, people.password_new) kind="password" required=true
                        autocomplete="new-password" hint=td_string!(l, people.password_hint) />
                    <TextField name="password_again" label=td_string!(l, people.password_again) kind="password" required=true
                        autocomplete="new-password" />
                }
                .into_any()
            }}
            <Submit>{td_string!(l, people.accept)}</Submit>
        </PlainForm>
    }
}

#[component]
fn Accepted(organisation: String) -> impl IntoView {
    let l = use_locale();
    view! {
        <Callout tone=Tone::Good>
            <p class="font-semibold">{td_string!(l, people.accepted)} " · " {organisation}</p>
            <p>{td_string!(l, people.accepted_lead)}</p>
        </Callout>
        <p><LinkButton href="/sign-in">{td_string!(l, people.sign_in)}</LinkButton></p>
    }
}

#[component]
fn Expired(token: String, organisation: String, sent: bool) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<RenewInvitation>::new();
    let form = FormState::provide(action);
    view! {
        <Callout tone=Tone::Info>
            <p class="font-semibold">{td_string!(l, people.expired_title)} " · " {organisation}</p>
            <p>{td_string!(l, people.expired_lead)}</p>
        </Callout>
        {form.view(&[])}
        {(!sent).then(|| view! {
            <PlainForm path="/fn/people/renew">
                <HiddenField name="token" value=token />
                <Submit>{td_string!(l, people.renew)}</Submit>
            </PlainForm>
        })}
    }
}
