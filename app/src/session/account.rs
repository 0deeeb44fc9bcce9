//! One's own account: where one is signed in, and the way out of all of it.

use domain::people::SessionRow;
use leptos::prelude::*;

use super::api;
use crate::{
    i18n::*,
    language::use_locale,
    ui::{Badge, Card, Confirm, Kind, Moment, PageHead, Tone, loaded},
};

#[component]
pub fn AccountPage() -> impl IntoView {
    let l = use_locale();
    let sessions = Resource::new_blocking(|| (), |()| api::sessions());
    view! {
        <PageHead title=td_string!(l, session.account) />
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
