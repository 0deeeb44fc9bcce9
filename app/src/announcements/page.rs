//! One announcement: the text, its languages and versions, where its translation stands (F1-F4); sending it (R34).

use domain::{
    announcements::{AnnouncementRemark, AnnouncementView, MailPlan, TranslationStatus},
    locale::Locale as Language,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    api::{find_announcement, plan_mail},
    problem::remark_text,
    send::{UnderWay, received_text},
};
use crate::{
    i18n::*,
    language::use_locale,
    ui::{
        Badge, Callout, Card, Choice, Kind, LinkButton, Moment, PageHead, SelectField, Tone, loaded, loaded_page,
        use_query,
    },
};

#[component]
pub fn AnnouncementPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query();
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
        <Remarks remarks=announcement.remarks.clone() />
        <div class="case">
            <article class="article panel" lang=language inner_html=html></article>
            <aside class="case-side">
                <About announcement />
            </aside>
        </div>
    }
}

/// F1: points to what is current: a newer version or another announcement.
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
            {text} " " {link.map(|(href, name)| view! { <a class="link way" href=href>{name}</a> })}
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
            view! { <li><a class="link way" href=format!("/announcements/{slug}?language={key}") aria-current=here hreflang=key>{name}</a></li> }
        })
        .collect_view();
    let several = versions.len() > 1;
    let key = row.locale.key();
    let by_version = versions
        .into_iter()
        .map(|version| {
            let number = version.version;
            let href = format!("/announcements/{slug}?language={key}&version={number}");
            view! { <li><a class="link way" href=href>{td_string!(l, announcements.version)} " " {number}</a> " " <Moment at=version.published_at /></li> }
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

pub(super) fn language_name(l: Locale, language: Language) -> &'static str {
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

/// K20: leads to the page that counts and shows everything before any mail leaves; empty for readers who may not publish.
#[component]
fn Sending(slug: Memo<String>) -> impl IntoView {
    let plans = Resource::new_blocking(move || slug.get(), plan_mail);
    view! {
        {loaded(plans, move |plans: Vec<MailPlan>| {
            (!plans.is_empty()).then(|| view! { <Preparing slug=slug.get_untracked() plans /> })
        })}
    }
}

#[component]
fn Preparing(slug: String, plans: Vec<MailPlan>) -> impl IntoView {
    let l = use_locale();
    let choices: Vec<Choice> =
        plans.iter().map(|plan| Choice::new(plan.programme.to_string(), programme_text(l, plan))).collect();
    let action = format!("/announcements/{slug}/send");
    let under_way = plans
        .into_iter()
        .flat_map(|plan| plan.under_way)
        .map(|batch| view! { <UnderWay slug=slug.clone() batch /> })
        .collect_view();
    view! {
        <div class="sending">
            <Card title=td_string!(l, announcements.send)>
                <p class="field-hint">{td_string!(l, announcements.send_hint)}</p>
                {under_way}
                <form method="get" action=action class="form">
                    <SelectField name="programme" label=td_string!(l, announcements.programme) required=true choices />
                    <button type="submit" class="btn btn-outline">{td_string!(l, announcements.prepare)}</button>
                </form>
            </Card>
        </div>
    }
}

/// The programme and how far its mails have come. Recipients count as reached when the mail was sent, not when it was
/// queued.
fn programme_text(l: Locale, plan: &MailPlan) -> String {
    let mailing = &plan.mailing;
    let sent = received_text(l, mailing.sent);
    let mut text = format!("{} ({sent}", plan.name);
    if mailing.waiting > 0 {
        text.push_str(&format!(", {}", td_string!(l, announcements.waiting, count = mailing.waiting)));
    }
    text.push(')');
    text
}

/// What the page does not show of the source, for authors (B20).
#[component]
pub(super) fn Remarks(remarks: Vec<AnnouncementRemark>, #[prop(optional)] open: bool) -> impl IntoView {
    let l = use_locale();
    let number = remarks.len();
    (number > 0).then(|| {
        view! {
            <details class="panel remarks" open=open>
                <summary>{td_string!(l, announcements.remarks)} " (" {number} ")"</summary>
                <ul>{remarks.iter().map(|remark| view! { <li>{remark_text(l, remark)}</li> }).collect_view()}</ul>
            </details>
        }
    })
}
