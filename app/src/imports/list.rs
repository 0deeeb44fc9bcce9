//! The upload form, and the uploads that wait for a decision. The form is plain: it works without JavaScript.

use domain::imports::{ImportShelf, ImportView, RefusedUpload, UploadProblem};
use leptos::prelude::*;

use super::{
    api::list_imports,
    words::{counts_text, meant_text, size_text, state_text, state_tone, upload_text},
};
use crate::{
    i18n::*,
    language::use_locale,
    ui::{Badge, Callout, Card, Empty, FormKey, Icon, PageHead, ShortMoment, Sign, Tone, loaded, use_query},
};

#[component]
pub fn ImportsPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query();
    let refused = query.with_untracked(|query| query.get("refused")).and_then(|key| UploadProblem::parse(&key));
    let imports = Resource::new_blocking(|| (), |()| list_imports());
    view! {
        <PageHead title=td_string!(l, imports.nav) />
        {loaded(imports, move |shelf: ImportShelf| {
            let file = shelf.refused.filter(|noted| refused == Some(noted.problem)).and_then(|noted| noted.file);
            view! {
                {refused.map(|problem| view! { <Refused refused=RefusedUpload { problem, file } /> })}
                <div class="imports"><Upload /><Waiting imports=shelf.imports /></div>
            }
        })}
    }
}

/// Says why the last upload was refused, and which file is to blame.
#[component]
fn Refused(refused: RefusedUpload) -> impl IntoView {
    let l = use_locale();
    let RefusedUpload { problem, file } = refused;
    let meant = file.as_deref().filter(|_| problem == UploadProblem::UnknownFile).and_then(|file| meant_text(l, file));
    view! {
        <Callout tone=Tone::Bad>
            <p class="font-semibold">{td_string!(l, imports.refused)}</p>
            {file.map(|file| view! { <p>{td_string!(l, imports.which_file)} " " <code>{file}</code> {meant.map(|meant| format!(" {meant}"))}</p> })}
            <p>{upload_text(l, problem)}</p>
        </Callout>
    }
}

#[component]
fn Upload() -> impl IntoView {
    let l = use_locale();
    view! {
        <Card title=td_string!(l, imports.upload)>
            <p>{td_string!(l, imports.lead)}</p>
            <form class="form" method="post" action="/imports/upload" enctype="multipart/form-data">
                <FormKey />
                <div class="field">
                    <label for="f-records">{td_string!(l, imports.records_field)}</label>
                    <p id="f-records-hint" class="field-hint">{td_string!(l, imports.records_hint)}</p>
                    <input id="f-records" name="records" type="file" class="file-input" multiple=true required=true accept=".jsonl,.ndjson,.json,.csv" aria-describedby="f-records-hint" />
                </div>
                <div class="field">
                    <label for="f-files">{td_string!(l, imports.files)}</label>
                    <p id="f-files-hint" class="field-hint">{td_string!(l, imports.files_hint)}</p>
                    <input id="f-files" name="files" type="file" class="file-input" multiple=true aria-describedby="f-files-hint" />
                </div>
                <button type="submit" class="btn btn-primary"><Icon sign=Sign::Import />{td_string!(l, imports.check)}</button>
            </form>
        </Card>
    }
}

#[component]
fn Waiting(imports: Vec<ImportView>) -> impl IntoView {
    let l = use_locale();
    if imports.is_empty() {
        return view! {
            <Empty sign=Sign::Import title=td_string!(l, imports.none)><p>{td_string!(l, imports.none_lead)}</p></Empty>
        }
        .into_any();
    }
    let rows = imports
        .into_iter()
        .map(|import| {
            view! {
                <tr>
                    <td class="row-title"><a class="row-link" href=format!("/imports/{}", import.id)>{import.name}</a></td>
                    <td data-label=td_string!(l, imports.state)>
                        <Badge tone=state_tone(import.state)>{state_text(l, import.state)}</Badge>
                    </td>
                    <td data-label=td_string!(l, imports.result)>{import.report.map(|report| counts_text(l, &report.counts))}</td>
                    <td data-label=td_string!(l, imports.size)>{size_text(l, import.bytes)}</td>
                    <td data-label=td_string!(l, imports.by)>{if import.at_terminal { td_string!(l, imports.at_terminal).to_owned() } else { import.by }}</td>
                    <td data-label=td_string!(l, imports.uploaded)><ShortMoment at=import.uploaded_at /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Card title=td_string!(l, imports.waiting)>
            <table class="table cards-on-phone">
                <thead>
                    <tr>
                        <th scope="col">{td_string!(l, imports.file)}</th>
                        <th scope="col">{td_string!(l, imports.state)}</th>
                        <th scope="col">{td_string!(l, imports.result)}</th>
                        <th scope="col">{td_string!(l, imports.size)}</th>
                        <th scope="col">{td_string!(l, imports.by)}</th>
                        <th scope="col">{td_string!(l, imports.uploaded)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Card>
    }
    .into_any()
}
