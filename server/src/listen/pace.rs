//! Slow clients: a body that does not arrive, an answer that is not read.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::body::Body;
use futures::{StreamExt, stream};
use hyper::body::Incoming;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep, timeout_at},
};

use super::Pace;

/// The maximum number of bytes in one read. hyper's buffer grows as long as reads fill it, to several times this size, so
/// that 30 simultaneous uploads would hold megabytes.
const READ: u64 = 16 * 1024;

/// Wraps a body so that it ends with an error when it is slower than the pace, and sets `late` then.
pub fn paced(body: Incoming, pace: Pace, late: Arc<AtomicBool>) -> Body {
    let begun = (Body::new(body).into_data_stream(), Instant::now() + pace.time, 0_u64, late);
    Body::from_stream(stream::unfold(begun, move |(mut body, mut until, mut bytes, late)| async move {
        let chunk = match timeout_at(until, body.next()).await {
            Ok(chunk) => chunk?.map_err(io::Error::other),
            Err(_) => {
                late.store(true, Ordering::Relaxed);
                Err(io::Error::from(io::ErrorKind::TimedOut))
            }
        };
        bytes += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        if bytes >= pace.bytes {
            (until, bytes) = (Instant::now() + pace.time, 0);
        }
        Some((chunk, (body, until, bytes, late)))
    }))
}

/// A connection that breaks when its peer reads more slowly than the pace.
pub struct Steady<S> {
    stream: S,
    pace: Pace,
    /// While the peer lags behind: the deadline, and the bytes that have gone over since.
    behind: Option<(Pin<Box<Sleep>>, u64)>,
}

impl<S> Steady<S> {
    pub const fn new(stream: S, pace: Pace) -> Self {
        Self { stream, pace, behind: None }
    }

    /// Notes the outcome of writing `offered` bytes.
    fn note(
        &mut self,
        written: Poll<io::Result<usize>>,
        offered: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) if bytes == offered => self.behind = None,
            Poll::Ready(Ok(bytes)) => {
                if let Some((until, gone)) = &mut self.behind {
                    *gone += bytes as u64;
                    if *gone >= self.pace.bytes {
                        *gone = 0;
                        until.as_mut().reset(Instant::now() + self.pace.time);
                    }
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let (until, _) = self.behind.get_or_insert_with(|| (Box::pin(sleep(self.pace.time)), 0));
                if until.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Steady<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut (&mut self.stream).take(READ)).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Steady<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(written, bytes.len(), context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.note(written, parts.iter().map(|part| part.len()).sum(), context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncWriteExt;

    use super::*;

    /// F4: however much has arrived, one read takes little of it into memory.
    #[tokio::test]
    async fn f4_a_read_is_bounded() {
        let (mut far, near) = tokio::io::duplex(64 * 1024);
        far.write_all(&[7; 64 * 1024]).await.expect("sent");
        let mut steady = Steady::new(near, Pace { time: Duration::from_secs(1), bytes: 1 });
        let mut buffer = vec![0; 64 * 1024];
        assert_eq!(steady.read(&mut buffer).await.expect("bytes"), 16 * 1024);
    }
}
