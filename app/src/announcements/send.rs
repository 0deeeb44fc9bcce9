//! Sending an announcement by mail: recipients are counted, the mail is shown and can be tried out, sending is confirmed,
//! held, and can be stopped (D3, K20). Works without JavaScript.

use domain::{
    ProgrammeId,
    announcements::{MailBatch, MailLanguage, MailPlan, MailSample, TYPED_ABOVE},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    api::{MailEveryone, MailOneself, StopMailing, plan_mail, sample_mail},
    page::language_name,
};
use crate::{
    ApiError,
    i18n::*,
    language::use_locale,
    ui::{
        Callout, Card, DoneNote, Empty, Form, FormState, HiddenField, Kind, LinkButton, Moment, PageHead, Sign, Submit,
        TextField, Tone, loaded, use_query,
    },
};

/// What the page shows: the plan for the programme, and the rendered mails.
type Shown = Option<(MailPlan, Vec<MailSample>)>;

async fn prepare(slug: String, programme: Option<ProgrammeId>) -> Result<Shown, ApiError> {
    let plans = plan_mail(slug.clone()).await?;
    let Some(plan) = plans.into_iter().find(|plan| Some(plan.programme) == programme) else { return Ok(None) };
    let samples = sample_mail(slug, plan.programme).await?;
    Ok(Some((plan, samples)))
}

#[component]
pub fn SendAnnouncementPage() -> impl IntoView {
    let l = use_locale();
    let (params, query) = (use_params_map(), use_query());
    let asked = Memo::new(move |_| {
        let slug = params.with(|params| params.get("slug")).unwrap_or_default();
        let programme = query.with(|query| query.get("programme")).and_then(|id| id.parse::<ProgrammeId>().ok());
        (slug, programme)
    });
    let done = move || query.with(|query| query.get("done")).unwrap_or_default();
    let action = ServerAction::<MailEveryone>::new();
    let version = action.version();
    let shown = Resource::new_blocking(
        // The address says whether a mailing was just stopped or tried out.
        move || (asked.get(), version.get(), done()),
        |((slug, programme), ..)| prepare(slug, programme),
    );
    let announcement = format!("/announcements/{}", asked.get_untracked().0);
    view! {
        <PageHead title=td_string!(l, announcements.send_title)>
            <LinkButton kind=Kind::Quiet href=announcement>{td_string!(l, announcements.back_to_text)}</LinkButton>
        </PageHead>
        <p class="quiet">{td_string!(l, announcements.programmes_lead)}</p>
        {move || (done() == "tested").then(|| view! { <DoneNote text=td_string!(l, announcements.tested) /> })}
        {move || (done() == "stopped").then(|| view! { <DoneNote text=td_string!(l, announcements.stopped) /> })}
        {loaded(shown, move |shown: Shown| match shown {
            Some((plan, samples)) => view! { <Prepared slug=asked.get_untracked().0 plan samples action /> }.into_any(),
            None => view! {
                <Empty sign=Sign::Announcement title=td_string!(l, announcements.choose_programme)>
                    <a class="link way" href=format!("/announcements/{}", asked.get_untracked().0)>{td_string!(l, announcements.back_to_text)}</a>
                </Empty>
            }
            .into_any(),
        })}
    }
}

#[component]
fn Prepared(
    slug: String,
    plan: MailPlan,
    samples: Vec<MailSample>,
    action: ServerAction<MailEveryone>,
) -> impl IntoView {
    let l = use_locale();
    let new = plan.mailing.new_recipients();
    let (programme, name) = (plan.programme, plan.name.clone());
    let batches = plan.under_way.clone();
    let under_way = batches.into_iter().map(|batch| view! { <UnderWay slug=slug.clone() batch /> }).collect_view();
    let confirmation = if new == 0 {
        view! { <p>{td_string!(l, announcements.nobody_new)}</p> }.into_any()
    } else {
        view! { <Confirmation slug=slug.clone() programme new action /> }.into_any()
    };
    view! {
        {under_way}
        <Card title=name>
            <Numbers plan />
            {confirmation}
        </Card>
        <Trial slug programme />
        {samples.into_iter().map(|sample| view! { <Sample sample /> }).collect_view()}
    }
}

#[component]
fn Numbers(plan: MailPlan) -> impl IntoView {
    let l = use_locale();
    let mailing = plan.mailing;
    let language = move |language: MailLanguage| {
        let name = language_name(l, language.locale);
        let people = td_string!(l, announcements.in_language, count = language.people, language = name).to_string();
        let other = (language.text != language.locale).then(|| {
            let text = td_string!(l, announcements.other_text, wanted = name, text = language_name(l, language.text));
            view! { <strong class="mail-warning">{text.to_string()}</strong> }
        });
        view! { <li>{people} " " {other}</li> }
    };
    view! {
        <dl class="facts">
            <dt>{td_string!(l, announcements.recipients)}</dt>
            <dd>
                <strong>{mailing.new_recipients()}</strong>
                <ul>{plan.languages.into_iter().map(language).collect_view()}</ul>
            </dd>
        </dl>
        <p class="quiet">
            {received_text(l, mailing.sent)}
            {(mailing.waiting > 0).then(|| format!(" · {}", td_string!(l, announcements.waiting, count = mailing.waiting)))}
            {(mailing.failed > 0).then(|| format!(" · {}", td_string!(l, announcements.failed, count = mailing.failed)))}
        </p>
    }
}

pub(super) fn received_text(l: Locale, count: u64) -> String {
    match count {
        0 => td_string!(l, announcements.received_none).to_owned(),
        count => td_string!(l, announcements.received, count = count).to_string(),
    }
}

#[component]
fn Confirmation(slug: String, programme: ProgrammeId, new: u64, action: ServerAction<MailEveryone>) -> impl IntoView {
    let l = use_locale();
    let form = FormState::provide(action);
    view! {
        <p class="field-hint">{td_string!(l, announcements.send_held)}</p>
        <Form action=action class="form">
            {form.view(&["number"])}
            <HiddenField name="slug" value=slug />
            <HiddenField name="programme" value=programme.to_string() />
            <HiddenField name="shown" value=new.to_string() />
            {(new > TYPED_ABOVE).then(|| view! {
                <TextField name="number" label=td_string!(l, announcements.number_field) required=true autocomplete="off"
                    hint=td_string!(l, announcements.number_hint, count = new).to_string() />
            })}
            <Submit>{td_string!(l, announcements.send_now, count = new).to_string()}</Submit>
        </Form>
    }
}

#[component]
fn Trial(slug: String, programme: ProgrammeId) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<MailOneself>::new();
    let form = FormState::provide(action);
    view! {
        <Card title=td_string!(l, announcements.test)>
            <p class="field-hint">{td_string!(l, announcements.test_hint)}</p>
            <Form action=action class="form">
                {form.view(&[])}
                <HiddenField name="slug" value=slug />
                <HiddenField name="programme" value=programme.to_string() />
                <Submit kind=Kind::Quiet>{td_string!(l, announcements.test)}</Submit>
            </Form>
        </Card>
    }
}

/// A mailing that is held or under way, and the button to stop it.
#[component]
pub fn UnderWay(slug: String, batch: MailBatch) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<StopMailing>::new();
    let form = FormState::provide_for(action, &batch.id.to_string());
    let left = (batch.sent > 0).then(|| format!(" · {}", td_string!(l, announcements.left_so_far, count = batch.sent)));
    view! {
        <Callout tone=Tone::Info>
            <p>
                <strong>{td_string!(l, announcements.leave, count = batch.queued).to_string()}</strong>
                " " <Moment at=batch.leaves_at /> {left}
            </p>
            <Form action=action>
                {form.view(&[])}
                <HiddenField name="id" value=batch.id.to_string() />
                <HiddenField name="slug" value=slug />
                <HiddenField name="programme" value=batch.programme.to_string() />
                <Submit kind=Kind::Danger>{td_string!(l, announcements.stop)}</Submit>
            </Form>
        </Callout>
    }
}

#[component]
fn Sample(sample: MailSample) -> impl IntoView {
    let l = use_locale();
    let language = sample.locale.key();
    let title = td_string!(l, announcements.sample, language = language_name(l, sample.locale)).to_string();
    view! {
        <Card title>
            <dl class="facts">
                <dt>{td_string!(l, announcements.from)}</dt><dd>{sample.from}</dd>
                <dt>{td_string!(l, announcements.to)}</dt><dd>{sample.to}</dd>
                <dt>{td_string!(l, announcements.subject)}</dt><dd lang=language>{sample.subject}</dd>
            </dl>
            <div class="article mail-sample" lang=language inner_html=sample.html></div>
            <details>
                <summary>{td_string!(l, announcements.plain_text)}</summary>
                <pre class="mail-sample" lang=language>{sample.text}</pre>
            </details>
        </Card>
    }
}
