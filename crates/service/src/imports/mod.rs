//! Imports (R12, R24, J1, J2): a dry run with a verdict for every record, then a commit in batches.
//!
//! The reader (`source`) runs on a thread of its own and hands over parsed batches; the planner (`plan`) decides what each
//! record would do, with ids and addresses alone in memory; the writer (`write`) does it, one transaction a batch. A dry
//! run stops after the planner. No mail can leave: see [`store::imports::ImportTx`] (K20).
//!
//! A commit looks through the whole file first. When anything in it is refused, nothing is written. A batch that was
//! committed stays when a later one fails (the database went away, the process was stopped): the next run finds its
//! records unchanged and goes on. One import writes at a time (`lease`).

mod format;
mod html;
mod inbox;
mod lease;
mod lines;
mod plan;
mod source;
mod write;

pub(crate) use inbox::sweep;
pub use inbox::{
    MAX_FILES, MAX_UPLOAD, Part, Upload, commit_at_terminal, discard, find, list, read_verdicts, shelf, start_commit,
};
pub use source::{OpenError, Source};

use std::panic::{AssertUnwindSafe, resume_unwind};

use domain::{
    Failure, ImportId, RequestId,
    access::{Granted, Permission, Place},
    audit::{NewEvent, Verb},
    imports::{ImportProgress, ImportReport, RowVerdict, Verdict, without_marks},
    text::clean_prose,
};
use futures::FutureExt;

use crate::{Context, OrFail, Services, fault};

/// Records in one transaction.
const BATCH: usize = 1_000;

/// Whether one bad record stops everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Nothing is written when any record is refused.
    #[default]
    AllOrNothing,
    /// What is well is written, what is refused is left out: records, not whole files (T05).
    SkipRefused,
}

/// Who imports, on what.
#[derive(Clone)]
pub struct Importer {
    services: Services,
    granted: Granted,
    request: Option<RequestId>,
}

impl Importer {
    /// # Errors
    /// [`Failure::Forbidden`] without the permission to import.
    pub async fn new(context: &Context) -> Result<Self, Failure> {
        let granted = context.authorize(Permission::ImportRun, &Place::vendor()).await?;
        Ok(Self { services: context.services.clone(), granted, request: context.request })
    }

    /// For the command line.
    pub fn of_system(services: &Services) -> Self {
        let granted = Granted::to_system(Permission::ImportRun, None);
        Self { services: services.clone(), granted, request: None }
    }

    /// Says what a commit would do; `each` hears every verdict. Writes nothing.
    ///
    /// # Errors
    /// When the source cannot be read or the database cannot be asked. What is wrong inside the source is in the report.
    pub async fn dry_run(
        &self,
        source: &Source,
        each: &mut (dyn FnMut(&RowVerdict) + Send),
        progress: &(dyn Fn(ImportProgress) + Send + Sync),
    ) -> Result<ImportReport, Failure> {
        let mut report = ImportReport::default();
        let mut planner = plan::Planner::new(self, source).await?;
        let mut batches = source.read();
        let mut done = ImportProgress { bytes_total: source.bytes(), ..ImportProgress::default() };
        while let Some(batch) = batches.next().await? {
            done.bytes_done = batch.bytes_done;
            done.records += batch.rows.len() as u64;
            for step in planner.plan(batch.rows).await? {
                each(&step.row);
                report.add(step.row);
            }
            progress(done);
        }
        Ok(report)
    }

    /// Looks through the whole source, then writes it in batches; `each` hears every verdict. The report says whether
    /// anything was written.
    ///
    /// # Errors
    /// As [`Importer::dry_run`]; [`domain::failure::Conflict::ImportUnderWay`] while another import is being written.
    /// Batches before a failure stay, a second run goes on after them.
    pub async fn commit(
        &self,
        source: &Source,
        strictness: Strictness,
        each: &mut (dyn FnMut(&RowVerdict) + Send),
        progress: &(dyn Fn(ImportProgress) + Send + Sync),
    ) -> Result<ImportReport, Failure> {
        let lease = lease::Lease::take(self).await?;
        // A panic of who hears the verdicts gives the lease back too: at the command line nothing runs after it (T17).
        let outcome = AssertUnwindSafe(self.commit_as(&lease, source, strictness, each, progress)).catch_unwind().await;
        lease.release().await;
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    async fn commit_as(
        &self,
        lease: &lease::Lease,
        source: &Source,
        strictness: Strictness,
        each: &mut (dyn FnMut(&RowVerdict) + Send),
        progress: &(dyn Fn(ImportProgress) + Send + Sync),
    ) -> Result<ImportReport, Failure> {
        let half = |done: ImportProgress| ImportProgress { bytes_total: done.bytes_total * 2, ..done };
        let report = self.dry_run(source, each, &|done| progress(half(done))).await?;
        let whole = source.bytes().max(1);
        let at_its_end = ImportProgress { bytes_done: whole, bytes_total: whole, records: report.counts.total() };
        if !report.may_commit(strictness == Strictness::SkipRefused) {
            progress(at_its_end);
            return Ok(report);
        }
        if report.counts.writes() == 0 {
            progress(at_its_end);
            return Ok(ImportReport { committed: true, ..report });
        }
        let import = lease.run();
        let mut report = ImportReport::default();
        let mut planner = plan::Planner::new(self, source).await?;
        let mut batches = source.read();
        let total = source.bytes() * 2;
        let mut done = ImportProgress { bytes_total: total, ..ImportProgress::default() };
        while let Some(batch) = batches.next().await? {
            let bytes = batch.bytes_done;
            done.records += batch.rows.len() as u64;
            let steps = planner.plan(batch.rows).await?;
            let mut acts = Vec::new();
            for step in steps {
                acts.extend(step.act);
                report.add(step.row);
            }
            write::write(self, source, import, acts).await?;
            done.bytes_done = total / 2 + bytes;
            progress(done);
        }
        self.finish(import, &report).await?;
        report.committed = true;
        Ok(report)
    }

    async fn finish(&self, import: ImportId, report: &ImportReport) -> Result<(), Failure> {
        let tx = store::imports::begin(&self.services.db).await.or_fail("beginning a transaction")?;
        let event = NewEvent {
            id: self.services.id(),
            at: self.services.now(),
            actor: self.granted.actor(),
            organisation: None,
            verb: Verb::ImportCommitted,
            object_kind: "import",
            object: import.to_string(),
            case: None,
            internal: false,
            detail: serde_json::to_value(report.counts).map_err(|error| fault("describing an import", &error))?,
            request: self.request,
        };
        let seq = tx.commit(vec![event]).await.or_fail("finishing an import")?;
        if let Some(seq) = seq {
            self.services.bus.publish(seq);
        }
        Ok(())
    }
}

/// A stored body as a record of today would say it: an entry that came in before HTML was read, or without a file that
/// could not be taken, is the same entry.
fn same_body(stored: &str) -> String {
    let text = without_marks(stored);
    html::text_of(text).map_or_else(|| text.to_owned(), |plain| clean_prose(&plain).text)
}

/// Whether a verdict leads to a write.
fn writes(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Create | Verdict::Update)
}
