//! The stream of a case: every channel in one order; notes are marked by colour, icon and words.

use domain::{
    calls::CallEntry,
    cases::{CaseDetail, EntryKind, EntryView, FileView, NoteView, Side, StreamItem},
};
use leptos::prelude::*;

use crate::{
    i18n::*,
    language::use_locale,
    ui::{Icon, Linked, Moment, Sign},
};

/// Entries on the page stay untouched when more arrive.
#[component]
pub fn Stream(case: RwSignal<CaseDetail>) -> impl IntoView {
    view! {
        <ol class="stream">
            <For each=move || case.with(|case| case.stream.clone()) key=StreamItem::id let:item>
                {match item {
                    StreamItem::Entry(entry) if entry.kind == EntryKind::Line => view! { <Line entry /> }.into_any(),
                    StreamItem::Entry(entry) => view! { <Entry entry /> }.into_any(),
                    StreamItem::Note(note) => view! { <Note note /> }.into_any(),
                }}
            </For>
        </ol>
    }
}

#[component]
fn Entry(entry: EntryView) -> impl IntoView {
    let l = use_locale();
    let class = match entry.side {
        Side::Customer => "entry entry-customer",
        Side::Vendor | Side::System => "entry entry-vendor",
    };
    let (sign, door) = match entry.kind {
        EntryKind::Chat => (Sign::Chat, td_string!(l, cases.by_chat)),
        EntryKind::Call => (Sign::Phone, td_string!(l, cases.by_phone)),
        _ => (Sign::Mail, td_string!(l, cases.by_message)),
    };
    view! {
        <li class=class id=format!("e-{}", entry.id)>
            <header>
                <Icon sign />
                <strong>{entry.author}</strong>
                <span class="quiet">{door} " · " <Moment at=entry.at /></span>
                {entry.imported.then(|| view! { <span class="quiet">" · " {td_string!(l, cases.imported)}</span> })}
            </header>
            <EntryBody kind=entry.kind body=entry.body />
            {(!entry.files.is_empty()).then(|| view! { <Files files=entry.files /> })}
        </li>
    }
}

/// The first line of a call entry holds codes: the request, or the outcome.
#[component]
pub fn EntryBody(kind: EntryKind, body: String) -> impl IntoView {
    let l = use_locale();
    match (kind == EntryKind::Call).then(|| CallEntry::parse(&body)).flatten() {
        Some(CallEntry::Requested { phone, wanted_at, topic }) => view! {
            <p class="call-head">
                {td_string!(l, calls.requested)} " " <strong>{phone}</strong> " "
                {match wanted_at {
                    Some(at) => view! { {td_string!(l, calls.requested_at)} " " <Moment at /> }.into_any(),
                    None => td_string!(l, calls.requested_soon).into_any(),
                }}
            </p>
            <div class="entry-body"><Linked text=topic /></div>
        }
        .into_any(),
        Some(CallEntry::Made { outcome, note }) => view! {
            <p class="call-head"><strong>{crate::calls::outcome_text(l, outcome)}</strong></p>
            <div class="entry-body"><Linked text=note /></div>
        }
        .into_any(),
        None => view! { <div class="entry-body"><Linked text=body /></div> }.into_any(),
    }
}

#[component]
fn Files(files: Vec<FileView>) -> impl IntoView {
    let l = use_locale();
    view! {
        <ul class="files">
            {files.into_iter().map(|file| view! {
                <li>
                    <a class="file" href=format!("/files/{}", file.id) rel="external" download="">
                        <Icon sign=Sign::File />{file.name}<span class="quiet">{size_text(l, file.size)}</span>
                    </a>
                </li>
            }).collect_view()}
        </ul>
    }
}

pub fn size_text(l: Locale, bytes: u64) -> String {
    let (kilo, mega) = match l {
        Locale::fr => ("ko", "Mo"),
        Locale::en => ("KB", "MB"),
    };
    if bytes < 1_048_576 {
        format!("{}\u{a0}{kilo}", bytes.div_ceil(1024))
    } else {
        format!("{}\u{a0}{mega}", bytes.div_ceil(1_048_576))
    }
}

#[component]
fn Note(note: NoteView) -> impl IntoView {
    let l = use_locale();
    view! {
        <li class="entry entry-note" id=format!("e-{}", note.id)>
            <header>
                <Icon sign=Sign::Note />
                <strong>{note.author}</strong>
                <span>{td_string!(l, cases.note_mark)}</span>
                <span class="quiet"><Moment at=note.at /></span>
            </header>
            <div class="entry-body"><Linked text=note.body /></div>
            {(!note.files.is_empty()).then(|| view! { <Files files=note.files /> })}
        </li>
    }
}

/// A line by the system: a code in the database, a sentence here.
#[component]
fn Line(entry: EntryView) -> impl IntoView {
    let l = use_locale();
    let text = match entry.body.as_str() {
        "assigned" => td_string!(l, cases.line_assigned),
        "closed" => td_string!(l, cases.line_closed),
        "reopened" => td_string!(l, cases.line_reopened),
        "callback" => td_string!(l, cases.line_callback),
        "callback_cancelled" => td_string!(l, calls.cancelled),
        "chat_answered" => td_string!(l, cases.line_chat_answered),
        "chat_ended" => td_string!(l, cases.line_chat_ended),
        other => return view! { <li class="stream-line">{other.to_owned()}</li> }.into_any(),
    };
    view! { <li class="stream-line">{entry.author} " " {text} " · " <Moment at=entry.at /></li> }.into_any()
}
