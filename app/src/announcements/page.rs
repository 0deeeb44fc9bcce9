//! One announcement: the text, its languages and versions, where its translation stands (F1-F4); sending it (R34).

use domain::{
    ProgrammeId,
    announcements::{AnnouncementView, Mailing, TranslationStatus},
    locale::Locale as Language,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{MailEveryone, find_announcement, plan_mail};
use crate::{
    i18n::*,
    language::use_locale,
    ui::{
        Badge, Callout, Card, Choice, FormState, HiddenField, Kind, LinkButton, Moment, PageHead, SelectField, Submit,
        Tone, loaded, loaded_page,
    },
};

#[component]
pub fn AnnouncementPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let slug = params.with(|params| params.get("slug")).unwrap_or_default();
        let language = query.with(|query| query.get("language")).and_then(|tag| Language::parse(&tag));
        let version = query.with(|query| query.get("version")).and_then(|version| version.parse::<i64>().ok());
        (slug, language, version)
    });
    let found = Resource::new_blocking(
        move || asked.get(),
        |(slug, language, version)| find_announcement(slug, language, version),
    );
    let slug = Memo::new(move |_| asked.get().0);
    view! {
        {loaded_page(found, move |announcement: AnnouncementView| view! { <Text announcement /> })}
        <Sending slug />
    }
}

#[component]
fn Text(announcement: AnnouncementView) -> impl IntoView {
    let l = use_locale();
    let AnnouncementView { row, html, .. } = announcement.clone();
    let language = row.locale.key();
    view! {
        <PageHead title=row.title.clone() lang=language>
            <LinkButton kind=Kind::Quiet href="/announcements">{td_string!(l, announcements.back)}</LinkButton>
        </PageHead>
        {row.superseded.then(|| view! { <Superseded announcement=announcement.clone() /> })}
        <div class="case">
            <article class="article panel" lang=language inner_html=html></article>
            <aside class="case-side">
                <About announcement />
            </aside>
        </div>
    }
}

/// F1: what stands now, a newer version or another announcement.
#[component]
fn Superseded(announcement: AnnouncementView) -> impl IntoView {
    let l = use_locale();
    let AnnouncementView { row, versions, successor, .. } = announcement;
    let stands = versions.iter().any(|version| !version.superseded);
    let text = if stands || successor.is_none() {
        td_string!(l, announcements.old_version)
    } else {
        td_string!(l, announcements.replaced)
    };
    let link = if stands {
        let current = format!("/announcements/{}?language={}", row.slug, row.locale.key());
        Some((current, td_string!(l, announcements.see_current)))
    } else {
        successor.map(|slug| (format!("/announcements/{slug}"), td_string!(l, announcements.see_successor)))
    };
    view! {
        <Callout tone=Tone::Warn>
            {text} " " {link.map(|(href, name)| view! { <a class="link" href=href>{name}</a> })}
        </Callout>
    }
}

#[component]
fn About(announcement: AnnouncementView) -> impl IntoView {
    let l = use_locale();
    let AnnouncementView {
        row, unlisted, source_version, translation, translated_percent, languages, versions, ..
    } = announcement;
    let slug = row.slug;
    let by_language = languages
        .into_iter()
        .map(|language| {
            let key = language.key();
            let name = language_name(l, language);
            let here = (language == row.locale).then_some("true");
            view! { <li><a class="link" href=format!("/announcements/{slug}?language={key}") aria-current=here hreflang=key>{name}</a></li> }
        })
        .collect_view();
    let several = versions.len() > 1;
    let key = row.locale.key();
    let by_version = versions
        .into_iter()
        .map(|version| {
            let number = version.version;
            let href = format!("/announcements/{slug}?language={key}&version={number}");
            view! { <li><a class="link" href=href>{td_string!(l, announcements.version)} " " {number}</a> " " <Moment at=version.published_at /></li> }
        })
        .collect_view();
    view! {
        <Card>
            <dl class="facts facts-stacked">
                <dt>{td_string!(l, announcements.number)}</dt><dd>{row.sequence}</dd>
                <dt>{td_string!(l, announcements.published)}</dt><dd><Moment at=row.published_at /></dd>
                <dt>{td_string!(l, announcements.translation)}</dt>
                <dd>
                    {translation_name(l, translation)}
                    {translated_percent.map(|percent| view! {
                        <span class="quiet block">{td_string!(l, announcements.human_percent, percent = percent).to_string()}</span>
                    })}
                </dd>
                {source_version.map(|version| view! {
                    <dt>{td_string!(l, announcements.source_version)}</dt>
                    <dd><code title=version.clone()>{version.chars().take(10).collect::<String>()}</code></dd>
                })}
                <dt>{td_string!(l, announcements.languages)}</dt><dd><ul>{by_language}</ul></dd>
                {several.then(|| view! { <dt>{td_string!(l, announcements.versions)}</dt><dd><ul>{by_version}</ul></dd> })}
            </dl>
            {unlisted.then(|| view! { <Badge>{td_string!(l, announcements.unlisted)}</Badge> })}
        </Card>
    }
}

fn language_name(l: Locale, language: Language) -> &'static str {
    match language {
        Language::Fr => td_string!(l, announcements.language_fr),
        Language::En => td_string!(l, announcements.language_en),
    }
}

fn translation_name(l: Locale, status: TranslationStatus) -> &'static str {
    match status {
        TranslationStatus::Source => td_string!(l, announcements.translation_source),
        TranslationStatus::Machine => td_string!(l, announcements.translation_machine),
        TranslationStatus::Partial => td_string!(l, announcements.translation_partial),
        TranslationStatus::Reviewed => td_string!(l, announcements.translation_reviewed),
    }
}

/// K20: counted before anything leaves; nothing at all for those who do not publish.
#[component]
fn Sending(slug: Memo<String>) -> impl IntoView {
    let action = ServerAction::<MailEveryone>::new();
    let sent = action.version();
    let plans = Resource::new_blocking(move || (slug.get(), sent.get()), |(slug, _)| plan_mail(slug));
    view! {
        {loaded(plans, move |plans: Vec<(ProgrammeId, String, Mailing)>| {
            (!plans.is_empty()).then(|| view! { <SendForm slug=slug.get_untracked() plans action /> })
        })}
    }
}

#[component]
fn SendForm(
    slug: String,
    plans: Vec<(ProgrammeId, String, Mailing)>,
    action: ServerAction<MailEveryone>,
) -> impl IntoView {
    let l = use_locale();
    let form = FormState::provide(action);
    let done = move || action.value().with(|value| matches!(value, Some(Ok(()))));
    let choices: Vec<_> = plans
        .into_iter()
        .map(|(id, name, mailing)| {
            let (recipients, already) = (mailing.recipients, mailing.already);
            let people = td_string!(l, announcements.would_send, count = recipients).to_string();
            let before = td_string!(l, announcements.already, count = already).to_string();
            Choice::new(id.to_string(), format!("{name} ({people}, {before})"))
        })
        .collect();
    view! {
        <div class="sending">
            <Card title=td_string!(l, announcements.send)>
                <p class="field-hint">{td_string!(l, announcements.send_hint)}</p>
                {move || done().then(|| view! { <Callout tone=Tone::Good>{td_string!(l, announcements.queued)}</Callout> })}
                <ActionForm action=action attr:class="form">
                    {form.view(&[])}
                    <HiddenField name="slug" value=slug />
                    <SelectField name="programme" label=td_string!(l, announcements.programme) choices required=true />
                    <Submit kind=Kind::Quiet>{td_string!(l, announcements.send_button)}</Submit>
                </ActionForm>
            </Card>
        </div>
    }
}
