//! Forms: the key that makes a form work once, and the drafts of what was not sent yet.
//!
//! A key is `RANDOM.PERSON.PROOF`, at most [`MAX_KEY`] characters: the person the form was rendered for, proved with the key
//! of the installation, so that another person's session cannot send it unawares. Pages for people who are not signed in
//! have the first part only.
//!
//! Neither a draft nor the note of a sending is a change of state that the ledger tells of: they write no event.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Failure, FieldError, PersonId, RequestId};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use store::{sendings, write_tx};
use uuid::Uuid;

use crate::{Context, OrFail, Services, link};

/// The longest key of a form, in bytes.
pub const MAX_KEY: usize = 64;
/// The longest draft, in bytes, as forms are encoded.
pub const MAX_DRAFT: usize = 512 * 1024;
/// The longest name of a form.
const MAX_FORM: usize = 128;
/// Drafts of one person; the oldest make room.
const MOST_DRAFTS: u64 = 20;
const DRAFT_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a second sending finds the answer of the first.
const SENDING_KEPT: SignedDuration = SignedDuration::from_hours(2 * 24);
/// A sending that neither ended nor was committed by then never will be: its process is gone.
const GIVEN_UP: SignedDuration = SignedDuration::from_secs(60);
/// A sending that was committed is answered within this time, or never: its process is gone.
const ANSWERED: SignedDuration = SignedDuration::from_secs(5);

/// The longest time for which the same content can be the same act, whatever the key.
pub const SAME_CONTENT: SignedDuration = SignedDuration::from_mins(10);

/// How long a second sending waits between two looks at the first one, and how often it looks.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 400;

const PURPOSE: &[u8] = b"form for a person\0";
const SENT: &[u8] = b"form that was sent\0";

/// What follows the random part of the keys of this person's forms.
pub fn tag(services: &Services, person: PersonId) -> String {
    let id = person.uuid().into_bytes();
    format!("{}.{}", URL_SAFE_NO_PAD.encode(id), URL_SAFE_NO_PAD.encode(link::short_proof(services, PURPOSE, &id)))
}

/// A key for a form that is rendered now.
pub fn new_key(services: &Services, person: Option<PersonId>) -> String {
    let random = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>());
    match person {
        Some(person) => format!("{random}.{}", tag(services, person)),
        None => random,
    }
}

/// The person a form was rendered for; `None` for pages without a session and for keys that were not made here.
pub fn rendered_for(services: &Services, key: &str) -> Option<PersonId> {
    let mut parts = key.split('.').skip(1);
    let id = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
    let person = PersonId::from(Uuid::from_slice(&id).ok()?);
    (key.split_once('.').map(|(_, rest)| rest) == Some(tag(services, person).as_str())).then_some(person)
}

/// What makes two sendings the same one: function, person, key and every field. Another text is another act, whatever the
/// key.
pub struct Sent<'a> {
    pub function: &'a str,
    /// Who sends it, or for whom it was rendered.
    pub person: Option<PersonId>,
    pub key: &'a str,
    pub fields: &'a [(String, String)],
    /// For how long the same content is the same act, whatever the key, at most [`SAME_CONTENT`]: without JavaScript the
    /// page behind "back" is a new one with a new key.
    pub once: Option<SignedDuration>,
}

/// What a file holds, for [`Sent::fields`].
#[derive(Default)]
pub struct FileSum(Sha256);

impl FileSum {
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn finish(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.finalize())
    }
}

/// The right to do what a form asks for; ends with [`Sending::answered`] or [`Sending::refused`].
#[derive(Clone, Debug)]
pub struct Sending {
    hash: [u8; 32],
    /// What was sent without its key, where that counts.
    text: Option<[u8; 32]>,
    request: RequestId,
}

/// What stands about a sending when it comes.
#[derive(Clone, Debug)]
pub enum Begun {
    /// It was not sent before, or was refused then.
    First(Sending),
    /// It was taken before; where that led, empty for nowhere.
    Before(String),
    /// Another key sent the same content a moment ago ([`Sent::once`]); where that led, empty for nowhere.
    SameText(String),
    /// The first one is still being worked on.
    UnderWay,
}

/// Counts a form that a person sends.
///
/// # Errors
/// [`Failure::TooMany`] for a person who sends more than a person would, refused ones included.
pub fn count(services: &Services, person: PersonId) -> Result<(), Failure> {
    services.limits.count_form(person)
}

/// Whether a form of a visitor without a session is claimed: not beyond a number for their network, so that a flood writes
/// nothing. What is not claimed is an act of its own each time that it is sent.
pub fn claims_for_visitor(services: &Services, client: &str) -> bool {
    services.limits.count_visitor(client, services.now())
}

/// Asks whether this form was sent before, and claims it when not.
///
/// # Errors
/// [`Failure::Invalid`] under `key` for one longer than [`MAX_KEY`]; when the database refuses.
pub async fn begin(services: &Services, sent: &Sent<'_>, request: RequestId) -> Result<Begun, Failure> {
    if sent.key.len() > MAX_KEY {
        return Err(Failure::field("key", FieldError::TooLong { max: MAX_KEY as u32 }));
    }
    let hash = hash(services, sent, sent.key);
    let text = sent.once.map(|period| (hash_of_text(services, sent), period.min(SAME_CONTENT)));
    let now = services.now();
    if let Some(before) = sendings::find(&services.db, &hash).await.or_fail("finding a form")? {
        let age = now.duration_since(before.claimed_at);
        match (before.answer, before.done) {
            (Some(answer), _) => return Ok(Begun::Before(answer)),
            (None, true) if age > ANSWERED => return Ok(Begun::Before(String::new())),
            (None, false) if age > GIVEN_UP => {
                let tx = write_tx(&services.db).await.or_fail("beginning a transaction")?;
                sendings::release(&tx, &hash, before.request).await.or_fail("releasing a form")?;
                tx.commit().await.or_fail("committing")?;
            }
            (None, _) => return Ok(Begun::UnderWay),
        }
    }
    if let Some((text, same)) = text
        && let Some(before) = sendings::find(&services.db, &text).await.or_fail("finding a form")?
        && let Some(answer) = before.answer.filter(|_| now.duration_since(before.claimed_at) < same)
    {
        return Ok(Begun::SameText(answer));
    }
    let tx = write_tx(&services.db).await.or_fail("beginning a transaction")?;
    let first = sendings::claim(&tx, &hash, request, now).await.or_fail("claiming a form")?;
    tx.commit().await.or_fail("committing")?;
    let text = text.map(|(text, _)| text);
    Ok(if first { Begun::First(Sending { hash, text, request }) } else { Begun::UnderWay })
}

/// Begins as [`begin`], and waits 20 seconds for a first sending that is under way.
///
/// # Errors
/// As [`begin`].
pub async fn begin_or_wait(services: &Services, sent: &Sent<'_>, request: RequestId) -> Result<Begun, Failure> {
    for _ in 0..LOOKS {
        match begin(services, sent, request).await? {
            Begun::UnderWay => tokio::time::sleep(LOOK).await,
            begun => return Ok(begun),
        }
    }
    Ok(Begun::UnderWay)
}

/// What was sent without its key.
fn hash_of_text(services: &Services, sent: &Sent<'_>) -> [u8; 32] {
    hash(services, sent, "")
}

/// Keyed: what was sent may hold a password.
fn hash(services: &Services, sent: &Sent<'_>, key: &str) -> [u8; 32] {
    let mut said = Sha256::new();
    let person = sent.person.map(|person| person.to_string()).unwrap_or_default();
    let fields = sent.fields.iter().filter(|(name, _)| name != "key");
    let fields = fields.flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    for part in [sent.function, &person, key].into_iter().chain(fields) {
        said.update((part.len() as u64).to_be_bytes());
        said.update(part.as_bytes());
    }
    link::proof(services, SENT, &said.finalize())
}

impl Sending {
    /// Notes where the form led.
    ///
    /// # Errors
    /// When the database refuses; what the form did stands all the same.
    pub async fn answered(&self, services: &Services, answer: &str) -> Result<(), Failure> {
        let tx = write_tx(&services.db).await.or_fail("beginning a transaction")?;
        let now = services.now();
        sendings::set_answer(&tx, &self.hash, self.request, answer, now).await.or_fail("noting a form")?;
        if let Some(text) = &self.text {
            sendings::delete(&tx, text).await.or_fail("noting a form")?;
            sendings::claim(&tx, text, self.request, now).await.or_fail("noting a form")?;
            sendings::set_answer(&tx, text, self.request, answer, now).await.or_fail("noting a form")?;
        }
        tx.commit().await.or_fail("committing")
    }

    /// Lets the same form be sent again.
    ///
    /// # Errors
    /// When the database refuses; then it can be sent again a minute later.
    pub async fn refused(&self, services: &Services) -> Result<(), Failure> {
        let tx = write_tx(&services.db).await.or_fail("beginning a transaction")?;
        sendings::release(&tx, &self.hash, self.request).await.or_fail("releasing a form")?;
        tx.commit().await.or_fail("committing")
    }
}

/// Lets the forms that led to `answer` be sent anew: what they made is gone.
///
/// # Errors
/// When the database refuses; until their notes are purged they lead to what is gone.
pub async fn forget_answer(services: &Services, answer: &str) -> Result<(), Failure> {
    let tx = write_tx(&services.db).await.or_fail("beginning a transaction")?;
    sendings::delete_answered(&tx, answer).await.or_fail("forgetting a form")?;
    tx.commit().await.or_fail("committing")
}

/// One form with what was typed into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The path of the server function, `#`, and what the form is about.
    pub form: String,
    /// `application/x-www-form-urlencoded`.
    pub fields: String,
}

/// Keeps what a person typed into a form, in the place of what was kept of the same form before.
///
/// # Errors
/// [`Failure::Invalid`] under `fields` for more than [`MAX_DRAFT`], under `form` for a name that is none; when the database
/// refuses.
pub async fn keep(services: &Services, person: PersonId, form: &str, fields: &str) -> Result<(), Failure> {
    let named = form.len() <= MAX_FORM && form.starts_with("/fn/") && form.bytes().all(|byte| byte.is_ascii_graphic());
    if !named {
        return Err(Failure::field("form", FieldError::NotAChoice));
    }
    if fields.len() > MAX_DRAFT {
        return Err(Failure::field("fields", FieldError::TooLarge { max_bytes: MAX_DRAFT as u64 }));
    }
    let tx = write_tx(&services.db).await.or_fail("beginning a transaction")?;
    store::drafts::put(&tx, person, form, fields, services.now()).await.or_fail("keeping a draft")?;
    store::drafts::delete_oldest(&tx, person, MOST_DRAFTS).await.or_fail("making room for a draft")?;
    tx.commit().await.or_fail("committing")
}

/// Keeps what the actor typed; nothing typed is no draft. The browser sends it every few seconds at most.
///
/// # Errors
/// As [`keep`]; [`Failure::TooMany`] for drafts that come faster than a person types.
pub async fn keep_own(context: &Context, form: &str, fields: &str) -> Result<(), Failure> {
    let (services, person) = (&context.services, context.actor.person);
    services.limits.count_draft(person)?;
    if fields.is_empty() { forget(services, person, form).await } else { keep(services, person, form, fields).await }
}

/// Forgets the draft of a form: it was taken, or its owner emptied it.
///
/// # Errors
/// When the database refuses.
pub async fn forget(services: &Services, person: PersonId, form: &str) -> Result<(), Failure> {
    if store::drafts::find(&services.db, person, form).await.or_fail("finding a draft")?.is_none() {
        return Ok(());
    }
    let tx = write_tx(&services.db).await.or_fail("beginning a transaction")?;
    store::drafts::delete(&tx, person, form).await.or_fail("forgetting a draft")?;
    tx.commit().await.or_fail("committing")
}

/// Every draft of a person.
///
/// # Errors
/// When the database cannot be asked.
pub async fn drafts(services: &Services, person: PersonId) -> Result<Vec<Draft>, Failure> {
    let rows = store::drafts::list(&services.db, person).await.or_fail("reading drafts")?;
    Ok(rows.into_iter().map(|row| Draft { form: row.form, fields: row.fields }).collect())
}

/// The draft of one form.
///
/// # Errors
/// When the database cannot be asked.
pub async fn draft(services: &Services, person: PersonId, form: &str) -> Result<Option<Draft>, Failure> {
    let row = store::drafts::find(&services.db, person, form).await.or_fail("reading a draft")?;
    Ok(row.map(|row| Draft { form: row.form, fields: row.fields }))
}

/// Deletes drafts that have not changed for 30 days, and the notes of forms that were sent two days ago.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn sweep(services: &Services) -> Result<(), Failure> {
    let now = services.now();
    let tx = write_tx(&services.db).await.or_fail("beginning a transaction")?;
    store::drafts::delete_older(&tx, now - DRAFT_KEPT).await.or_fail("purging drafts")?;
    store::previews::delete_older(&tx, now - DRAFT_KEPT).await.or_fail("purging previews")?;
    sendings::delete_older(&tx, now - SENDING_KEPT).await.or_fail("purging sent forms")?;
    tx.commit().await.or_fail("committing")
}
