//! Forms with files work once, as others do (B36): the key and the content of the files tell whether a form was sent before.

use std::future::Future;

use axum::extract::multipart::Field;
use domain::{Failure, FieldError, failure::Conflict, imports::UploadProblem};
use service::{
    Context,
    forms::{self, Begun, FileSum, MAX_KEY, Sent},
};
use tracing::Instrument;

use crate::middleware::{SENT_BEFORE, said_once};

/// The content of a form, as far as it was read.
pub struct Form {
    function: &'static str,
    key: String,
    fields: Vec<(String, String)>,
    /// Whether equal content is the same act for a while, whatever the key.
    once: bool,
}

impl Form {
    pub fn new(function: &'static str, once: bool) -> Self {
        Self { function, key: String::new(), fields: Vec::new(), once }
    }

    /// Notes a field or a file of the form.
    pub fn note(&mut self, name: &str, value: String) {
        self.fields.push((name.to_owned(), value));
    }

    /// Notes a file by its content.
    pub fn note_file(&mut self, name: &str, sum: FileSum) {
        self.note(name, sum.finish());
    }

    /// Reads the key, which precedes the files.
    ///
    /// # Errors
    /// [`Conflict::OtherPerson`] for a form that was made for another person (T34); [`Failure::Invalid`] under `key` when it
    /// is too long (C2).
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

    /// Does what the form asks for, unless it was sent before; returns where it leads. Work that has begun goes on when the
    /// browser no longer waits for it. A form without a key, as programs send them, is always a new act.
    ///
    /// # Errors
    /// Those of `work`; [`Failure::Unavailable`] when the first sending does not end in time; when the database
    /// refuses.
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
        let person = context.actor.person;
        // The claim too goes on: one whose request was dropped would keep the second sending waiting for nothing.
        let work = async move {
            let sent = Sent {
                function: self.function,
                person: Some(person),
                key: &self.key,
                fields: &self.fields,
                once: self.once.then_some(forms::SAME_CONTENT),
            };
            let sending = match forms::begin_or_wait(&services, &sent, request).await? {
                Begun::First(sending) => sending,
                Begun::Before(answer) => return Ok(answer),
                Begun::SameText(answer) => return Ok(said_once(&answer, SENT_BEFORE)),
                Begun::UnderWay => return Err(Failure::Unavailable),
            };
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
        tokio::spawn(work.in_current_span()).await.unwrap_or(Err(Failure::Unavailable))
    }
}
