//! The list of announcements and the archive, searched and paged, and the way to publish one.

use domain::{
    access::{Permission, policy},
    announcements::{AnnouncementList, AnnouncementRow},
};
use leptos::prelude::*;
use leptos_router::location::Url;

use super::api::list_announcements;
use crate::{
    i18n::*,
    language::use_locale,
    session::use_viewer,
    ui::{
        Badge, Empty, HiddenField, Kind, LinkButton, Moment, PageHead, SearchForm, Sign, TextField, loaded, use_query,
    },
};

/// What the address asks for: archive or current, search words, page.
type Asked = (bool, String, u32);

#[component]
pub fn AnnouncementsPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query();
    let asked: Memo<Asked> = Memo::new(move |_| {
        let get = |name| query.with(|query| query.get(name)).unwrap_or_default();
        (get("archive") == "true", get("search"), get("page").parse().unwrap_or(1))
    });
    let found = Resource::new_blocking(
        move || asked.get(),
        |(archive, search, page)| list_announcements(archive, search, page),
    );
    view! {
        <PageHead title=td_string!(l, announcements.title)><Publishing /></PageHead>
        <Search asked />
        {loaded(found, move |list: AnnouncementList| view! { <Found list asked=asked.get_untracked() /> })}
    }
}

/// T32: hundreds of announcements are searched and paged.
#[component]
fn Search(asked: Memo<Asked>) -> impl IntoView {
    let l = use_locale();
    view! {
        <SearchForm path="/announcements" one=true>
            <TextField name="search" kind="search" label=td_string!(l, announcements.search) value=asked.get_untracked().1 />
            {move || asked.get().0.then(|| view! { <HiddenField name="archive" value="true" /> })}
        </SearchForm>
        <p>
            {move || {
                let (href, text) = if asked.get().0 {
                    ("/announcements", td_string!(l, announcements.show_current))
                } else {
                    ("/announcements?archive=true", td_string!(l, announcements.show_archive))
                };
                view! { <a class="link way" href=href>{text}</a> }
            }}
        </p>
    }
}

#[component]
fn Found(list: AnnouncementList, asked: Asked) -> impl IntoView {
    let l = use_locale();
    let (archive, search, _) = asked;
    if list.rows.is_empty() {
        let (title, hint) = if search.is_empty() {
            (td_string!(l, announcements.none), td_string!(l, announcements.none_hint))
        } else {
            (td_string!(l, announcements.nothing_found), "")
        };
        return view! { <Empty sign=Sign::Announcement title=title><p>{hint}</p></Empty> }.into_any();
    }
    let (number, pages) = (list.number, list.pages());
    let total = td_string!(l, announcements.found, count = list.total).to_string();
    let href = move |page: u32| {
        let archive = if archive { "archive=true&" } else { "" };
        format!("/announcements?{archive}search={}&page={page}", Url::escape(&search))
    };
    let newer = (number > 1).then(|| href(number - 1));
    let older = (number < pages).then(|| href(number + 1));
    view! {
        <p class="quiet">{total}</p>
        {if archive { view! { <Archive rows=list.rows /> }.into_any() } else { view! { <Current rows=list.rows /> }.into_any() }}
        {(pages > 1).then(|| view! {
            <nav class="pages" aria-label=td_string!(l, announcements.title)>
                {newer.map(|href| view! { <a class="btn btn-outline" href=href rel="prev">{td_string!(l, announcements.newer)}</a> })}
                <span>{td_string!(l, announcements.page_of, page = number, pages = pages).to_string()}</span>
                {older.map(|href| view! { <a class="btn btn-outline" href=href rel="next">{td_string!(l, announcements.older)}</a> })}
            </nav>
        })}
    }
    .into_any()
}

#[component]
fn Current(rows: Vec<AnnouncementRow>) -> impl IntoView {
    let l = use_locale();
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
    view! { <ol class="news">{cards}</ol> }
}

/// F1
#[component]
fn Archive(rows: Vec<AnnouncementRow>) -> impl IntoView {
    let l = use_locale();
    let items = rows
        .into_iter()
        .map(|row| {
            let key = row.locale.key();
            let href = format!("/announcements/{}?language={key}&version={}", row.slug, row.version);
            view! {
                <li>
                    <a class="link way" href=href lang=key>{row.title}</a>
                    <Badge>{td_string!(l, announcements.version)} " " {row.version} " · " {key}</Badge>
                    <span class="quiet"><Moment at=row.published_at /></span>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="panel">
            <h2>{td_string!(l, announcements.archive)}</h2>
            <p class="quiet">{td_string!(l, announcements.archive_hint)}</p>
            <ul class="rows">{items}</ul>
        </section>
    }
}

#[component]
fn Publishing() -> impl IntoView {
    let l = use_locale();
    let viewer = use_viewer();
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                let may = viewer.await.ok().flatten().is_some_and(|viewer| {
                    policy::may_somewhere(&viewer.actor, Permission::AnnouncementPublish, viewer.now)
                });
                may.then(|| view! { <LinkButton kind=Kind::Quiet href="/publish">{td_string!(l, announcements.publish)}</LinkButton> })
            })}
        </Suspense>
    }
}
