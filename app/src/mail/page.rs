//! Every mail that was sent or will be, newest first, with a button to retry dead ones.

use domain::mail::{MailKind, MailProblem, MailRow, MailState};
use leptos::prelude::*;

use super::api::{MailList, RetryMail, list_mails};
use crate::{
    i18n::*,
    language::use_locale,
    ui::{
        Address, Badge, Callout, Choice, DoneNote, Empty, FormState, HiddenField, Kind, PageHead, PlainForm,
        SearchForm, SelectField, ShortMoment, Sign, Submit, Tone, loaded, paging, use_query,
    },
};

pub fn state_text(l: Locale, state: MailState) -> &'static str {
    match state {
        MailState::Queued => td_string!(l, mail.state_queued),
        MailState::Sending => td_string!(l, mail.state_sending),
        MailState::Sent => td_string!(l, mail.state_sent),
        MailState::Dead => td_string!(l, mail.state_dead),
        MailState::Dropped => td_string!(l, mail.state_dropped),
    }
}

fn state_tone(state: MailState) -> Tone {
    match state {
        MailState::Queued | MailState::Sending => Tone::Info,
        MailState::Sent => Tone::Good,
        MailState::Dead => Tone::Bad,
        MailState::Dropped => Tone::Plain,
    }
}

/// Says what went wrong, in the reader's language; the mail server's own words stand below it.
fn problem_text(l: Locale, problem: MailProblem) -> &'static str {
    match problem {
        MailProblem::Address => td_string!(l, mail.problem_address),
        MailProblem::Refused => td_string!(l, mail.problem_refused),
        MailProblem::Later => td_string!(l, mail.problem_later),
        MailProblem::Unreachable => td_string!(l, mail.problem_unreachable),
        MailProblem::Unreadable => td_string!(l, mail.problem_unreadable),
        MailProblem::Interrupted => td_string!(l, mail.problem_interrupted),
        MailProblem::OutOfSight => td_string!(l, mail.problem_out_of_sight),
        MailProblem::LinkEnded => td_string!(l, mail.problem_link_ended),
        MailProblem::Stopped => td_string!(l, mail.problem_stopped),
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
        MailKind::AddressProposed => td_string!(l, mail.kind_address_proposed),
        MailKind::AddressChanged => td_string!(l, mail.kind_address_changed),
    }
}

#[component]
pub fn MailPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query();
    let get = move |name: &'static str| query.with(|query| query.get(name)).unwrap_or_default();
    let asked = Memo::new(move |_| (get("state"), get("after")));
    let mails = Resource::new_blocking(move || asked.get(), |(state, after)| list_mails(state, after));
    let done = move || get("done") == "true";
    view! {
        <PageHead title=td_string!(l, mail.mails) />
        <p class="quiet">{td_string!(l, mail.lead)}</p>
        {move || done().then(|| view! { <DoneNote text=td_string!(l, mail.done) /> })}
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
    let pages = paging(&list.page, |cursor| format!("/mail?state={state}&after={cursor}"));
    let empty = list.page.rows.is_empty();
    let rows = list.page.rows.into_iter().map(|row| view! { <Row row /> }).collect_view();
    view! {
        {dead.then(|| view! {
            <Callout tone=Tone::Warn>
                <p>{td_string!(l, mail.dead_lead)}</p>
                <PlainForm path="/fn/mail/retry_all">
                    <Submit kind=Kind::Quiet>{td_string!(l, mail.retry_all)}</Submit>
                </PlainForm>
            </Callout>
        })}
        <SearchForm path="/mail">
            <SelectField name="state" label=td_string!(l, mail.state) choices value=state placeholder=td_string!(l, mail.all) />
        </SearchForm>
        {if empty {
            view! { <Empty sign=Sign::Mail title=td_string!(l, mail.none)><p>{td_string!(l, mail.none_lead)}</p></Empty> }.into_any()
        } else {
            view! {
                <table class="table cards-on-phone mail-table">
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
        {pages}
    }
}

#[component]
fn Row(row: MailRow) -> impl IntoView {
    let l = use_locale();
    let tries = (row.attempts > 1).then(|| format!("{} · {}", td_string!(l, mail.attempts), row.attempts));
    let dead = row.state == MailState::Dead;
    let tone = if dead { "mail-error" } else { "quiet" };
    let waits = matches!(row.state, MailState::Queued) && row.due_at > row.created_at;
    // The page where the address can be corrected.
    let person = row
        .person
        .zip(row.company.as_ref())
        .map(|(person, (company, _))| format!("/people/{person}?company={company}"));
    let recipient = match person {
        Some(href) => view! { <a class="row-link" href=href><Address text=row.recipient /></a> }.into_any(),
        None => view! { <strong><Address text=row.recipient /></strong> }.into_any(),
    };
    view! {
        <tr>
            <td class="row-title">
                {recipient}
                {row.company.map(|(_, name)| view! { <span class="quiet block">{name}</span> })}
            </td>
            <td data-label=td_string!(l, mail.kind)>
                <span class="mail-words">
                    {kind_text(l, row.kind)}
                    {(!row.subject.is_empty()).then(|| view! { <span class="quiet mail-subject" title=row.subject.clone()>{row.subject.clone()}</span> })}
                </span>
            </td>
            <td data-label=td_string!(l, mail.state)>
                <span class="mail-words">
                    <Badge tone=state_tone(row.state)>{state_text(l, row.state)}</Badge>
                    {waits.then(|| view! { <span class="quiet">{td_string!(l, mail.leaves)} " " <ShortMoment at=row.due_at /></span> })}
                    {tries.map(|tries| view! { <span class="quiet">{tries}</span> })}
                    {row.problem.map(|problem| view! { <span class=tone>{problem_text(l, problem)}</span> })}
                    {row.error.filter(|error| !error.is_empty()).map(|error| view! {
                        <details class="mail-said"><summary>{td_string!(l, mail.server_said)}</summary><q lang="en">{error}</q></details>
                    })}
                    {dead.then(|| view! {
                        <PlainForm path="/fn/mail/retry">
                            <HiddenField name="id" value=row.id.to_string() />
                            <Submit kind=Kind::Quiet>{td_string!(l, mail.retry)}</Submit>
                        </PlainForm>
                    })}
                </span>
            </td>
            <td data-label=td_string!(l, mail.created)><ShortMoment at=row.created_at /></td>
            <td data-label=td_string!(l, mail.sent)>{row.sent_at.map(|at| view! { <ShortMoment at /> })}</td>
        </tr>
    }
}
