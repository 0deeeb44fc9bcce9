//! The command line.

use std::{
    fs::File,
    io::{BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use app::imports::report;
use clap::{Parser, Subcommand, builder::PossibleValuesParser};
use domain::{
    Failure,
    access::{Role, RoleKind},
    announcements::PublishOptions,
    failure::Conflict,
    imports::{ImportProgress, RowVerdict, Verdict, excerpt},
    locale::Locale,
    text::{EmailAddress, NewPassword, is_at},
};
use service::{
    Services, announcements,
    imports::{Importer, Source, Strictness, commit_at_terminal},
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
    /// The directory with database, files, mails and secrets; by default GUICHET_DATA_DIR, or `data`.
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the portal; applies pending migrations first.
    Serve,
    /// Apply pending migrations and exit.
    Migrate,
    /// Check an installation and report what is wrong with it; changes nothing.
    Doctor,
    /// Report what an import would do, or do it (docs/IMPORT.md). Never sends a mail.
    Import {
        /// A file of JSON Lines, or a folder with CSV files.
        file: PathBuf,
        /// Write the records; without this flag nothing is changed.
        #[arg(long)]
        commit: bool,
        /// Write the valid records and leave out the refused ones.
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
        /// For example `spring-launch.fr.md`: the name gives the address and, without `lang`, the language.
        file: PathBuf,
        /// Publish even though the page leaves out text of the file.
        #[arg(long)]
        allow_loss: bool,
        /// Replace a page of the same name that says something else, or hide or list it.
        #[arg(long)]
        replace: bool,
    },
    /// Manage the people who work for the vendor.
    #[command(subcommand)]
    User(User),
}

#[derive(Debug, Subcommand)]
enum User {
    /// Create an account, or restore a removed one; the password is read from standard input.
    Create {
        /// The address to sign in with.
        #[arg(long)]
        email: String,
        /// The name that customers read.
        #[arg(long)]
        name: String,
        /// What the person may do (docs/PERMISSIONS.md).
        #[arg(long, value_parser = vendor_roles())]
        role: String,
        /// The language of pages and mails: fr or en.
        #[arg(long, default_value = "fr", value_parser = language)]
        locale: Locale,
    },
    /// List the people who work for the vendor, with roles and last visit.
    List,
    /// Replace the roles of a person who works for the vendor.
    SetRole {
        /// The address of the account.
        #[arg(long)]
        email: String,
        /// The only role from now on (docs/PERMISSIONS.md).
        #[arg(long, value_parser = vendor_roles())]
        role: String,
    },
    /// Set the password of any person who can sign in, and end their sessions; it is read from standard input.
    SetPassword {
        /// The address of the account.
        #[arg(long)]
        email: String,
    },
    /// Remove an account: its roles with the vendor and its sessions. Name and history stay.
    Remove {
        /// The address of the account.
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

/// Reads the command line, runs it, and reports a failure in one line.
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            say_error(&error);
            ExitCode::FAILURE
        }
    }
}

// The reader of the output may go away (`| head`): that ends the output, never the work (T17).
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

/// Closes the database, so that everything written is in its main file when this process ends.
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
        say("cases of an older version have been reindexed");
    }
    Ok(())
}

async fn demo(services: &Services) -> Result<(), CliError> {
    services.db.migrate().await.map_err(StartError::from)?;
    service::demo::load(services).await.map_err(|failure| match failure {
        Failure::Conflict(Conflict::AlreadyMember) => {
            CliError::Refused("this database holds real people; the demo needs a database of its own".to_owned())
        }
        other => CliError::Failure(other),
    })
}

async fn user(config: &Config, services: &Services, act: User) -> Result<(), CliError> {
    match act {
        User::Create { email, name, role, locale } => {
            let password = typed_password()?;
            people::create_vendor_user(services, &email, &name, &role, &password, locale).await.map_err(explain)?;
            say(&format!("{} can sign in at {}", shown(&email), config.public_url));
            // F7, the other way round.
            let domains = &services.settings.vendor_domains;
            if !domains.is_empty() && EmailAddress::parse(&email).is_ok_and(|email| !is_at(email.as_str(), domains)) {
                say(&format!(
                    "Note: this address is not at {}; a customer's person could get an account with another one at its domain.",
                    domains.join(", ")
                ));
            }
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
            say(&format!("{} has the role {role} from the next request on", shown(&email)));
        }
        User::SetPassword { email } => {
            session::set_password(services, &email, &typed_password()?).await.map_err(explain_user)?;
            say(&format!("{} has a new password; all their sessions have ended", shown(&email)));
        }
        User::Remove { email } => {
            people::remove_vendor_user(services, &email).await.map_err(explain_user)?;
            say(&format!("{} no longer has a role with the vendor; all their sessions have ended", shown(&email)));
        }
    }
    Ok(())
}

/// Returns an address in the form that is stored, for people to read: the typed one may contain blanks and invisible
/// characters.
fn shown(email: &str) -> String {
    EmailAddress::parse(email).map_or_else(|_| email.to_owned(), |email| email.letters())
}

fn explain_user(failure: Failure) -> CliError {
    match failure {
        Failure::NotFound => CliError::Refused("no account here has that address".to_owned()),
        other => explain(other),
    }
}

/// The roles that an account with the vendor can have, for `--help` and for the message about another word.
fn vendor_roles() -> PossibleValuesParser {
    PossibleValuesParser::new(Role::ALL.iter().filter(|role| role.kind() == RoleKind::Vendor).map(|role| role.key()))
}

fn language(key: &str) -> Result<Locale, String> {
    Locale::parse(key).ok_or_else(|| "fr or en".to_owned())
}

/// Reads the first line of standard input; at a terminal, says what it waits for.
fn typed_password() -> Result<String, CliError> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let least = NewPassword::MIN;
        let _ = write!(std::io::stderr(), "Password, at least {least} characters (it is shown while you type): ");
    }
    let mut password = String::new();
    stdin
        .read_line(&mut password)
        .map_err(|error| CliError::Refused(format!("the password cannot be read from standard input: {error}")))?;
    Ok(password.trim_end_matches(['\r', '\n']).to_owned())
}

/// Opens an existing installation and applies pending migrations.
async fn migrated(config: &Config) -> Result<Services, CliError> {
    let services = compose::existing(config).await?;
    services.db.migrate().await.map_err(StartError::from)?;
    Ok(services)
}

/// Puts a failure into words for a terminal: which argument, and what is wrong with it.
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
            "another import is being written; wait until it is done (a killed one gives way after two minutes)".to_owned(),
        ),
        Failure::Conflict(Conflict::ImportOvertaken) => CliError::Refused(
            "another import got in between; what was written stays, and running this one again completes it".to_owned(),
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

/// T20: says `cannot read /nope.jsonl: No such file or directory`, without the error number.
fn cannot_read(file: &Path, error: &std::io::Error) -> CliError {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    CliError::Refused(format!("cannot read {}: {words}", file.display()))
}

/// Checks that there is something to import: a file of JSON Lines, or a folder of tables.
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

/// The number of refusals, remarks and updates that are printed; the report has them all.
const SAID: u64 = 500;
/// The exit code of a command that a signal ended, as shells have it.
const INTERRUPTED: u8 = 130;

/// The name under which the portal shows what is imported.
fn name_of(file: &Path) -> String {
    let path = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    excerpt(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
}

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
        if row.verdict.is_refusal() || !row.remarks.is_empty() || row.verdict == Verdict::Update {
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
        Some(strictness) => {
            let (name, stop) = (name_of(file), serve::wait_for_signal());
            commit_at_terminal(&importer, &source, &name, strictness, &mut each, &progress, stop)
                .await
                .map_err(explain)?
        }
        None => Some(importer.dry_run(&source, &mut each, &progress).await.map_err(explain)?),
    };
    if said > SAID {
        say(&format!(
            "{} more refused records, remarks and updates; --report FILE writes the verdict on every one",
            said - SAID
        ));
    }
    if let Some(table) = table {
        table.finish()?;
    }
    let Some(done) = done else {
        say("Interrupted. What was written stays; run the same command again, and it goes on from there.");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let counts = done.counts;
    say(&format!(
        "create {}, update {} ({} of them with remarks), unchanged {}, conflict {}, reject {}",
        counts.create, counts.update, counts.remarked, counts.unchanged, counts.conflict, counts.reject
    ));
    if done.html > 0 {
        say(&format!("{} HTML texts become plain text", done.html));
    }
    if done.refused_files > 0 {
        let rows =
            if done.rows_not_read > 0 { format!(", with at least {} rows", done.rows_not_read) } else { String::new() };
        say(&format!("files not read: {}{rows}", done.refused_files));
    }
    let all_refused = counts.total() > 0 && counts.refused() == counts.total();
    say(match (commit, done.committed) {
        _ if counts.total() == 0 => "The source holds no record.",
        (None, _) if done.refused_files > 0 => {
            "Nothing was changed. A commit needs the files that were not read corrected or removed."
        }
        (None, _) if all_refused => "Nothing was changed. Every record is refused.",
        (None, _) if counts.refused() > 0 => {
            "Nothing was changed. Correct the refused records, or run again with --commit --skip-refused to leave them out."
        }
        (None, _) if counts.writes() == 0 => "Nothing was changed, and there is nothing to write.",
        (None, _) => "Nothing was changed. Run again with --commit to write the records.",
        (Some(_), true) if all_refused => "Nothing was written: every record is refused.",
        (Some(_), true) if counts.writes() == 0 => "There was nothing to write.",
        (Some(_), true) => "Written. No mail was sent.",
        (Some(_), false) if done.refused_files > 0 => {
            "Nothing was written: correct or remove the files that were not read; --skip-refused leaves out records, not \
             files."
        }
        (Some(_), false) => "Nothing was written: correct the refused records, or add --skip-refused.",
    });
    let refused = counts.refused() > 0 && !done.committed || all_refused;
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The file of `--report`; its first error is reported at the end, and the import goes on.
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
