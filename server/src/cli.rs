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
    announcements::PublishOptions,
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
    data_dir, doctor, serve, telemetry,
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
        /// Publish although text of the file is not on the page.
        #[arg(long)]
        allow_loss: bool,
        /// Take the place of a page of the same name that says something else, or hide or list it.
        #[arg(long)]
        replace: bool,
    },
    /// People who work for the vendor.
    #[command(subcommand)]
    User(User),
}

#[derive(Debug, Subcommand)]
enum User {
    /// Make an account, or bring back one that was ended; the password is read from standard input.
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
    /// List the people who work for the vendor, with their roles and their last visit.
    List,
    /// Give a person who works for the vendor another role, in the place of those they have.
    SetRole {
        #[arg(long)]
        email: String,
        /// agent, lead, programme_manager or operator.
        #[arg(long)]
        role: String,
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

// Who reads may go away (`| head`): that ends the words, never the work (T17).
fn say_error(error: &CliError) {
    let _ = writeln!(std::io::stderr(), "guichet: {error}");
}

pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn run(cli: Cli) -> Result<ExitCode, CliError> {
    let config = Config::load(cli.config.as_deref(), cli.data_dir.as_deref(), &config::environment())?;
    telemetry::init(config.log == "json");
    data_dir::keep_private();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve => serve::serve(config).await?,
            Command::Migrate => {
                let services = compose::services(&config).await?;
                done(&services, migrate(&services).await).await?;
            }
            Command::Doctor => {
                let healthy = doctor::examine(&config).await?;
                return Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            Command::Import { file, commit, skip_refused, report } => {
                check_source(&file)?;
                let services = migrated(&config).await?;
                let strictness = commit.then_some(strictness(skip_refused));
                return done(&services, import(&services, &file, strictness, report.as_deref()).await).await;
            }
            Command::Demo => {
                let services = compose::services(&config).await?;
                done(&services, demo(&services).await).await?;
                say(&format!("Sign in at {} with the password {}:", config.public_url, service::demo::PASSWORD));
                for (email, who) in service::demo::SIGN_INS {
                    say(&format!("  {email:40} {who}"));
                }
            }
            Command::Announce { file, allow_loss, replace } => {
                let bytes = std::fs::read(&file).map_err(|error| cannot_read(&file, &error))?;
                let services = migrated(&config).await?;
                let options = PublishOptions { allow_loss, replace };
                done(&services, announce(&config, &services, &file, &bytes, options).await).await?;
            }
            Command::User(act) => {
                let services = migrated(&config).await?;
                done(&services, user(&config, &services, act).await).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Closes the database, so that what was written is in its file and not beside it when this process ends.
async fn done<T>(services: &Services, outcome: Result<T, CliError>) -> Result<T, CliError> {
    if let Err(error) = services.db.clone().close().await {
        tracing::warn!(error = %service::chain(&error), "the database was not closed");
    }
    outcome
}

async fn migrate(services: &Services) -> Result<(), CliError> {
    let pending = services.db.pending_migrations().await.map_err(StartError::from)?;
    services.db.migrate().await.map_err(StartError::from)?;
    say(&format!("{} migration(s) applied", pending.len()));
    if service::search::catch_up(services).await? > 0 {
        say("cases of an older version are indexed anew");
    }
    Ok(())
}

async fn demo(services: &Services) -> Result<(), CliError> {
    services.db.migrate().await.map_err(StartError::from)?;
    service::demo::load(services).await.map_err(|failure| match failure {
        Failure::Conflict(Conflict::AlreadyMember) => {
            CliError::Refused("this database has real people; the demo wants one of its own".to_owned())
        }
        other => CliError::Failure(other),
    })
}

async fn user(config: &Config, services: &Services, act: User) -> Result<(), CliError> {
    match act {
        User::Create { email, name, role, locale } => {
            let locale =
                Locale::parse(&locale).ok_or_else(|| CliError::Refused(format!("no such language: {locale}")))?;
            let password = typed_password()?;
            people::create_vendor_user(services, &email, &name, &role, &password, locale).await.map_err(explain)?;
            say(&format!("{email} can sign in at {}", config.public_url));
        }
        User::List => {
            for row in people::list_vendor_users(services).await? {
                let roles = row.roles.iter().map(|role| role.key()).collect::<Vec<_>>().join(", ");
                let seen = row.last_seen_at.map_or_else(|| "never".to_owned(), |at| at.strftime("%F").to_string());
                say(&format!("{:40} {:30} {roles:24} {seen}", row.email, row.name));
            }
        }
        User::SetRole { email, role } => {
            people::set_vendor_role(services, &email, &role).await.map_err(explain_user)?;
            say(&format!("{email} is {role} from the next request on"));
        }
        User::SetPassword { email } => {
            session::set_password(services, &email, &typed_password()?).await.map_err(explain_user)?;
            say(&format!("{email} has a new password; every session of theirs ended"));
        }
        User::Remove { email } => {
            people::remove_vendor_user(services, &email).await.map_err(explain_user)?;
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

/// An installation that is there, with every migration.
async fn migrated(config: &Config) -> Result<Services, CliError> {
    let services = compose::existing(config).await?;
    services.db.migrate().await.map_err(StartError::from)?;
    Ok(services)
}

/// A failure in words for a terminal: which argument, and what is wrong with it.
fn explain(failure: Failure) -> CliError {
    match failure {
        Failure::Invalid(errors) => CliError::Refused(
            errors.iter().map(|(name, error)| format!("{name}: {error}")).collect::<Vec<_>>().join("; "),
        ),
        Failure::Conflict(Conflict::AlreadyMember) => CliError::Refused(
            "that address has an account here already; `guichet user list` shows it, `guichet user set-role` changes its role"
                .to_owned(),
        ),
        Failure::Conflict(Conflict::WorksForCompany) => CliError::Refused(
            "that address belongs to a customer's company; remove it there first, or use another one".to_owned(),
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

async fn announce(
    config: &Config,
    services: &Services,
    file: &Path,
    bytes: &[u8],
    options: PublishOptions,
) -> Result<(), CliError> {
    let source =
        announcements::text_of(bytes).map_err(|problem| CliError::Refused(format!("{}: {problem}", file.display())))?;
    let name = file.file_name().and_then(|name| name.to_str());
    let published = announcements::publish(services, source, name, options).await.map_err(explain)?;
    for remark in &published.remarks {
        say(&format!("{}: {remark}", file.display()));
    }
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

/// T20: `cannot read /nope.jsonl: No such file or directory`, without the number of the error.
fn cannot_read(file: &Path, error: &std::io::Error) -> CliError {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    CliError::Refused(format!("cannot read {}: {words}", file.display()))
}

/// Whether there is something to import: one file of JSON lines, or a folder of tables.
fn check_source(file: &Path) -> Result<(), CliError> {
    let found = std::fs::metadata(file).map_err(|error| cannot_read(file, &error))?;
    if found.is_dir() {
        return std::fs::read_dir(file).map(|_| ()).map_err(|error| cannot_read(file, &error));
    }
    if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
        let name = file.file_name().unwrap_or(file.as_os_str()).display();
        return Err(CliError::Refused(format!("{name} is one table: give the folder that holds it")));
    }
    File::open(file).map(|_| ()).map_err(|error| cannot_read(file, &error))
}

/// Refusals and remarks that are said one by one; the report has them all.
const SAID: u64 = 500;

async fn import(
    services: &Services,
    file: &Path,
    commit: Option<Strictness>,
    report_file: Option<&Path>,
) -> Result<ExitCode, CliError> {
    let importer = Importer::of_system(services);
    let source = Source::open(file).map_err(|error| CliError::Refused(error.to_string()))?;
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
        if row.verdict.is_refusal() || !row.remarks.is_empty() {
            said += 1;
            if said <= SAID {
                say(&report::said(Locale::En, row));
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
        say(&format!(
            "{} more refused records and remarks; --report FILE writes the verdict on every one",
            said - SAID
        ));
    }
    if let Some(table) = table {
        table.finish()?;
    }
    let counts = done.counts;
    say(&format!(
        "create {}, update {} ({} of them with remarks), unchanged {}, conflict {}, reject {}",
        counts.create, counts.update, counts.remarked, counts.unchanged, counts.conflict, counts.reject
    ));
    if done.html > 0 {
        say(&format!("{} texts are HTML and become plain text", done.html));
    }
    if done.refused_files > 0 {
        say(&format!("files not read: {}, with {} rows that could be counted", done.refused_files, done.rows_not_read));
    }
    say(match (commit, done.committed) {
        (None, _) => "Nothing was changed. Run again with --commit to write it.",
        (Some(_), true) if counts.writes() == 0 => "There was nothing to write.",
        (Some(_), true) => "Written. No mail was sent.",
        (Some(_), false) if done.refused_files > 0 => {
            "Nothing was written: put the files right that were not read, or take them away; --skip-refused leaves out \
             records, not files."
        }
        (Some(_), false) => "Nothing was written: put the refused records right, or add --skip-refused.",
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
