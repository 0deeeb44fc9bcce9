//! Files beside a form: uploaded as they are chosen, with progress; the form then names them. Without JavaScript files are
//! added on the page of the case, by a form of their own.

use leptos::prelude::*;

#[cfg(feature = "hydrate")]
use domain::FieldError;
use domain::cases::FileView;

use super::stream::size_text;
use crate::{
    failure::field_error_text,
    i18n::*,
    language::use_locale,
    ui::{FormState, Icon, Sign},
};

/// One chosen file.
#[derive(Clone, Debug, PartialEq)]
struct Upload {
    /// Its place among those chosen on this page.
    id: usize,
    state: State,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only browsers upload"))]
enum State {
    Running { name: String, percent: u32 },
    Done(FileView),
    Refused { name: String, why: String },
}

#[component]
pub fn Attach() -> impl IntoView {
    let l = use_locale();
    let uploads = RwSignal::new(Vec::<Upload>::new());
    let form = use_context::<FormState>();
    let error = move || form.and_then(|form| form.error("files")).map(|error| field_error_text(l, &error));
    let running =
        Memo::new(move |_| uploads.with(|all| all.iter().any(|one| matches!(one.state, State::Running { .. }))));
    if let Some(form) = form {
        Effect::new(move |_| form.waiting.set(running.get()));
        // What was sent with the form belongs to its entry now.
        Effect::new(move |_| {
            if form.sent.get() > 0 {
                uploads.set(Vec::new());
            }
        });
    }
    let id = form.map_or_else(|| "f-upload".to_owned(), |form| form.id("upload"));
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    view! {
        <div class="field needs-script">
            <label for=id.clone()>{td_string!(l, cases.files)}</label>
            <p class="field-hint" id=hint_id.clone()>{td_string!(l, cases.files_hint)}</p>
            <input id=id type="file" multiple class="file-input" aria-describedby=format!("{error_id} {hint_id}")
                on:change=move |event| take_files(l, &event, uploads) />
            <ul class="files" aria-live="polite">
                {move || uploads.get().into_iter().map(|upload| view! { <UploadRow upload uploads /> }).collect_view()}
            </ul>
            <p class="field-hint" role="status">{move || running.get().then(|| td_string!(l, cases.upload_first))}</p>
        </div>
        // Outside: without JavaScript it is a file of the plain form that was refused.
        <p class="field-error" id=error_id aria-live="polite">{error}</p>
        <p class="field-hint no-script">{td_string!(l, cases.files_later)}</p>
    }
}

#[component]
fn UploadRow(upload: Upload, uploads: RwSignal<Vec<Upload>>) -> impl IntoView {
    let l = use_locale();
    let id = upload.id;
    let remove = |name: &str| {
        view! {
            <button type="button" class="btn btn-ghost btn-sm" aria-label=format!("{} {name}", td_string!(l, cases.remove_file))
                on:click=move |_| uploads.update(|all| all.retain(|one| one.id != id))>
                "×"
            </button>
        }
    };
    match upload.state {
        State::Running { name, percent } => {
            let remove = remove(&name);
            view! {
                <li class="file">
                    <Icon sign=Sign::File />{name}
                    <progress class="progress progress-primary" value=percent max="100" aria-label=td_string!(l, cases.uploading)></progress>
                    {remove}
                </li>
            }
            .into_any()
        }
        State::Done(file) => {
            let remove = remove(&file.name);
            view! {
                <li class="file">
                    <Icon sign=Sign::Check />{file.name}<span class="quiet">{size_text(l, file.size)}</span>
                    <input type="hidden" name="files[]" value=file.id.to_string() />
                    {remove}
                </li>
            }
            .into_any()
        }
        State::Refused { name, why } => {
            let remove = remove(&name);
            view! { <li class="file file-refused"><Icon sign=Sign::Warning />{name} " – " {why} {remove}</li> }
                .into_any()
        }
    }
}

#[cfg(not(feature = "hydrate"))]
fn take_files(_: Locale, _: &leptos::ev::Event, _: RwSignal<Vec<Upload>>) {}

#[cfg(feature = "hydrate")]
fn take_files(l: Locale, event: &leptos::ev::Event, uploads: RwSignal<Vec<Upload>>) {
    let input: web_sys::HtmlInputElement = event_target(event);
    let Some(files) = input.files() else { return };
    for index in 0..files.length() {
        if let Some(file) = files.get(index) {
            send(l, &file, uploads);
        }
    }
    input.set_value("");
}

#[cfg(feature = "hydrate")]
fn send(l: Locale, file: &web_sys::File, uploads: RwSignal<Vec<Upload>>) {
    use wasm_bindgen::{JsCast, closure::Closure};
    use web_sys::{FormData, ProgressEvent, XmlHttpRequest};

    let name = file.name();
    let id = uploads.with_untracked(|all| all.last().map_or(0, |last| last.id + 1));
    let add = |state: State| uploads.update(|all| all.push(Upload { id, state }));
    if file.size() > domain::files::MAX_FILE_BYTES as f64 {
        let why = FieldError::TooLarge { max_bytes: domain::files::MAX_FILE_BYTES };
        add(State::Refused { name, why: field_error_text(l, &why) });
        return;
    }
    add(State::Running { name: name.clone(), percent: 0 });
    // `false`: it was taken back meanwhile, or the form is gone.
    let set = move |state: State| {
        let there = uploads
            .try_update(|all| all.iter_mut().find(|one| one.id == id).map(|upload| upload.state = state).is_some());
        there.unwrap_or(false)
    };
    let (Ok(request), Ok(form)) = (XmlHttpRequest::new(), FormData::new()) else { return };
    let sent = form.append_with_blob_and_filename("file", file, &name).is_ok()
        && request.open("POST", "/files").is_ok()
        && request.set_request_header("accept", "application/json").is_ok();
    if let Ok(upload) = request.upload() {
        let (request, name) = (request.clone(), name.clone());
        let on_progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
            let percent = if event.total() > 0.0 { event.loaded() / event.total() * 100.0 } else { 0.0 };
            if !set(State::Running { name: name.clone(), percent: percent as u32 }) {
                let _ = request.abort();
            }
        });
        upload.set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
        on_progress.forget();
    }
    let done = {
        let (request, name) = (request.clone(), name.clone());
        Closure::once_into_js(move || {
            let text = request.response_text().ok().flatten().unwrap_or_default();
            if request.status() == Ok(200)
                && let Ok(file) = serde_json::from_str::<FileView>(&text)
            {
                set(State::Done(file));
                return;
            }
            let why = match serde_json::from_str::<crate::ApiError>(&text) {
                Ok(crate::ApiError(domain::Failure::Invalid(errors))) => {
                    errors.get("files").map(|error| field_error_text(l, error)).unwrap_or_default()
                }
                _ => td_string!(l, cases.upload_failed).to_owned(),
            };
            set(State::Refused { name, why });
        })
    };
    request.set_onloadend(Some(done.unchecked_ref()));
    if !sent || request.send_with_opt_form_data(Some(&form)).is_err() {
        set(State::Refused { name, why: td_string!(l, cases.upload_failed).to_owned() });
    }
}
