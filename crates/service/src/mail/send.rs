//! The ways out: SMTP, or files in the data directory until an SMTP server is configured.

use std::{
    fmt::Write as _,
    future::Future,
    io,
    net::SocketAddr,
    path::PathBuf,
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll},
    time::Duration,
};

use domain::mail::MailProblem;
use lettre::{
    Address, Message,
    message::{Mailbox, MultiPart, header},
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A mail as it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Stable for an outbox row: a receiver can drop a second copy.
    pub message_id: String,
    /// The same for all mails of one case, so that mail programs show them together (B18).
    pub thread: Option<String>,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No server takes a mail for that address; no other mail is affected (B16).
    #[error("{0}")]
    Address(String),
    /// The server refused this mail for good.
    #[error("{0}")]
    Permanent(String),
    #[error("{0}")]
    Transient(String),
    /// The server does not answer, or does not let us in: no other mail would leave either.
    #[error("{0}")]
    Unreachable(String),
}

impl SendError {
    pub const fn problem(&self) -> MailProblem {
        match self {
            Self::Address(_) => MailProblem::Address,
            Self::Permanent(_) => MailProblem::Refused,
            Self::Transient(_) => MailProblem::Later,
            Self::Unreachable(_) => MailProblem::Unreachable,
        }
    }
}

/// A way out.
pub trait Mailer: Send + Sync {
    /// How long one mail may take: well within the worker's lease. lettre limits connecting only; a server that takes the
    /// connection and says nothing would keep the worker for ever (lettre #1027).
    fn patience(&self) -> Duration {
        Duration::from_secs(45)
    }

    fn send<'a>(&'a self, letter: &'a Letter) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>>;
}

/// Makes the answer of a foreign program fit for a log and a page: without control characters (F19c), no longer than a
/// screen.
fn printable(said: &dyn std::fmt::Display) -> String {
    const MOST: usize = 500;
    let mut out = String::new();
    for c in said.to_string().chars().take(MOST) {
        if c == '\n' || c == '\r' || c == '\t' {
            out.push(' ');
        } else if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// The address as servers without SMTPUTF8 take it: its domain in punycode (B16).
///
/// # Errors
/// For a local part that is not ASCII, and for what is no address.
pub(super) fn in_ascii(address: &str) -> Result<Address, SendError> {
    let wrong = |why: &str| SendError::Address(why.to_owned());
    let (local, domain) = address.rsplit_once('@').ok_or_else(|| wrong("no @ in the address"))?;
    if !local.is_ascii() {
        return Err(wrong("letters before the @ that mail servers do not take"));
    }
    let domain =
        idna::domain_to_ascii(domain).map_err(|_| wrong("the part behind the @ is not the name of a server"))?;
    Address::new(local, domain).map_err(|error| SendError::Address(printable(&error)))
}

/// Builds the message. lettre encodes header values: a line break in a name or subject cannot become a header (RT
/// CVE-2012-4730, FreeScout CVE-2025-48388).
fn message(letter: &Letter) -> Result<Message, SendError> {
    let unsendable = |error: &dyn std::fmt::Display| SendError::Address(printable(error));
    let mut from: Mailbox = letter.from.parse().map_err(|error| unsendable(&error))?;
    from.email = in_ascii(from.email.as_ref())?;
    let subject: String = letter.subject.chars().filter(|c| !c.is_control()).collect();
    let builder = Message::builder().message_id(Some(letter.message_id.clone()));
    let builder = match &letter.thread {
        Some(thread) => builder.references(thread.clone()).in_reply_to(thread.clone()),
        None => builder,
    };
    builder
        .from(from)
        .to(Mailbox::new(None, in_ascii(&letter.to)?))
        .subject(subject)
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        .map_err(|error| unsendable(&error))
}

/// RFC 3834: no vacation notices in answer, please.
#[derive(Clone)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }
    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }
    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// How to reach the SMTP server.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    /// `false` is for a relay on the same machine only.
    pub tls: bool,
    pub user: Option<String>,
    pub password: Option<String>,
}

/// Sends by SMTP, over connections that are kept for the next mail.
pub struct SmtpMailer {
    settings: SmtpSettings,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

/// How long to wait for a connection.
const CONNECTING: Duration = Duration::from_secs(20);

impl SmtpMailer {
    /// # Errors
    /// When the host is not a name TLS can be asked for.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SendError> {
        let tls = match settings.tls {
            true => Some(
                TlsParameters::new(settings.host.clone()).map_err(|error| SendError::Permanent(printable(&error)))?,
            ),
            false => None,
        };
        Ok(Self { settings: settings.clone(), tls, idle: Mutex::new(Vec::new()) })
    }

    /// Returns a connection that answers. Errors here concern the server and our account, not one mail.
    async fn connection(&self) -> Result<AsyncSmtpConnection, SendError> {
        while let Some(mut connection) = self.idle.lock().ok().and_then(|mut idle| idle.pop()) {
            if connection.test_connected().await {
                return Ok(connection);
            }
        }
        let away = |error: &dyn std::fmt::Display| SendError::Unreachable(printable(error));
        let address = (self.settings.host.as_str(), self.settings.port);
        let stream = match tokio::time::timeout(CONNECTING, TcpStream::connect(address)).await {
            Ok(stream) => stream.map_err(|error| away(&error))?,
            Err(_) => return Err(away(&"no connection within 20 seconds")),
        };
        let hello = ClientId::default();
        let capped = Box::new(Capped { stream, heard: 0 });
        let mut connection =
            AsyncSmtpConnection::connect_with_transport(capped, &hello).await.map_err(|error| away(&error))?;
        if let Some(tls) = &self.tls {
            connection.starttls(tls.clone(), &hello).await.map_err(|error| away(&error))?;
        }
        if let (Some(user), Some(password)) = (&self.settings.user, &self.settings.password) {
            let credentials = Credentials::new(user.clone(), password.clone());
            let ways = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&ways, &credentials).await.map_err(|error| away(&error))?;
        }
        Ok(connection)
    }
}

impl Mailer for SmtpMailer {
    fn send<'a>(&'a self, letter: &'a Letter) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>> {
        Box::pin(async move {
            let message = message(letter)?;
            let (envelope, bytes) = (message.envelope(), message.formatted());
            let mut connection = self.connection().await?;
            let sender = Mail::new(envelope.from().cloned(), Vec::new());
            connection.command(sender).await.map_err(|error| of_the_sender(&error))?;
            for recipient in envelope.to() {
                let recipient = Rcpt::new(recipient.clone(), Vec::new());
                connection.command(recipient).await.map_err(|error| meaning(&error))?;
            }
            connection.command(Data).await.map_err(|error| meaning(&error))?;
            connection.message(&bytes).await.map_err(|error| meaning(&error))?;
            if let Ok(mut idle) = self.idle.lock() {
                idle.push(connection);
            }
            Ok(())
        })
    }
}

/// Interprets the answer to one mail. A 5xx is permanent, except 530, 534, 535 and 538 (RFC 4954), which concern our account:
/// they would give up the whole queue for one mistyped setting. 421 says that the server closes. What lettre refuses by
/// itself, without an answer, concerns this mail (B16).
fn meaning(error: &lettre::transport::smtp::Error) -> SendError {
    let said = printable(error);
    match error.status().map(u16::from) {
        Some(421 | 530 | 534 | 535 | 538) => SendError::Unreachable(said),
        Some(_) if error.is_permanent() => SendError::Permanent(said),
        Some(_) => SendError::Transient(said),
        None if error.is_client() => SendError::Permanent(said),
        None => SendError::Unreachable(said),
    }
}

/// What an answer to our sender means. The server knows of no recipient yet: refused for good, no other mail would leave either,
/// and a mistyped `mail_from` is no reason to give up the whole queue.
fn of_the_sender(error: &lettre::transport::smtp::Error) -> SendError {
    match meaning(error) {
        SendError::Permanent(said) => SendError::Unreachable(format!("the sender is refused: {said}")),
        other => other,
    }
}

/// A connection to a server that may send no more than [`Capped::MOST`] without a word from us: lettre reads a line to its
/// end, whatever time and memory that takes (F19b).
#[derive(Debug)]
struct Capped {
    stream: TcpStream,
    /// Bytes received since we last sent something.
    heard: usize,
}

impl Capped {
    const MOST: usize = 64 * 1024;
}

impl AsyncTokioStream for Capped {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for Capped {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = polled {
            self.heard += buffer.filled().len().saturating_sub(before);
            if self.heard > Self::MOST {
                return Poll::Ready(Err(io::Error::other("the server said more than 64 KiB in one answer")));
            }
        }
        polled
    }
}

impl AsyncWrite for Capped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.heard = 0;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Writes each mail as `.eml` into a directory.
pub struct FileMailer {
    directory: PathBuf,
}

impl FileMailer {
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }
}

impl Mailer for FileMailer {
    fn send<'a>(&'a self, letter: &'a Letter) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>> {
        Box::pin(async move {
            let bytes = message(letter)?.formatted();
            let transient = |error: io::Error| SendError::Transient(error.to_string());
            tokio::fs::create_dir_all(&self.directory).await.map_err(transient)?;
            let name: String = letter.message_id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            tokio::fs::write(self.directory.join(format!("{name}.eml")), bytes).await.map_err(transient)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B16: a domain in letters is sent in punycode, a local part in letters is refused as an address.
    #[test]
    fn b16_addresses_leave_in_ascii() {
        let sent = |address: &str| in_ascii(address).map(|address| address.to_string());
        assert_eq!(sent("kontakt@müller-bücher.example").expect("an address"), "kontakt@xn--mller-bcher-thbg.example");
        assert_eq!(sent("a+b@example.com").expect("an address"), "a+b@example.com");
        for wrong in ["zoé@rosier.example", "nobody", "a@", "@example.com"] {
            assert!(matches!(sent(wrong), Err(SendError::Address(_))), "{wrong}");
        }
    }

    #[test]
    fn f19c_what_a_server_says_has_no_control_characters() {
        assert_eq!(printable(&"550 \u{1b}[31mno\r\nway\u{202e}"), "550 \\u{1b}[31mno  way\\u{202e}");
        assert_eq!(printable(&"x".repeat(9_000)).len(), 500);
    }
}
