//! The command line.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use app::imports::report;
use clap::{Parser, Subcommand};
use domain::{
    Failure,
    failure::Conflict,
    imports::{ImportProgress, RowVerdict},
    locale::Locale,
};
use service::{
    Services, announcements,
    imports::{Importer, Source, Strictness},
    people, session,
};

use crate::{
    compose::{self, StartError},
    config::{self, Config, ConfigError},
    serve, telemetry,
};

#[derive(Debug, Parser)]
#[command(name = "guichet", version, about = "One counter for support: cases, chat and the phone")]
struct Cli {
    /// A TOML file with settings; GUICHET_* variables override it.
    #[arg(long, global = true, env = "GUICHET_CONFIG")]
    config: Option<PathBuf>,
    /// Holds database, files, mails and secrets.
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the portal (applies missing migrations first).
    Serve,
    /// Apply missing migrations and stop.
    Migrate,
    /// Look at an installation and say what is wrong with it.
    Doctor,
    /// Say what an import would do, or do it (docs/IMPORT.md). No mail is ever sent.
    Import {
        /// A file of JSON lines, or a folder with CSV files.
        file: PathBuf,
        /// Write it; without this nothing is changed.
        #[arg(long)]
        commit: bool,
        /// Write what is well and leave out what is refused.
        #[arg(long, requires = "commit")]
        skip_refused: bool,
        /// Write the verdict on every record to this file, as CSV.
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
    /// Fill an empty database with a fictional vendor and its customers.
    Demo,
    /// Publish an announcement: Markdown with front matter. Sends no mail.
    Announce {
        /// For example `spring-launch.fr.md`: the name gives the address and, unless `lang` does, the language.
        file: PathBuf,
    },
    /// People who work for the vendor.
    #[command(subcommand)]
    User(User),
}

#[derive(Debug, Subcommand)]
enum User {
    /// Make an account; the password is read from standard input.
    Create {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// agent, lead, programme_manager or operator.
        #[arg(long)]
        role: String,
        /// fr or en.
        #[arg(long, default_value = "fr")]
        locale: String,
    },
    /// Set the password of anybody who can sign in, and end their sessions; it is read from standard input.
    SetPassword {
        #[arg(long)]
        email: String,
    },
    /// End an account: its roles at the vendor's and its sessions. Name and history stay.
    Remove {
        #[arg(long)]
        email: String,
    },
}

#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    #[error("{0}")]
    Start(#[from] StartError),
    #[error("{0}")]
    Failure(#[from] Failure),
    #[error("{0}")]
    Refused(String),
    #[error("cannot start: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Reads the command line, runs, and says in one line what went wrong.
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            say_error(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the command line talks to people")]
fn say_error(error: &CliError) {
    eprintln!("guichet: {error}");
}

#[expect(clippy::print_stdout, reason = "the command line talks to people")]
fn say(text: &str) {
    println!("{text}");
}

fn run(cli: Cli) -> Result<ExitCode, CliError> {
    let config = Config::load(cli.config.as_deref(), cli.data_dir.as_deref(), &config::environment())?;
    telemetry::init(config.log == "json");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve => serve::serve(config).await?,
            Command::Migrate => {
                let services = compose::services(&config).await?;
                let pending = services.db.pending_migrations().await.map_err(StartError::from)?;
                services.db.migrate().await.map_err(StartError::from)?;
                say(&format!("{} migration(s) applied", pending.len()));
            }
            Command::Doctor => return doctor(&config).await,
            Command::Import { file, commit, skip_refused, report } => {
                return import(&config, &file, commit.then_some(strictness(skip_refused)), report.as_deref()).await;
            }
            Command::Demo => {
                let services = migrated(&config).await?;
                service::demo::load(&services).await.map_err(|failure| match failure {
                    Failure::Conflict(Conflict::AlreadyMember) => {
                        CliError::Refused("this database has real people; the demo wants one of its own".to_owned())
                    }
                    other => CliError::Failure(other),
                })?;
                say(&format!("Sign in at {} with the password {}:", config.public_url, service::demo::PASSWORD));
                for (email, who) in service::demo::SIGN_INS {
                    say(&format!("  {email:40} {who}"));
                }
            }
            Command::Announce { file } => announce(&config, &file).await?,
            Command::User(act) => user(&config, act).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn user(config: &Config, act: User) -> Result<(), CliError> {
    let services = migrated(config).await?;
    match act {
        User::Create { email, name, role, locale } => {
            let locale =
                Locale::parse(&locale).ok_or_else(|| CliError::Refused(format!("no such language: {locale}")))?;
            let password = typed_password()?;
            people::create_vendor_user(&services, &email, &name, &role, &password, locale).await.map_err(explain)?;
            say(&format!("{email} can sign in at {}", config.public_url));
        }
        User::SetPassword { email } => {
            session::set_password(&services, &email, &typed_password()?).await.map_err(explain_user)?;
            say(&format!("{email} has a new password; every session of theirs ended"));
        }
        User::Remove { email } => {
            people::remove_vendor_user(&services, &email).await.map_err(explain_user)?;
            say(&format!("{email} has no role at the vendor's any more; every session of theirs ended"));
        }
    }
    Ok(())
}

fn explain_user(failure: Failure) -> CliError {
    match failure {
        Failure::NotFound => CliError::Refused("nobody here has that address".to_owned()),
        other => explain(other),
    }
}

/// The first line of standard input.
fn typed_password() -> std::io::Result<String> {
    let mut password = String::new();
    std::io::stdin().read_line(&mut password)?;
    Ok(password.trim_end_matches(['\r', '\n']).to_owned())
}

async fn migrated(config: &Config) -> Result<Services, CliError> {
    let services = compose::services(config).await?;
    services.db.migrate().await.map_err(StartError::from)?;
    Ok(services)
}

/// A failure in words for a terminal: which argument, and what is wrong with it.
fn explain(failure: Failure) -> CliError {
    match failure {
        Failure::Invalid(errors) => CliError::Refused(
            errors.iter().map(|(name, error)| format!("{name}: {error}")).collect::<Vec<_>>().join("; "),
        ),
        Failure::Conflict(Conflict::ImportUnderWay) => CliError::Refused(
            "another import is being written; wait until it is done (one that was killed: two minutes)".to_owned(),
        ),
        Failure::Conflict(Conflict::ImportOvertaken) => CliError::Refused(
            "another import came before this one; what was written stays, run it again and it goes on".to_owned(),
        ),
        other => CliError::Failure(other),
    }
}

async fn announce(config: &Config, file: &Path) -> Result<(), CliError> {
    let bytes =
        std::fs::read(file).map_err(|error| CliError::Refused(format!("cannot read {}: {error}", file.display())))?;
    let source = announcements::text_of(&bytes)
        .map_err(|problem| CliError::Refused(format!("{}: {problem}", file.display())))?;
    let services = migrated(config).await?;
    let name = file.file_name().and_then(|name| name.to_str());
    let published = announcements::publish(&services, source, name).await.map_err(explain)?;
    let hidden = if published.unlisted { ", unlisted: reachable by its address only" } else { "" };
    say(&format!(
        "{} «{}»: {}/announcements/{} ({}, version {}{hidden})",
        if published.unchanged { "Unchanged" } else { "Published" },
        published.title,
        config.public_url,
        published.slug,
        published.locale.key(),
        published.version
    ));
    Ok(())
}

const fn strictness(skip_refused: bool) -> Strictness {
    if skip_refused { Strictness::SkipRefused } else { Strictness::AllOrNothing }
}

/// Refusals that are said one by one; the report has them all.
const SAID: u64 = 500;

async fn import(
    config: &Config,
    file: &Path,
    commit: Option<Strictness>,
    report_file: Option<&Path>,
) -> Result<ExitCode, CliError> {
    let services = migrated(config).await?;
    let importer = Importer::of_system(&services);
    let source = Source::open(file).map_err(explain)?;
    let shown = std::sync::atomic::AtomicU8::new(0);
    let progress = |done: ImportProgress| {
        if done.percent() >= shown.load(std::sync::atomic::Ordering::Relaxed).saturating_add(10) {
            shown.store(done.percent(), std::sync::atomic::Ordering::Relaxed);
            say(&format!("{} %  {} records", done.percent(), done.records));
        }
    };
    let mut table = report_file.map(VerdictTable::create).transpose()?;
    let mut said = 0;
    let mut each = |row: &RowVerdict| {
        if row.verdict.is_refusal() {
            said += 1;
            if said <= SAID {
                say(&report::refusal(Locale::En, row));
            }
        }
        if let Some(table) = &mut table {
            table.add(row);
        }
    };
    let done = match commit {
        Some(strictness) => importer.commit(&source, strictness, &mut each, &progress).await.map_err(explain)?,
        None => importer.dry_run(&source, &mut each, &progress).await.map_err(explain)?,
    };
    if said > SAID {
        say(&format!("{} more refused records; --report FILE writes the verdict on every one", said - SAID));
    }
    if let Some(table) = table {
        table.finish()?;
    }
    let counts = done.counts;
    say(&format!(
        "create {}, update {}, unchanged {}, conflict {}, reject {}",
        counts.create, counts.update, counts.unchanged, counts.conflict, counts.reject
    ));
    say(match (commit, done.committed) {
        (None, _) => "Nothing was changed. Run again with --commit to write it.",
        (Some(_), true) => "Written. No mail was sent.",
        (Some(_), false) => "Nothing was written: mend the refused records, or add --skip-refused.",
    });
    let refused = counts.refused() > 0 && !done.committed;
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The file of `--report`; the first thing that goes wrong with it is said at the end, the import goes on.
struct VerdictTable(BufWriter<File>, std::io::Result<()>);

impl VerdictTable {
    fn create(path: &Path) -> Result<Self, CliError> {
        let file = File::create(path)
            .map_err(|error| CliError::Refused(format!("cannot write {}: {error}", path.display())))?;
        let mut out = BufWriter::new(file);
        let begun = out.write_all(report::head(Locale::En).as_bytes());
        Ok(Self(out, begun))
    }

    fn add(&mut self, row: &RowVerdict) {
        if self.1.is_ok() {
            self.1 = self.0.write_all(report::row(Locale::En, row).as_bytes());
        }
    }

    fn finish(mut self) -> Result<(), CliError> {
        let written = self.1.and_then(|()| self.0.flush());
        written.map_err(|error| CliError::Refused(format!("the report is not complete: {error}")))
    }
}

/// Checks what can be checked without changing anything; fails when something is wrong.
async fn doctor(config: &Config) -> Result<ExitCode, CliError> {
    // A mistyped directory is not made into an installation.
    if !config.data_dir.is_dir() {
        return Err(CliError::Refused(format!("there is no directory {}", config.data_dir.display())));
    }
    if let Some(file) = config.sqlite_file().filter(|file| !file.exists()) {
        return Err(CliError::Refused(format!("there is no database {}", file.display())));
    }
    let services = compose::services(config).await?;
    let mut healthy = true;
    let mut line = |good: bool, text: String| {
        healthy &= good;
        say(&format!("{} {text}", if good { "ok     " } else { "PROBLEM" }));
    };
    let version = services.db.version().await.map_err(StartError::from)?;
    line(true, format!("database: {version}"));
    let pending = services.db.pending_migrations().await.map_err(StartError::from)?;
    line(pending.is_empty(), format!("migrations to apply: {}", pending.len()));
    if pending.is_empty() {
        let broken = store::audit::verify(&services.db).await.map_err(StartError::from)?;
        line(
            broken.is_none(),
            match broken {
                None => "ledger: the chain holds".to_owned(),
                Some(seq) => format!("ledger: event {seq} is not what was written"),
            },
        );
        let mails = store::mail::count(&services.db).await.map_err(StartError::from)?;
        let dead =
            mails.iter().find(|(state, _)| *state == domain::mail::MailState::Dead).map_or(0, |(_, count)| *count);
        line(dead == 0, format!("mails given up: {dead}"));
        let jobs = store::jobs::count_dead(&services.db).await.map_err(StartError::from)?;
        line(jobs == 0, format!("jobs given up: {jobs}"));
    }
    line(
        config.smtp().is_some(),
        match config.smtp() {
            Some(smtp) => format!("mail leaves by {}:{}", smtp.host, smtp.port),
            None => "mail: no SMTP server is configured, mails are written to files".to_owned(),
        },
    );
    line(config.secure() || config.listen.ip().is_loopback(), format!("public address: {}", config.public_url));
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
