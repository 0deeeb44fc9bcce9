//! Every mail that left or will leave, newest first, with a way to try dead ones again.

use domain::mail::{MailKind, MailRow, MailState};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::{MailList, RetryMail, list_mails};
use crate::{
    i18n::*,
    language::use_locale,
    ui::{
        Badge, Callout, Choice, Empty, FormState, HiddenField, Kind, PageHead, SelectField, ShortMoment, Sign, Submit,
        Tone, loaded,
    },
};

pub fn state_text(l: Locale, state: MailState) -> &'static str {
    match state {
        MailState::Queued => td_string!(l, mail.state_queued),
        MailState::Sending => td_string!(l, mail.state_sending),
        MailState::Sent => td_string!(l, mail.state_sent),
        MailState::Dead => td_string!(l, mail.state_dead),
    }
}

fn state_tone(state: MailState) -> Tone {
    match state {
        MailState::Queued | MailState::Sending => Tone::Info,
        MailState::Sent => Tone::Good,
        MailState::Dead => Tone::Bad,
    }
}

fn kind_text(l: Locale, kind: MailKind) -> &'static str {
    match kind {
        MailKind::Announcement => td_string!(l, mail.kind_announcement),
        MailKind::Invitation => td_string!(l, mail.kind_invitation),
        MailKind::PasswordReset => td_string!(l, mail.kind_password_reset),
        MailKind::RoleGranted => td_string!(l, mail.kind_role_granted),
        MailKind::UserCreated => td_string!(l, mail.kind_user_created),
        MailKind::CaseOpened => td_string!(l, mail.kind_case_opened),
        MailKind::CaseReplied => td_string!(l, mail.kind_case_replied),
        MailKind::CaseClosed => td_string!(l, mail.kind_case_closed),
        MailKind::AccessRemoved => td_string!(l, mail.kind_access_removed),
    }
}

#[component]
pub fn MailPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query_map();
    let get = move |name: &'static str| query.with(|query| query.get(name)).unwrap_or_default();
    let asked = Memo::new(move |_| (get("state"), get("after")));
    let mails = Resource::new_blocking(move || asked.get(), |(state, after)| list_mails(state, after));
    let done = move || get("done") == "true";
    view! {
        <PageHead title=td_string!(l, mail.mails) />
        <p class="quiet">{td_string!(l, mail.lead)}</p>
        {move || done().then(|| view! { <Callout tone=Tone::Good>{td_string!(l, mail.done)}</Callout> })}
        <Refusal />
        {loaded(mails, move |list: MailList| view! { <List list state=asked.get_untracked().0 /> })}
    }
}

#[component]
fn Refusal() -> impl IntoView {
    let action = ServerAction::<RetryMail>::new();
    FormState::provide(action).view(&[])
}

#[component]
fn List(list: MailList, state: String) -> impl IntoView {
    let l = use_locale();
    let dead = list.counts.iter().any(|(state, number)| *state == MailState::Dead && *number > 0);
    let choices = MailState::ALL
        .iter()
        .map(|state| {
            let number = list.counts.iter().find(|(of, _)| of == state).map_or(0, |(_, number)| *number);
            Choice::new(state.key(), format!("{} ({number})", state_text(l, *state)))
        })
        .collect();
    let next = list.page.next.map(|next| format!("/mail?state={state}&after={next}"));
    let empty = list.page.rows.is_empty();
    let rows = list.page.rows.into_iter().map(|row| view! { <Row row /> }).collect_view();
    view! {
        {dead.then(|| view! {
            <Callout tone=Tone::Warn>
                <p>{td_string!(l, mail.dead_lead)}</p>
                <form method="post" action="/fn/mail/retry_all">
                    <Submit kind=Kind::Quiet>{td_string!(l, mail.retry_all)}</Submit>
                </form>
            </Callout>
        })}
        <form method="get" action="/mail" class="filters">
            <SelectField name="state" label=td_string!(l, mail.state) choices value=state placeholder=td_string!(l, mail.all) />
            <button type="submit" class="btn btn-outline">{td_string!(l, mail.filter)}</button>
        </form>
        {if empty {
            view! { <Empty sign=Sign::Mail title=td_string!(l, mail.none)><p>{td_string!(l, mail.none_lead)}</p></Empty> }.into_any()
        } else {
            view! {
                <table class="table cards-on-phone">
                    <thead>
                        <tr>
                            <th scope="col">{td_string!(l, mail.recipient)}</th>
                            <th scope="col">{td_string!(l, mail.kind)}</th>
                            <th scope="col">{td_string!(l, mail.state)}</th>
                            <th scope="col">{td_string!(l, mail.created)}</th>
                            <th scope="col">{td_string!(l, mail.sent)}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            }
            .into_any()
        }}
        {next.map(|href| view! { <p class="more"><a class="btn btn-outline" href=href rel="next">{td_string!(l, mail.more)}</a></p> })}
    }
}

#[component]
fn Row(row: MailRow) -> impl IntoView {
    let l = use_locale();
    let tries = (row.attempts > 1).then(|| format!("{} · {}", td_string!(l, mail.attempts), row.attempts));
    let dead = row.state == MailState::Dead;
    view! {
        <tr>
            <td class="row-title"><strong class="break-all">{row.recipient}</strong></td>
            <td data-label=td_string!(l, mail.kind)>
                <span class="mail-words">{kind_text(l, row.kind)}{(!row.subject.is_empty()).then(|| view! { <span class="quiet">{row.subject.clone()}</span> })}</span>
            </td>
            <td data-label=td_string!(l, mail.state)>
                <span class="mail-words">
                    <Badge tone=state_tone(row.state)>{state_text(l, row.state)}</Badge>
                    {tries.map(|tries| view! { <span class="quiet">{tries}</span> })}
                    {row.error.map(|error| view! { <span class="mail-error">{td_string!(l, mail.error)} " · " {error}</span> })}
                    {dead.then(|| view! {
                        <form method="post" action="/fn/mail/retry">
                            <HiddenField name="id" value=row.id.to_string() />
                            <Submit kind=Kind::Quiet>{td_string!(l, mail.retry)}</Submit>
                        </form>
                    })}
                </span>
            </td>
            <td data-label=td_string!(l, mail.created)><ShortMoment at=row.created_at /></td>
            <td data-label=td_string!(l, mail.sent)>{row.sent_at.map(|at| view! { <ShortMoment at /> })}</td>
        </tr>
    }
}
