//! The parts of a form. multer buffers what it reads until it finds a boundary or the end of a part's head, and scans the
//! whole buffer at each chunk: a body without either would fill the memory (F4).

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    body::{Body, Bytes},
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError, MultipartRejection},
    },
};
use futures::StreamExt;

/// The maximum number of bytes before a part begins.
const MAX_HEAD: u64 = 128 * 1024;
/// Marks that the content of a part is being read, whose bytes are counted elsewhere.
const WITHIN: u64 = u64::MAX;

/// A form with files, read part by part.
pub struct Parts {
    form: Multipart,
    /// The bytes received while looking for the next part.
    head: Arc<AtomicU64>,
}

impl Parts {
    /// Returns the next part, and skips what was not read of the previous one as long as that is short.
    ///
    /// # Errors
    /// When the body breaks off, is not a form, or has no part for too long.
    pub async fn next(&mut self) -> Result<Option<Field<'_>>, MultipartError> {
        self.head.store(0, Ordering::Relaxed);
        let next = self.form.next_field().await;
        self.head.store(WITHIN, Ordering::Relaxed);
        next
    }

    /// Reads the rest of a refused form, since a browser that is still sending does not read the answer; at most `max_bytes`
    /// of content in `max_parts` parts.
    pub async fn drain(mut self, max_bytes: usize, max_parts: usize) {
        let mut bytes = 0;
        for _ in 0..max_parts {
            let Ok(Some(mut field)) = self.next().await else { return };
            while let Ok(Some(chunk)) = field.chunk().await {
                bytes += chunk.len();
                if bytes > max_bytes {
                    return;
                }
            }
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Parts {
    type Rejection = MultipartRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, MultipartRejection> {
        let head = Arc::new(AtomicU64::new(0));
        let watched = head.clone();
        let watch = move |chunk: Result<Bytes, axum::Error>| {
            let chunk = chunk.map_err(io::Error::other)?;
            let before = watched.load(Ordering::Relaxed);
            if before == WITHIN {
                return Ok(chunk);
            }
            if before > MAX_HEAD {
                return Err(io::Error::other("no part of the form for too long"));
            }
            watched.store(before + chunk.len() as u64, Ordering::Relaxed);
            Ok(chunk)
        };
        let request = request.map(|body| Body::from_stream(body.into_data_stream().map(watch)));
        Ok(Self { form: Multipart::from_request(request, state).await?, head })
    }
}
