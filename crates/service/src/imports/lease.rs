//! One import writes at a time, whether it was begun in the portal or at the command line: a lease in the database that is
//! renewed while the import lives. A run that is killed loses it after two minutes.

use std::time::Duration;

use domain::{Failure, ImportId, failure::Conflict};
use jiff::SignedDuration;
use tokio::{runtime::Handle, task::JoinHandle};

use super::Importer;
use crate::{OrFail, Services};

/// Without a sign of life for so long, a run was cut off.
pub(super) const SILENCE: SignedDuration = SignedDuration::from_mins(2);
const RENEWED_EVERY: Duration = Duration::from_secs(20);

/// The right to write imports; given back by [`Lease::release`], when it is dropped (a task that panicked, T17), or lost in
/// time.
pub(super) struct Lease {
    importer: Importer,
    run: ImportId,
    renewing: JoinHandle<()>,
    held: bool,
}

impl Lease {
    /// # Errors
    /// [`Conflict::ImportUnderWay`] while another import is being written.
    pub async fn take(importer: &Importer) -> Result<Self, Failure> {
        let services = &importer.services;
        let (run, now): (ImportId, _) = (services.id(), services.now());
        let tx = store::imports::begin(&services.db).await.or_fail("beginning a transaction")?;
        let taken = store::imports::take_lease(&tx, &importer.granted, run, now, now + SILENCE)
            .await
            .or_fail("taking the lease of imports")?;
        tx.commit(Vec::new()).await.or_fail("taking the lease of imports")?;
        if !taken {
            return Err(Failure::Conflict(Conflict::ImportUnderWay));
        }
        let renewing = tokio::spawn(keep(importer.clone(), run));
        Ok(Self { importer: importer.clone(), run, renewing, held: true })
    }

    /// The name of this run, in the ledger too.
    pub const fn run(&self) -> ImportId {
        self.run
    }

    pub async fn release(mut self) {
        self.held = false;
        self.renewing.abort();
        give_back(self.importer.clone(), self.run).await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewing.abort();
        if self.held
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(give_back(self.importer.clone(), self.run));
        }
    }
}

async fn give_back(importer: Importer, run: ImportId) {
    if let Err(failure) = renew(&importer, run, importer.services.now()).await {
        tracing::warn!(error = %failure, "the lease of an import stays until it runs out");
    }
}

async fn keep(importer: Importer, run: ImportId) {
    loop {
        tokio::time::sleep(RENEWED_EVERY).await;
        let until = importer.services.now() + SILENCE;
        if let Err(failure) = renew(&importer, run, until).await {
            tracing::warn!(error = %failure, "the lease of an import was not renewed");
        }
    }
}

async fn renew(importer: &Importer, run: ImportId, until: jiff::Timestamp) -> Result<(), Failure> {
    let tx = store::imports::begin(&importer.services.db).await.or_fail("beginning a transaction")?;
    store::imports::renew_lease(&tx, &importer.granted, run, until).await.or_fail("renewing a lease")?;
    tx.commit(Vec::new()).await.or_fail("renewing a lease").map(|_| ())
}

/// The run that is being written now, in whichever process.
///
/// # Errors
/// When the database cannot be asked.
pub(super) async fn writing(services: &Services) -> Result<Option<ImportId>, Failure> {
    let found = store::imports::find_lease(&services.db).await.or_fail("asking for the lease of imports")?;
    Ok(found.filter(|(_, until)| *until > services.now()).map(|(run, _)| run))
}
