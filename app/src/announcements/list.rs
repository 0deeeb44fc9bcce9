//! The list of announcements, the archive below it, and publishing for those who may.

use domain::{
    access::{Permission, policy},
    announcements::AnnouncementRow,
};
use leptos::prelude::*;

use super::api::{PublishAnnouncement, list_announcements, list_archive};
use crate::{
    i18n::*,
    language::use_locale,
    session::use_viewer,
    ui::{Badge, Empty, FormState, Moment, PageHead, Sign, Submit, TextArea, TextField, loaded},
};

#[component]
pub fn AnnouncementsPage() -> impl IntoView {
    let l = use_locale();
    let current = Resource::new_blocking(|| (), |()| list_announcements());
    let archive = Resource::new_blocking(|| (), |()| list_archive());
    view! {
        <PageHead title=td_string!(l, announcements.title) />
        {loaded(current, move |rows: Vec<AnnouncementRow>| view! { <Current rows /> })}
        <Publishing />
        {loaded(archive, move |rows: Vec<AnnouncementRow>| view! { <Archive rows /> })}
    }
}

#[component]
fn Current(rows: Vec<AnnouncementRow>) -> impl IntoView {
    let l = use_locale();
    if rows.is_empty() {
        return view! {
            <Empty sign=Sign::Announcement title=td_string!(l, announcements.none)><p>{td_string!(l, announcements.none_hint)}</p></Empty>
        }
        .into_any();
    }
    let cards = rows
        .into_iter()
        .map(|row| {
            view! {
                <li class="news-card" lang=row.locale.key()>
                    <p class="quiet" lang=l.as_str()>
                        {td_string!(l, announcements.number)} {row.sequence} " · " {td_string!(l, announcements.published)} " "
                        <Moment at=row.published_at />
                    </p>
                    <h2><a class="row-link" href=format!("/announcements/{}", row.slug)>{row.title}</a></h2>
                    <p>{row.description}</p>
                </li>
            }
        })
        .collect_view();
    view! { <ol class="news">{cards}</ol> }.into_any()
}

/// F1
#[component]
fn Archive(rows: Vec<AnnouncementRow>) -> impl IntoView {
    let l = use_locale();
    if rows.is_empty() {
        return ().into_any();
    }
    let items = rows
        .into_iter()
        .map(|row| {
            let key = row.locale.key();
            let href = format!("/announcements/{}?language={key}&version={}", row.slug, row.version);
            view! {
                <li>
                    <a class="link" href=href lang=key>{row.title}</a>
                    <Badge>{td_string!(l, announcements.version)} " " {row.version} " · " {key}</Badge>
                    <span class="quiet"><Moment at=row.published_at /></span>
                </li>
            }
        })
        .collect_view();
    view! {
        <details class="panel archive">
            <summary>{td_string!(l, announcements.archive)}</summary>
            <p class="quiet">{td_string!(l, announcements.archive_hint)}</p>
            <ul class="rows">{items}</ul>
        </details>
    }
    .into_any()
}

#[component]
fn Publishing() -> impl IntoView {
    let viewer = use_viewer();
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                let may = viewer.await.ok().flatten().is_some_and(|viewer| {
                    policy::may_somewhere(&viewer.actor, Permission::AnnouncementPublish, viewer.now)
                });
                may.then(|| view! { <PublishForm /> })
            })}
        </Suspense>
    }
}

#[component]
fn PublishForm() -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<PublishAnnouncement>::new();
    let form = FormState::provide(action);
    view! {
        <details class="panel publish">
            <summary>{td_string!(l, announcements.publish)}</summary>
            <p class="field-hint">{td_string!(l, announcements.publish_hint)}</p>
            <ActionForm action=action attr:class="form">
                {form.view(&["source"])}
                <TextField name="file_name" label=td_string!(l, announcements.file_name) hint=td_string!(l, announcements.file_name_hint) required=true max=200 />
                <TextArea name="source" label=td_string!(l, announcements.source) required=true rows=14 />
                <Submit>{td_string!(l, announcements.publish_button)}</Submit>
            </ActionForm>
        </details>
    }
}
