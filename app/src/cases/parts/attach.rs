//! Files beside a form: uploaded as they are chosen, a few at a time and with progress; the form then names them. Without
//! JavaScript files are added on the page of the case, by a form of their own.

use leptos::prelude::*;

use domain::cases::FileView;

use super::stream::size_text;
use crate::{
    failure::{field_error_text, sign_in_again},
    i18n::*,
    language::use_locale,
    ui::{FormState, Icon, Sign},
};

/// One chosen file.
#[derive(Clone, Debug, PartialEq)]
struct Upload {
    /// Never reused on this page: an upload that still runs for a removed file finds no other file under its id (T02).
    id: u32,
    state: State,
}

/// The files of one form, and their transfers.
#[derive(Clone, Copy)]
struct Uploads {
    all: RwSignal<Vec<Upload>>,
    #[cfg(feature = "hydrate")]
    transfers: StoredValue<transfer::Transfers, LocalStorage>,
}

impl Uploads {
    fn new() -> Self {
        Self {
            all: RwSignal::new(Vec::new()),
            #[cfg(feature = "hydrate")]
            transfers: StoredValue::new_local(transfer::Transfers::default()),
        }
    }

    /// Removes a file: its upload is aborted, and the form does not name it.
    fn remove(self, id: u32) {
        self.all.update(|all| all.retain(|one| one.id != id));
        #[cfg(feature = "hydrate")]
        transfer::abort(self, id);
    }
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only browsers upload"))]
enum State {
    Running { name: String, percent: u32 },
    Done(FileView),
    Refused { name: String, why: String, sign_in: bool },
}

#[component]
pub fn Attach() -> impl IntoView {
    let l = use_locale();
    let uploads = Uploads::new();
    let form = use_context::<FormState>();
    let error = move || form.and_then(|form| form.error("files")).map(|error| field_error_text(l, &error));
    let running =
        Memo::new(move |_| uploads.all.with(|all| all.iter().any(|one| matches!(one.state, State::Running { .. }))));
    if let Some(form) = form {
        let sending = StoredValue::new(Vec::<u32>::new());
        Effect::new(move |_| form.waiting.set(running.get()));
        Effect::new(move |_| {
            if form.pending.get() {
                sending.set_value(uploads.all.with_untracked(|all| all.iter().map(|one| one.id).collect()));
            }
        });
        // Files sent with the form belong to its entry now; files chosen since then wait for the next one.
        Effect::new(move |_| {
            if form.sent.get() > 0 {
                let sent = sending.get_value();
                uploads.all.update(|all| all.retain(|one| !sent.contains(&one.id)));
            }
        });
    }
    #[cfg(feature = "hydrate")]
    on_cleanup(move || transfer::abort_all(uploads));
    let id = form.map_or_else(|| "f-upload".to_owned(), |form| form.id("upload"));
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    view! {
        <div class="field needs-script">
            <label for=id.clone()>{td_string!(l, cases.files)}</label>
            <p class="field-hint" id=hint_id.clone()>{td_string!(l, cases.files_hint)}</p>
            <input id=id type="file" multiple class="file-input" aria-describedby=format!("{error_id} {hint_id}")
                on:change=move |event| take_files(l, &event, uploads) />
            <ul class="files" aria-live="polite">
                {move || uploads.all.get().into_iter().map(|upload| view! { <UploadRow upload uploads /> }).collect_view()}
            </ul>
            <p class="field-hint" role="status">{move || running.get().then(|| td_string!(l, cases.upload_first))}</p>
        </div>
        // Outside of that part: without JavaScript the error is about a file of the plain form.
        <p class="field-error" id=error_id aria-live="polite">{error}</p>
        <p class="field-hint no-script">{td_string!(l, cases.files_later)}</p>
    }
}

#[component]
fn UploadRow(upload: Upload, uploads: Uploads) -> impl IntoView {
    let l = use_locale();
    let id = upload.id;
    let remove = |name: &str| {
        view! {
            <button type="button" class="btn btn-ghost btn-sm" aria-label=format!("{} {name}", td_string!(l, cases.remove_file))
                on:click=move |_| uploads.remove(id)>
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
        State::Refused { name, why, sign_in } => {
            let remove = remove(&name);
            let sign_in = sign_in.then(|| {
                view! { " " <a class="link" href=sign_in_again() rel="external">{td_string!(l, session.sign_in)}</a> }
            });
            view! { <li class="file file-refused"><Icon sign=Sign::Warning />{name} " – " {why} {sign_in} {remove}</li> }
                .into_any()
        }
    }
}

#[cfg(not(feature = "hydrate"))]
fn take_files(_: Locale, _: &leptos::ev::Event, _: Uploads) {}

#[cfg(feature = "hydrate")]
use transfer::take_files;

/// The uploads, in the browser only.
#[cfg(feature = "hydrate")]
mod transfer {
    use std::collections::{HashMap, VecDeque};

    use domain::{Failure, FieldError, files::MAX_FILE_BYTES};
    use wasm_bindgen::{JsCast, closure::Closure};
    use web_sys::{File, FormData, HtmlInputElement, ProgressEvent, XmlHttpRequest};

    use super::*;

    /// The server accepts eight at a time from one person, whose other tabs may upload too.
    const AT_ONCE: usize = 3;

    #[derive(Default)]
    pub struct Transfers {
        last_id: u32,
        waiting: VecDeque<(u32, File)>,
        running: HashMap<u32, XmlHttpRequest>,
    }

    pub fn take_files(l: Locale, event: &leptos::ev::Event, uploads: Uploads) {
        let input: HtmlInputElement = event_target(event);
        let Some(files) = input.files() else { return };
        for file in (0..files.length()).filter_map(|index| files.get(index)) {
            take(l, file, uploads);
        }
        input.set_value("");
        send_next(l, uploads);
    }

    fn take(l: Locale, file: File, uploads: Uploads) {
        let name = file.name();
        let id = uploads.transfers.try_update_value(|transfers| {
            transfers.last_id += 1;
            transfers.last_id
        });
        let Some(id) = id else { return };
        let wrong = match file.size() {
            size if size > MAX_FILE_BYTES as f64 => Some(FieldError::TooLarge { max_bytes: MAX_FILE_BYTES }),
            size if size <= 0.0 => Some(FieldError::EmptyFile),
            _ => None,
        };
        let state = match wrong {
            Some(error) => State::Refused { name, why: field_error_text(l, &error), sign_in: false },
            None => {
                uploads.transfers.update_value(|transfers| transfers.waiting.push_back((id, file)));
                State::Running { name, percent: 0 }
            }
        };
        uploads.all.update(|all| all.push(Upload { id, state }));
    }

    /// Starts waiting uploads, as far as there is room.
    fn send_next(l: Locale, uploads: Uploads) {
        loop {
            let next = uploads.transfers.try_update_value(|transfers| {
                let room = transfers.running.len() < AT_ONCE;
                if room { transfers.waiting.pop_front() } else { None }
            });
            let Some((id, file)) = next.flatten() else { return };
            if send(l, id, &file, uploads).is_none() {
                set(uploads, id, failed(l, file.name()));
            }
        }
    }

    fn failed(l: Locale, name: String) -> State {
        State::Refused { name, why: td_string!(l, cases.upload_failed).to_owned(), sign_in: false }
    }

    /// Changes the state of a file, unless it was removed or the form is gone.
    fn set(uploads: Uploads, id: u32, state: State) {
        uploads.all.try_update(|all| {
            if let Some(upload) = all.iter_mut().find(|one| one.id == id) {
                upload.state = state;
            }
        });
    }

    /// Starts an upload; `None` when that fails.
    fn send(l: Locale, id: u32, file: &File, uploads: Uploads) -> Option<()> {
        let name = file.name();
        let (request, form) = (XmlHttpRequest::new().ok()?, FormData::new().ok()?);
        form.append_with_blob_and_filename("file", file, &name).ok()?;
        request.open("POST", "/files").ok()?;
        request.set_request_header("accept", "application/json").ok()?;
        let upload = request.upload().ok()?;
        let on_progress = {
            let name = name.clone();
            Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
                let percent = if event.total() > 0.0 { event.loaded() / event.total() * 100.0 } else { 0.0 };
                set(uploads, id, State::Running { name: name.clone(), percent: percent as u32 });
            })
        };
        // The browser frees it with the request.
        upload.set_onprogress(Some(on_progress.into_js_value().unchecked_ref()));
        let done = {
            let request = request.clone();
            Closure::once_into_js(move || {
                uploads.transfers.try_update_value(|transfers| transfers.running.remove(&id));
                set(uploads, id, outcome(l, &request, name));
                send_next(l, uploads);
            })
        };
        request.set_onloadend(Some(done.unchecked_ref()));
        request.send_with_opt_form_data(Some(&form)).ok()?;
        uploads.transfers.update_value(|transfers| {
            transfers.running.insert(id, request);
        });
        Some(())
    }

    /// Reads the server's answer.
    fn outcome(l: Locale, request: &XmlHttpRequest, name: String) -> State {
        let text = request.response_text().ok().flatten().unwrap_or_default();
        if request.status() == Ok(200)
            && let Ok(file) = serde_json::from_str::<FileView>(&text)
        {
            return State::Done(file);
        }
        let why = match serde_json::from_str::<crate::ApiError>(&text).map(|error| error.0) {
            Ok(Failure::Invalid(errors)) => errors.get("files").map(|error| field_error_text(l, error)),
            Ok(Failure::Unauthenticated) => {
                let why = td_string!(l, failure.unauthenticated).to_owned();
                return State::Refused { name, why, sign_in: true };
            }
            Ok(Failure::TooMany { .. }) => Some(td_string!(l, failure.too_many_uploads).to_owned()),
            Ok(Failure::Forbidden(_)) => Some(td_string!(l, failure.no_role).to_owned()),
            _ => None,
        };
        match why {
            Some(why) => State::Refused { name, why, sign_in: false },
            None => failed(l, name),
        }
    }

    /// Aborts the upload of a file; its last events find no file any more.
    pub fn abort(uploads: Uploads, id: u32) {
        let running = uploads.transfers.try_update_value(|transfers| {
            transfers.waiting.retain(|(waiting, _)| *waiting != id);
            transfers.running.remove(&id)
        });
        if let Some(request) = running.flatten() {
            let _ = request.abort();
        }
    }

    /// Aborts everything, because the form is gone.
    pub fn abort_all(uploads: Uploads) {
        let running = uploads.transfers.try_update_value(|transfers| {
            transfers.waiting.clear();
            std::mem::take(&mut transfers.running)
        });
        for request in running.unwrap_or_default().into_values() {
            let _ = request.abort();
        }
    }
}
