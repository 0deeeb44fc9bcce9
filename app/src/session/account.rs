//! One's own account: the password, where one is signed in, and the way out of all of it.

use domain::people::SessionRow;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::{self, ChangePassword};
use crate::{
    i18n::*,
    language::use_locale,
    ui::{Badge, Callout, Card, Confirm, FormState, Kind, Moment, PageHead, Submit, TextField, Tone, loaded},
};

#[component]
pub fn AccountPage() -> impl IntoView {
    let l = use_locale();
    let changed = use_query_map().with_untracked(|query| query.get("done")).as_deref() == Some("password");
    let sessions = Resource::new_blocking(|| (), |()| api::sessions());
    view! {
        <PageHead title=td_string!(l, session.account) />
        {changed.then(|| view! { <Callout tone=Tone::Good>{td_string!(l, session.change_done)}</Callout> })}
        <Card title=td_string!(l, session.change)><PasswordForm /></Card>
        <Card title=td_string!(l, session.places)>
            <p class="quiet">{td_string!(l, session.places_lead)}</p>
            {loaded(sessions, move |rows: Vec<SessionRow>| view! {
                <ul class="rows">{rows.into_iter().map(|row| view! { <Place row /> }).collect_view()}</ul>
            })}
            <Confirm kind=Kind::Danger trigger=td_string!(l, session.sign_out_everywhere)
                title=td_string!(l, session.sign_out_everywhere) text=td_string!(l, common.sign_out_text)>
                <form method="post" action="/fn/session/sign_out_everywhere">
                    <button type="submit" class="btn btn-error btn-outline">{td_string!(l, session.sign_out_everywhere)}</button>
                </form>
            </Confirm>
        </Card>
    }
}

#[component]
fn PasswordForm() -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<ChangePassword>::new();
    let form = FormState::provide(action);
    view! {
        <p class="quiet">{td_string!(l, session.change_lead)}</p>
        <form method="post" action="/fn/session/change_password" class="form">
            {form.view(&["old_password", "password", "password_again"])}
            <TextField name="old_password" label=td_string!(l, session.password_old) kind="password" required=true
                autocomplete="current-password" />
            <TextField name="password" label=td_string!(l, session.password_new) kind="password" required=true
                autocomplete="new-password" hint=td_string!(l, session.password_hint) />
            <TextField name="password_again" label=td_string!(l, session.password_again) kind="password" required=true
                autocomplete="new-password" />
            <Submit>{td_string!(l, session.change_button)}</Submit>
        </form>
    }
}

#[component]
fn Place(row: SessionRow) -> impl IntoView {
    let l = use_locale();
    view! {
        <li>
            <p class="font-semibold">{row.device}</p>
            <p class="quiet">{td_string!(l, session.last_seen)} " " <Moment at=row.last_seen_at /></p>
            {row.current.then(|| view! { <Badge tone=Tone::Good>{td_string!(l, session.this_one)}</Badge> })}
        </li>
    }
}
