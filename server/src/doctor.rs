//! Examines an installation and says what is wrong with it. Only reads: it makes no key and no database (F12). A running
//! server is asked for its own view, since its settings are not those of this shell.

use std::path::Path;

use domain::mail::MailState;
use service::files::{FileStore, Stored};
use store::{Db, StoreError};

use crate::{
    cli::say,
    compose::{self, StartError},
    config::Config,
    data_dir::{self, Claim},
    status::{self, View},
};

/// The findings so far.
struct Findings {
    healthy: bool,
}

impl Findings {
    fn line(&mut self, good: bool, text: impl AsRef<str>) {
        self.healthy &= good;
        say(&format!("{} {}", if good { "ok     " } else { "PROBLEM" }, text.as_ref()));
    }

    /// Prints the first of a list of problems, or that there are none.
    fn list(&mut self, what: &str, fine: &str, problems: &[String]) {
        const SAID: usize = 10;
        if problems.is_empty() {
            return self.line(true, format!("{what}: {fine}"));
        }
        for problem in problems.iter().take(SAID) {
            self.line(false, format!("{what}: {problem}"));
        }
        if problems.len() > SAID {
            self.line(false, format!("{what}: {} more", problems.len() - SAID));
        }
    }
}

/// Prints what is well and what is not; returns whether everything is.
///
/// # Errors
/// When there is no installation to examine.
pub(crate) async fn examine(config: &Config) -> Result<bool, StartError> {
    compose::find_installation(config)?;
    let mut findings = Findings { healthy: true };
    match data_dir::find_open(&config.data_dir) {
        Ok(None) => findings.line(true, format!("data directory: {}, for its owner only", config.data_dir.display())),
        Ok(Some(path)) => {
            findings
                .line(false, format!("others on this machine can use {}: the next start closes it", path.display()));
        }
        Err(error) => findings.line(false, format!("data directory: {error}")),
    }
    for path in [Some(config.data_dir.clone()), config.database_file()].into_iter().flatten() {
        if let Err(error) = data_dir::check_writable(&path) {
            findings.line(false, format!("this user cannot write {}: {}", path.display(), error.kind()));
        }
    }
    check_key(&mut findings, &config.link_key());
    check_database(&mut findings, config).await;
    check_server(&mut findings, config).await;
    Ok(findings.healthy)
}

fn check_key(findings: &mut Findings, path: &Path) {
    match std::fs::read(path) {
        Ok(bytes) if bytes.len() == 32 => findings.line(true, "link key: present"),
        Ok(_) => findings.line(false, format!("{} is not a key of 32 bytes; restore it from a backup", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let lost = "without it every open invitation has to be sent again; restore it from a backup";
            findings.line(false, format!("link key: {} is missing; {lost}", path.display()));
        }
        Err(error) => findings.line(false, format!("{}: {error}", path.display())),
    }
}

async fn check_database(findings: &mut Findings, config: &Config) {
    let served = config.database_file().is_some_and(|file| Claim::is_taken(&file));
    // Recent writes are in the WAL. Without one, the database can be read without creating anything beside it. With one,
    // SQLite creates an index for it (`-shm`), which must stay: a process that has opened the database in the meantime
    // shares it.
    let log = config.database_file().is_some_and(|file| {
        let mut name = file.into_os_string();
        name.push("-wal");
        std::fs::metadata(name).is_ok_and(|log| log.len() > 0)
    });
    let outcome = match Db::open_to_read(&config.database(), !served && !log).await {
        Ok(db) => {
            let outcome = check_content(findings, config, &db).await;
            // Closed right away: an open reader keeps the WAL from being truncated.
            outcome.and(db.close().await)
        }
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        findings.line(false, format!("database: {}", service::chain(&error)));
    }
}

async fn check_content(findings: &mut Findings, config: &Config, db: &Db) -> Result<(), StoreError> {
    findings.line(true, format!("database: {}", db.version().await?));
    let pending = match db.pending_migrations().await {
        Err(StoreError::NewerSchema) => {
            findings.line(false, StoreError::NewerSchema.to_string());
            return Ok(());
        }
        pending => pending?,
    };
    findings.line(pending.is_empty(), format!("migrations to apply: {}", pending.len()));
    findings.list("pages and indexes", "whole", &or_said(store::check::pages(db).await));
    findings.list("references", "whole", &or_said(store::check::references(db).await));
    if !pending.is_empty() {
        return Ok(());
    }
    findings.list("values", "readable", &or_said(store::check::values(db).await));
    findings.list("search", "complete", &or_said(store::check::search(db).await));
    match store::audit::verify(db).await {
        Ok(None) => findings.line(true, "ledger: the chain holds"),
        Ok(Some(seq)) => findings.line(false, format!("ledger: event {seq} was altered")),
        Err(error) => findings.line(false, format!("ledger: {}", service::chain(&error))),
    }
    findings.list("files", "all present and unchanged", &or_said(check_files(config, db).await));
    let mails = store::mail::count(db).await?;
    let dead = mails.iter().find(|(state, _)| *state == MailState::Dead).map_or(0, |(_, count)| *count);
    findings.line(dead == 0, format!("mails given up: {dead}"));
    let (stuck, error) = store::mail::count_stuck(db).await?;
    let error = error.map_or_else(String::new, |error| format!(", last error: {error:?}"));
    findings.line(stuck == 0, format!("mails tried and still waiting: {stuck}{error}"));
    let jobs = store::jobs::count_dead(db).await?;
    findings.line(jobs == 0, format!("jobs given up: {jobs}"));
    Ok(())
}

/// Turns a check that could not be made into a problem.
fn or_said(checked: Result<Vec<String>, StoreError>) -> Vec<String> {
    checked.unwrap_or_else(|error| vec![service::chain(&error)])
}

async fn check_files(config: &Config, db: &Db) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    let directory = config.data_dir.join("files");
    let Some(files) = directory.is_dir().then(|| FileStore::existing(&directory).ok()).flatten() else {
        let rows = store::files::list_stored(db, &[]).await?;
        return Ok(if rows.is_empty() { problems } else { vec!["the directory of files is missing".to_owned()] });
    };
    let mut after = Vec::new();
    loop {
        let rows = store::files::list_stored(db, &after).await?;
        let Some((last, _)) = rows.last() else { return Ok(problems) };
        after.clone_from(last);
        for (sha256, size) in &rows {
            let name: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
            match files.check(sha256, *size).await {
                Stored::Whole => {}
                Stored::Missing => problems.push(format!("{name} is missing")),
                Stored::Damaged => problems.push(format!("{name} is not what was stored")),
            }
        }
    }
}

async fn check_server(findings: &mut Findings, config: &Config) {
    let view = match status::ask(&config.data_dir).await {
        Ok(Some(view)) => {
            findings
                .line(true, format!("server: process {}, version {}, on {}", view.process, view.version, view.listen));
            findings.line(view.works, format!("server: {}", view.database));
            view
        }
        Ok(None) => {
            let served = config.database_file().is_some_and(|file| Claim::is_taken(&file));
            findings.line(
                !served,
                if served {
                    "server: one is running but cannot be asked"
                } else {
                    "server: none runs here; what follows comes from the settings of this shell"
                },
            );
            View::of(config)
        }
        Err(error) => {
            findings.line(false, format!("server: one is running but does not answer: {error}"));
            View::of(config)
        }
    };
    findings.line(
        view.smtp.is_some(),
        match &view.smtp {
            Some(server) => format!("mail leaves by {server}"),
            None => "mail: no SMTP server is configured, mails are written to files".to_owned(),
        },
    );
    findings.line(view.safe_address, format!("public address: {}", view.public_url));
}
