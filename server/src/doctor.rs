//! Looks at an installation and says what is wrong with it. Reads only: nothing is made, no key, no database (F12). A server
//! that runs is asked for its own view, as its settings are not those of this shell.

use std::path::{Path, PathBuf};

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

/// What was found so far.
struct Findings {
    healthy: bool,
}

impl Findings {
    fn line(&mut self, good: bool, text: impl AsRef<str>) {
        self.healthy &= good;
        say(&format!("{} {}", if good { "ok     " } else { "PROBLEM" }, text.as_ref()));
    }

    /// The beginning of a list of problems, or that there is none.
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

/// Says what is well and what is not; gives back whether all is.
///
/// # Errors
/// When there is no installation to look at.
pub(crate) async fn examine(config: &Config) -> Result<bool, StartError> {
    if let Some(what) = compose::not_there(config) {
        return Err(StartError::NotInstalled(what));
    }
    let mut findings = Findings { healthy: true };
    match data_dir::find_open(&config.data_dir) {
        Ok(None) => findings.line(true, format!("data directory: {}, for its owner only", config.data_dir.display())),
        Ok(Some(path)) => {
            findings
                .line(false, format!("others on this machine can use {}: the next start closes it", path.display()));
        }
        Err(error) => findings.line(false, format!("data directory: {error}")),
    }
    check_key(&mut findings, &config.link_key());
    check_database(&mut findings, config).await;
    check_server(&mut findings, config).await;
    Ok(findings.healthy)
}

fn check_key(findings: &mut Findings, path: &Path) {
    match std::fs::read(path) {
        Ok(bytes) if bytes.len() == 32 => findings.line(true, "key of links: there"),
        Ok(_) => findings.line(false, format!("{} is not a key of 32 bytes; restore it from a backup", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let lost = "without it every open invitation has to be sent again; restore it from a backup";
            findings.line(false, format!("key of links: {} is missing; {lost}", path.display()));
        }
        Err(error) => findings.line(false, format!("{}: {error}", path.display())),
    }
}

async fn check_database(findings: &mut Findings, config: &Config) {
    let beside = |ending: &str| -> Option<PathBuf> {
        let mut name = config.database_file()?.into_os_string();
        name.push(ending);
        Some(PathBuf::from(name))
    };
    let served = config.database_file().is_some_and(|file| Claim::is_taken(&file));
    // What was written lately stands in the WAL; without one, nothing has to be made beside the file to read it.
    let log = beside("-wal").and_then(|path| std::fs::metadata(path).ok()).is_some_and(|log| log.len() > 0);
    let index = beside("-shm").filter(|path| !path.exists());
    let outcome = match Db::open_to_read(&config.database(), !served && !log).await {
        Ok(db) => {
            let outcome = check_content(findings, config, &db).await;
            // Closed at once: what is left open keeps the WAL from being cut.
            outcome.and(db.close().await)
        }
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        findings.line(false, format!("database: {}", service::chain(&error)));
    }
    if let Some(index) = index.filter(|_| !served) {
        // SQLite made it to read the WAL. That it stays harms nothing.
        let _ = std::fs::remove_file(index);
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
    findings.list("search", "finds what is written", &or_said(store::check::search(db).await));
    match store::audit::verify(db).await {
        Ok(None) => findings.line(true, "ledger: the chain holds"),
        Ok(Some(seq)) => findings.line(false, format!("ledger: event {seq} is not what was written")),
        Err(error) => findings.line(false, format!("ledger: {}", service::chain(&error))),
    }
    findings.list(
        "files",
        "every one is there, with the bytes that were stored",
        &or_said(check_files(config, db).await),
    );
    let mails = store::mail::count(db).await?;
    let dead = mails.iter().find(|(state, _)| *state == MailState::Dead).map_or(0, |(_, count)| *count);
    findings.line(dead == 0, format!("mails given up: {dead}"));
    let (stuck, error) = store::mail::count_stuck(db).await?;
    let error = error.map_or_else(String::new, |error| format!(", the last time: {error:?}"));
    findings.line(stuck == 0, format!("mails tried and still waiting: {stuck}{error}"));
    let jobs = store::jobs::count_dead(db).await?;
    findings.line(jobs == 0, format!("jobs given up: {jobs}"));
    Ok(())
}

/// A check that could not be made is a problem as well.
fn or_said(checked: Result<Vec<String>, StoreError>) -> Vec<String> {
    checked.unwrap_or_else(|error| vec![service::chain(&error)])
}

async fn check_files(config: &Config, db: &Db) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    let Ok(files) = FileStore::existing(&config.data_dir.join("files")) else {
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
                    "server: one is there and cannot be asked"
                } else {
                    "server: none runs here; what follows is as the settings of this shell say"
                },
            );
            View::of(config)
        }
        Err(error) => {
            findings.line(false, format!("server: one is there and does not answer: {error}"));
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
