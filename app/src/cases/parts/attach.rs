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

/// One file on its way.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only browsers upload"))]
enum Upload {
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
    view! {
        <div class="field needs-script">
            <label for="f-upload">{td_string!(l, cases.files)}</label>
            <p class="field-hint" id="f-upload-hint">{td_string!(l, cases.files_hint)}</p>
            <input id="f-upload" type="file" multiple class="file-input" aria-describedby="f-upload-hint"
                on:change=move |event| take_files(l, &event, uploads) />
            <ul class="files" aria-live="polite">
                {move || uploads.get().into_iter().map(|upload| view! { <UploadRow upload /> }).collect_view()}
            </ul>
            <p class="field-error">{error}</p>
        </div>
        <p class="field-hint no-script">{td_string!(l, cases.files_later)}</p>
    }
}

#[component]
fn UploadRow(upload: Upload) -> impl IntoView {
    let l = use_locale();
    match upload {
        Upload::Running { name, percent } => view! {
            <li class="file">
                <Icon sign=Sign::File />{name}
                <progress class="progress progress-primary" value=percent max="100" aria-label=td_string!(l, cases.uploading)></progress>
            </li>
        }
        .into_any(),
        Upload::Done(file) => view! {
            <li class="file">
                <Icon sign=Sign::Check />{file.name}<span class="quiet">{size_text(l, file.size)}</span>
                <input type="hidden" name="files[]" value=file.id.to_string() />
            </li>
        }
        .into_any(),
        Upload::Refused { name, why } => view! { <li class="file file-refused"><Icon sign=Sign::Warning />{name} ": " {why}</li> }.into_any(),
    }
}

/// A key for the form, made once the page lives: a second sending of the same form is the same act.
#[component]
pub fn FormKey() -> impl IntoView {
    let key = RwSignal::new(String::new());
    Effect::new(move |_| {
        key.set(format!("{:x}{:x}", (js_sys::Math::random() * 1e17) as u64, js_sys::Date::now() as u64))
    });
    view! { <input type="hidden" name="key" prop:value=key value="" /> }
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
    let refused = |why: FieldError| Upload::Refused { name: name.clone(), why: field_error_text(l, &why) };
    if file.size() > domain::files::MAX_FILE_BYTES as f64 {
        uploads.update(|all| all.push(refused(FieldError::TooLarge { max_bytes: domain::files::MAX_FILE_BYTES })));
        return;
    }
    let index = uploads.with_untracked(Vec::len);
    uploads.update(|all| all.push(Upload::Running { name: name.clone(), percent: 0 }));
    let set = move |upload: Upload| {
        uploads.update(|all| {
            if let Some(place) = all.get_mut(index) {
                *place = upload;
            }
        });
    };
    let (Ok(request), Ok(form)) = (XmlHttpRequest::new(), FormData::new()) else { return };
    let sent = form.append_with_blob_and_filename("file", file, &name).is_ok()
        && request.open("POST", "/files").is_ok()
        && request.set_request_header("accept", "application/json").is_ok();
    if let Ok(upload) = request.upload() {
        let name = name.clone();
        let on_progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
            let percent = if event.total() > 0.0 { event.loaded() / event.total() * 100.0 } else { 0.0 };
            set(Upload::Running { name: name.clone(), percent: percent as u32 });
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
                set(Upload::Done(file));
                return;
            }
            let why = match serde_json::from_str::<crate::ApiError>(&text) {
                Ok(crate::ApiError(domain::Failure::Invalid(errors))) => {
                    errors.get("files").map(|error| field_error_text(l, error)).unwrap_or_default()
                }
                _ => td_string!(l, cases.upload_failed).to_owned(),
            };
            set(Upload::Refused { name, why });
        })
    };
    request.set_onloadend(Some(done.unchecked_ref()));
    if !sent || request.send_with_opt_form_data(Some(&form)).is_err() {
        set(Upload::Refused { name, why: td_string!(l, cases.upload_failed).to_owned() });
    }
}
