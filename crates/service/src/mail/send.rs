//! The ways out: SMTP, or files in the data directory until an SMTP server is configured.

use std::{future::Future, path::PathBuf, pin::Pin, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart, header},
    transport::smtp::authentication::Credentials,
};

/// A mail as it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Stable for an outbox row: a receiver can drop a second copy.
    pub message_id: String,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Trying again is useless: an address that cannot be, a refusal for good.
    #[error("refused for good: {0}")]
    Permanent(String),
    #[error("not now: {0}")]
    Transient(String),
    /// The server does not answer, or does not let us in: no other mail would leave either.
    #[error("the mail server: {0}")]
    Unreachable(String),
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

/// Builds the message. lettre encodes header values: a line break in a name or subject cannot become a header (RT
/// CVE-2012-4730, FreeScout CVE-2025-48388).
fn message(letter: &Letter) -> Result<Message, SendError> {
    let permanent = |error: &dyn std::fmt::Display| SendError::Permanent(error.to_string());
    let from: Mailbox = letter.from.parse().map_err(|error| permanent(&error))?;
    let to: Mailbox = letter.to.parse().map_err(|error| permanent(&error))?;
    let subject: String = letter.subject.chars().filter(|c| !c.is_control()).collect();
    Message::builder()
        .message_id(Some(letter.message_id.clone()))
        .from(from)
        .to(to)
        .subject(subject)
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        .map_err(|error| permanent(&error))
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

pub struct SmtpMailer(AsyncSmtpTransport<Tokio1Executor>);

impl SmtpMailer {
    /// # Errors
    /// When the host is not a name TLS can be asked for.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SendError> {
        let builder = if settings.tls {
            AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&settings.host)
                .map_err(|error| SendError::Permanent(error.to_string()))?
        } else {
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
        };
        let builder = builder.port(settings.port).timeout(Some(Duration::from_secs(20)));
        let builder = match (&settings.user, &settings.password) {
            (Some(user), Some(password)) => builder.credentials(Credentials::new(user.clone(), password.clone())),
            _ => builder,
        };
        Ok(Self(builder.build()))
    }
}

impl Mailer for SmtpMailer {
    fn send<'a>(&'a self, letter: &'a Letter) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>> {
        Box::pin(async move { self.0.send(message(letter)?).await.map(|_| ()).map_err(|error| meaning(&error)) })
    }
}

/// A 5xx is about this mail, but for those about us (RFC 4954: the password is wrong, or one is wanted): they would give up
/// the whole queue for one mistyped setting.
fn meaning(error: &lettre::transport::smtp::Error) -> SendError {
    let said = error.to_string();
    match error.status().map(u16::from) {
        Some(530 | 534 | 535 | 538) | None => SendError::Unreachable(said),
        Some(_) if error.is_permanent() => SendError::Permanent(said),
        Some(_) => SendError::Transient(said),
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
            let transient = |error: std::io::Error| SendError::Transient(error.to_string());
            tokio::fs::create_dir_all(&self.directory).await.map_err(transient)?;
            let name: String = letter.message_id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            tokio::fs::write(self.directory.join(format!("{name}.eml")), bytes).await.map_err(transient)
        })
    }
}
