//! Bulk rows of imports and the ids of the systems before this one.
//!
//! An import writes through an [`ImportTx`] and nothing else. The functions that queue mails take a [`Tx`], which an
//! `ImportTx` does not give away: an import that mails does not compile (K20).
//!
//! ```compile_fail
//! async fn mail(tx: &store::imports::ImportTx, new: store::mail::NewMail) {
//!     let _ = store::mail::insert(tx, new).await;
//! }
//! ```

mod find;
mod insert;
mod known;
mod lease;
mod update;

pub use find::{
    Head, HeldGrant, KnownEntry, KnownStream, Legacy, Member, find_heads, find_legacy, find_legacy_of,
    find_memberships, find_owners, find_people, find_staff, find_streams, has_people_outside, list_grants,
    list_memberships, list_products, list_programmes,
};
pub use insert::{
    Bulk, CaseLine, ContractLine, EntryLine, FileLine, GrantLine, LegacyLine, MembershipLine, OrganisationLine,
    PersonLine, ProductLine, insert, insert_grants, take_numbers,
};
pub use known::{
    KnownCase, KnownContract, KnownOrganisation, KnownPerson, find_known_cases, find_known_contacts,
    find_known_contracts, find_known_organisations, find_known_people,
};
pub use lease::{find_lease, renew_lease, take_lease};
pub use update::{
    correct_address, update_case, update_contract, update_grant, update_organisation, update_person, update_product,
    update_reasons,
};

use domain::audit::NewEvent;

use crate::{Db, Reads, StoreError, Tx, Writes, audit, write_tx};

/// A writing transaction that cannot queue mails.
pub struct ImportTx(Tx);

impl Reads for ImportTx {
    type Connection = <Tx as Reads>::Connection;
    fn connection(&self) -> &Self::Connection {
        self.0.connection()
    }
}

impl Writes for ImportTx {}

/// Begins the transaction of one batch; only `service` calls it.
pub async fn begin(db: &Db) -> Result<ImportTx, StoreError> {
    Ok(ImportTx(write_tx(db).await?))
}

impl ImportTx {
    /// Appends the events of the batch and commits; gives back the number of the last event.
    pub async fn commit(self, events: Vec<NewEvent>) -> Result<Option<i64>, StoreError> {
        let seq = if events.is_empty() { None } else { Some(audit::append(&self.0, events).await?) };
        self.0.commit().await?;
        Ok(seq)
    }
}
