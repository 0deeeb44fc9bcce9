//! A form with files works once, as the others do (B36): its key and what its files hold say whether it was sent before.

use std::{future::Future, time::Duration};

use axum::extract::multipart::Field;
use domain::{Failure, FieldError, failure::Conflict, imports::UploadProblem};
use service::{
    Context,
    forms::{self, Begun, FileSum, MAX_KEY, Sent},
};
use tracing::Instrument;

/// How often a second sending looks whether the first one is answered, and how long it waits.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 400;

/// What a form brought, as far as it was read.
pub struct Form {
    function: &'static str,
    key: String,
    fields: Vec<(String, String)>,
    /// The same content is the same act for a while, whatever the key.
    once: bool,
}

impl Form {
    pub fn new(function: &'static str, once: bool) -> Self {
        Self { function, key: String::new(), fields: Vec::new(), once }
    }

    /// Notes what the form says beside its files, or which file it brought.
    pub fn note(&mut self, name: &str, value: String) {
        self.fields.push((name.to_owned(), value));
    }

    /// Notes a file by what it holds.
    pub fn note_file(&mut self, name: &str, sum: FileSum) {
        self.note(name, sum.finish());
    }

    /// Reads the key, which comes before the files.
    ///
    /// # Errors
    /// [`Conflict::OtherPerson`] for a form that was made for another person (T34); [`Failure::Invalid`] under `key` for one
    /// that is too long (C2).
    pub async fn read_key(&mut self, context: &Context, mut field: Field<'_>) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        let interrupted = |_| Failure::field("files", FieldError::Upload(UploadProblem::Interrupted));
        while let Some(chunk) = field.chunk().await.map_err(interrupted)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_KEY {
                return Err(Failure::field("key", FieldError::TooLong { max: MAX_KEY as u32 }));
            }
        }
        self.key = String::from_utf8(bytes).unwrap_or_default();
        let made_for = forms::rendered_for(&context.services, &self.key);
        if made_for.is_some_and(|person| person != context.actor.person) {
            return Err(Failure::Conflict(Conflict::OtherPerson));
        }
        Ok(())
    }

    /// Does what the form asks for, unless it was sent before; returns where it leads. Work that was begun goes on when the
    /// browser no longer waits for it. A form without a key, as programs send them, is always another one.
    ///
    /// # Errors
    /// As `work`; [`Failure::Unavailable`] while the first sending does not end; when the database refuses.
    pub async fn take(
        self,
        context: &Context,
        work: impl Future<Output = Result<String, Failure>> + Send + 'static,
    ) -> Result<String, Failure> {
        if self.key.is_empty() {
            return work.await;
        }
        let services = context.services.clone();
        let request = context.request.unwrap_or_else(|| services.id());
        let sent = Sent {
            function: self.function,
            person: Some(context.actor.person),
            key: &self.key,
            fields: &self.fields,
            once: self.once.then_some(forms::SAME_CONTENT),
        };
        for _ in 0..LOOKS {
            let sending = match forms::begin(&services, &sent, request).await? {
                Begun::First(sending) => sending,
                Begun::Before(answer) => return Ok(answer),
                Begun::UnderWay => {
                    tokio::time::sleep(LOOK).await;
                    continue;
                }
            };
            let work = async move {
                let outcome = work.await;
                let noted = match &outcome {
                    Ok(to) => sending.answered(&services, to).await,
                    Err(_) => sending.refused(&services).await,
                };
                if let Err(failure) = noted {
                    tracing::warn!(error = %failure, "a second sending of a form will not find the first one's answer");
                }
                outcome
            };
            return tokio::spawn(work.in_current_span()).await.unwrap_or(Err(Failure::Unavailable));
        }
        Err(Failure::Unavailable)
    }
}
