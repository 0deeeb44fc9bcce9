//! The reader's own account: time zone, password, sessions, and signing out everywhere.

use domain::people::SessionRow;
use leptos::prelude::*;

use super::{
    api::{self, ChangePassword, SetZone},
    use_viewer,
};
use crate::{
    ApiError,
    i18n::*,
    language::use_locale,
    ui::{
        Badge, Card, Choice, Confirm, DoneNote, FormState, Kind, Moment, PageHead, PlainForm, SelectField, Submit,
        TextField, Tone, loaded, use_query,
    },
    zone::browser_zone,
};

#[component]
pub fn AccountPage() -> impl IntoView {
    let l = use_locale();
    let done = use_query().with_untracked(|query| query.get("done"));
    let (changed, zone_set) = (done.as_deref() == Some("password"), done.as_deref() == Some("zone"));
    let viewer = use_viewer();
    let zones = Resource::new_blocking(
        || (),
        move |()| async move {
            let zones = api::list_zones().await?;
            Ok::<_, ApiError>((viewer.await?.map(|viewer| viewer.actor.zone).unwrap_or_default(), zones))
        },
    );
    let sessions = Resource::new_blocking(|| (), |()| api::sessions());
    view! {
        <PageHead title=td_string!(l, session.account) />
        {changed.then(|| view! { <DoneNote text=td_string!(l, session.change_done) /> })}
        {zone_set.then(|| view! { <DoneNote text=td_string!(l, session.zone_done) /> })}
        <Card title=td_string!(l, session.zone)>
            {loaded(zones, move |(zone, zones): (String, Vec<String>)| view! { <ZoneForm zone zones /> })}
        </Card>
        <Card title=td_string!(l, session.change)><PasswordForm /></Card>
        <Card title=td_string!(l, session.places)>
            <p class="quiet">{td_string!(l, session.places_lead)}</p>
            {loaded(sessions, move |rows: Vec<SessionRow>| view! {
                <ul class="rows">{rows.into_iter().map(|row| view! { <Place row /> }).collect_view()}</ul>
            })}
            <Confirm kind=Kind::Danger trigger=td_string!(l, session.sign_out_everywhere)
                title=td_string!(l, session.sign_out_everywhere) text=td_string!(l, common.sign_out_text)>
                <PlainForm path="/fn/session/sign_out_everywhere">
                    <button type="submit" class="btn btn-error btn-outline">{td_string!(l, session.sign_out_everywhere)}</button>
                </PlainForm>
            </Confirm>
        </Card>
    }
}

/// A plain form, because the new page renders every time on it in the new zone.
#[component]
fn ZoneForm(zone: String, zones: Vec<String>) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<SetZone>::new();
    let form = FormState::provide(action);
    let choices = zones.into_iter().map(|name| Choice::new(name.clone(), name.replace('_', " "))).collect();
    let here = RwSignal::new(None);
    let own = zone.clone();
    Effect::new(move |_| here.set(browser_zone().filter(|here| *here != own)));
    view! {
        <p class="quiet">{td_string!(l, session.zone_lead)}</p>
        {move || here.get().map(|here| view! { <p>{td_string!(l, session.zone_here)} " " <strong>{here}</strong></p> })}
        <PlainForm path="/fn/session/set_zone" class="form">
            {form.view(&["zone"])}
            <SelectField name="zone" label=td_string!(l, session.zone_field) choices value=zone />
            <Submit>{td_string!(l, session.zone_button)}</Submit>
        </PlainForm>
    }
}

#[component]
fn PasswordForm() -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<ChangePassword>::new();
    let form = FormState::provide(action);
    view! {
        <p class="quiet">{td_string!(l, session.change_lead)}</p>
        <PlainForm path="/fn/session/change_password" class="form">
            {form.view(&["old_password", "password", "password_again"])}
            <TextField name="old_password" label=td_string!(l, session.password_old) kind="password" required=true
                autocomplete="current-password" />
            <TextField name="password" label=td_string!(l, session.password_new) kind="password" required=true
                autocomplete="new-password" hint=td_string!(l, session.password_hint) />
            <TextField name="password_again" label=td_string!(l, session.password_again) kind="password" required=true
                autocomplete="new-password" />
            <Submit>{td_string!(l, session.change_button)}</Submit>
        </PlainForm>
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
