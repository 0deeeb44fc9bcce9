//! One upload: its progress, the findings of the dry run, the decision, the outcome.

use std::{borrow::Cow, time::Duration};

use domain::{
    ImportId,
    imports::{ImportReport, ImportState, ImportView, MAX_SHOWN, VerdictCounts},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    api::{CommitImport, DiscardImport, find_import},
    words::{kind_text, size_text, state_text, state_tone, verdict_text, why_texts},
};
use crate::{
    ApiError,
    failure::FailurePage,
    i18n::*,
    language::use_locale,
    ui::{Badge, Callout, Card, Form, FormState, HiddenField, Kind, PageHead, Skeleton, Submit, Tone},
};

#[component]
pub fn ImportPage() -> impl IntoView {
    let params = use_params_map();
    move || {
        let id = params.with(|params| params.get("id")).and_then(|id| id.parse::<ImportId>().ok());
        match id {
            Some(id) => view! { <Loader id /> }.into_any(),
            None => view! { <FailurePage failure=domain::Failure::NotFound /> }.into_any(),
        }
    }
}

#[component]
fn Loader(id: ImportId) -> impl IntoView {
    let first = Resource::new_blocking(|| (), move |()| find_import(id));
    view! {
        <Transition fallback=Skeleton>
            {move || Suspend::new(async move {
                match first.await {
                    Ok(first) => view! { <Import first /> }.into_any(),
                    Err(ApiError(failure)) => view! { <FailurePage failure /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Shows the upload and asks again every second while something is under way.
#[component]
fn Import(first: ImportView) -> impl IntoView {
    let l = use_locale();
    let id = first.id;
    let name = first.name.clone();
    let import = RwSignal::new(first);
    let running = Memo::new(move |_| import.with(|import| import.state.is_running()));
    Effect::new(move |_| {
        if !running.get() {
            return;
        }
        let ask = move || {
            leptos::task::spawn_local(async move {
                if let Ok(fresh) = find_import(id).await {
                    // The reader may have left the page.
                    import.try_set(fresh);
                }
            });
        };
        if let Ok(timer) = set_interval_with_handle(ask, Duration::from_secs(1)) {
            on_cleanup(move || timer.clear());
        }
    });
    view! {
        <PageHead title=name>
            <a class="btn btn-outline" href="/imports">{td_string!(l, imports.all)}</a>
        </PageHead>
        <div class="imports">
            {move || {
                let view = import.get();
                let unread = view.state == ImportState::Failed && view.report.is_none();
                let lead = unread.then(|| view! { <Callout tone=Tone::Bad>{failed_text(l, view.at_terminal)}</Callout> });
                view! { <Stand view=view.clone() />{lead}{view.report.map(|report| view! { <Outcome report state=view.state at_terminal=view.at_terminal /> })} }
            }}
            // Above the records, so that the decision is not below 500 of them.
            {move || (!running.get()).then(|| view! { <Decision view=import.get_untracked() import /> })}
            {move || import.get().report.map(|report| view! { <Records id report /> })}
        </div>
    }
}

fn failed_text(l: Locale, at_terminal: bool) -> &'static str {
    if at_terminal { td_string!(l, imports.failed_terminal_lead) } else { td_string!(l, imports.failed_lead) }
}

#[component]
fn Stand(view: ImportView) -> impl IntoView {
    let l = use_locale();
    let percent = view.progress.percent();
    view! {
        <p class="import-stand">
            <Badge tone=state_tone(view.state)>{state_text(l, view.state)}</Badge>
            <span>{td_string!(l, imports.of_size, count = view.files).to_string()} " · " {size_text(l, view.bytes)}</span>
        </p>
        {view.state.is_running().then(|| view! {
            <div class="import-progress" role="status">
                <progress class="progress progress-primary" value=percent.to_string() max="100" aria-label=td_string!(l, imports.progress)></progress>
                <p>{td_string!(l, imports.records_done, percent = percent, count = view.progress.records).to_string()}</p>
                <noscript><p><a class="btn btn-outline" href="">{td_string!(l, imports.refresh)}</a></p></noscript>
            </div>
        })}
    }
}

#[component]
fn Outcome(report: ImportReport, state: ImportState, at_terminal: bool) -> impl IntoView {
    let l = use_locale();
    let counts = report.counts;
    let lead: Option<(Tone, Cow<'static, str>)> = match state {
        ImportState::Done => Some((Tone::Good, td_string!(l, imports.done_lead).into())),
        ImportState::Failed => Some((Tone::Bad, failed_text(l, at_terminal).into())),
        ImportState::Checked if report.refused_files > 0 => {
            let text = td_string!(l, imports.refused_files_lead, count = report.rows_not_read).to_string();
            Some((Tone::Bad, Cow::Owned(text)))
        }
        ImportState::Checked if counts.refused() > 0 => Some((Tone::Warn, td_string!(l, imports.refused_lead).into())),
        ImportState::Checked if counts.total() == 0 => Some((Tone::Warn, td_string!(l, imports.no_records).into())),
        ImportState::Checked if counts.writes() == 0 => Some((Tone::Info, td_string!(l, imports.nothing_lead).into())),
        ImportState::Checked => Some((Tone::Info, td_string!(l, imports.ready_lead).into())),
        ImportState::Checking | ImportState::Running => None,
    };
    view! {
        {lead.map(|(tone, text)| view! { <Callout tone>{text}</Callout> })}
        <Card title=td_string!(l, imports.counts)>
            {(report.html > 0).then(|| view! { <p class="quiet">{td_string!(l, imports.html_count, count = report.html).to_string()}</p> })}
            <Counts all=counts by_kind=report.by_kind />
        </Card>
    }
}

#[component]
fn Records(id: ImportId, report: ImportReport) -> impl IntoView {
    let l = use_locale();
    let total = report.counts.total();
    let cut = total > MAX_SHOWN as u64;
    view! {
        <Card title=td_string!(l, imports.records)>
            {cut.then(|| view! { <p class="quiet">{td_string!(l, imports.cut, shown = MAX_SHOWN, total = total)}</p> })}
            <p><a class="link way" href=format!("/imports/{id}/verdicts") download="" rel="external">{td_string!(l, imports.verdicts)}</a></p>
            <table class="table cards-on-phone">
                <thead>
                    <tr>
                        <th scope="col">{td_string!(l, imports.record)}</th>
                        <th scope="col">{td_string!(l, imports.line)}</th>
                        <th scope="col">{td_string!(l, imports.verdict)}</th>
                        <th scope="col">{td_string!(l, imports.why)}</th>
                    </tr>
                </thead>
                <tbody>
                    {report.rows.into_iter().map(|row| {
                        let (word, tone) = verdict_text(l, &row);
                        let why = why_texts(l, &row).into_iter().map(|why| view! { <p>{why}</p> }).collect_view();
                        let kind = row.kind.map_or("", |kind| kind_text(l, kind));
                        view! {
                            <tr>
                                <td class="row-title">{kind} " " <code>{row.id}</code></td>
                                <td data-label=td_string!(l, imports.line)>{if row.file.is_empty() { row.line.to_string() } else { td_string!(l, imports.file_line, file = row.file, line = row.line).to_string() }}</td>
                                <td data-label=td_string!(l, imports.verdict)><Badge tone>{word}</Badge></td>
                                <td data-label=td_string!(l, imports.why)>{why}</td>
                            </tr>
                        }
                    }).collect_view()}
                </tbody>
            </table>
        </Card>
    }
}

#[component]
fn Counts(all: VerdictCounts, by_kind: Vec<(domain::imports::RecordKind, VerdictCounts)>) -> impl IntoView {
    let l = use_locale();
    let lines = by_kind
        .into_iter()
        .map(|(kind, counts)| (kind_text(l, kind), counts))
        .chain([(td_string!(l, imports.total), all)])
        .map(|(name, counts)| {
            view! {
                <tr>
                    <th scope="row" class="row-title">{name}</th>
                    <td data-label=td_string!(l, imports.create)>{counts.create}</td>
                    <td data-label=td_string!(l, imports.update)>{counts.update}</td>
                    <td data-label=td_string!(l, imports.remarked)>{counts.remarked}</td>
                    <td data-label=td_string!(l, imports.unchanged)>{counts.unchanged}</td>
                    <td data-label=td_string!(l, imports.conflict)>{counts.conflict}</td>
                    <td data-label=td_string!(l, imports.reject)>{counts.reject}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="table cards-on-phone">
            <thead>
                <tr>
                    <th scope="col">{td_string!(l, imports.record)}</th>
                    <th scope="col">{td_string!(l, imports.create)}</th>
                    <th scope="col">{td_string!(l, imports.update)}</th>
                    <th scope="col">{td_string!(l, imports.remarked)}</th>
                    <th scope="col">{td_string!(l, imports.unchanged)}</th>
                    <th scope="col">{td_string!(l, imports.conflict)}</th>
                    <th scope="col">{td_string!(l, imports.reject)}</th>
                </tr>
            </thead>
            <tbody>{lines}</tbody>
        </table>
    }
}

/// Offers to commit or to discard the upload.
#[component]
fn Decision(view: ImportView, import: RwSignal<ImportView>) -> impl IntoView {
    let counts = view.report.as_ref().map(|report| report.counts).unwrap_or_default();
    let waits = matches!(view.state, ImportState::Checked | ImportState::Failed);
    let refused = counts.refused() > 0;
    let readable = view.report.as_ref().is_none_or(|report| report.may_commit(true));
    let offers = waits && readable && !view.at_terminal && (counts.writes() > 0 || view.report.is_none());
    view! {
        <div class="import-decision">
            {offers.then(|| view! { <Commit id=view.id writes=counts.writes() refused import /> })}
            <Discard id=view.id at_terminal=view.at_terminal />
        </div>
    }
}

#[component]
fn Commit(id: ImportId, writes: u64, refused: bool, import: RwSignal<ImportView>) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<CommitImport>::new();
    let form = FormState::provide(action);
    Effect::new(move |_| {
        if matches!(action.value().get(), Some(Ok(()))) {
            import.update(|import| import.state = ImportState::Running);
        }
    });
    view! {
        <Form action=action class="form">
            {form.view(&[])}
            <HiddenField name="id" value=id.to_string() />
            {refused.then(|| view! { <HiddenField name="skip" value="yes" /> })}
            <Submit>
                {if writes == 0 {
                    td_string!(l, imports.resume).to_owned()
                } else if refused {
                    td_string!(l, imports.commit_rest, count = writes).to_string()
                } else {
                    td_string!(l, imports.commit, count = writes).to_string()
                }}
            </Submit>
            <p class="field-hint">{td_string!(l, imports.no_mail)}</p>
        </Form>
    }
}

#[component]
fn Discard(id: ImportId, at_terminal: bool) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<DiscardImport>::new();
    let form = FormState::provide(action);
    let (name, lead) = match at_terminal {
        true => (td_string!(l, imports.forget), td_string!(l, imports.forget_lead)),
        false => (td_string!(l, imports.discard), td_string!(l, imports.discard_lead)),
    };
    view! {
        <Form action=action class="form">
            {form.view(&[])}
            <HiddenField name="id" value=id.to_string() />
            <details>
                <summary class="btn btn-outline">{name}</summary>
                <p class="field-hint mt-3">{lead}</p>
                <Submit kind=Kind::Danger>{td_string!(l, imports.discard_confirm)}</Submit>
            </details>
        </Form>
    }
}
