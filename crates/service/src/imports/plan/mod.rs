//! Deciding what each record of a batch would do. Looks the whole batch up in a handful of statements, then decides in
//! memory; keeps ids and addresses of what came before, never the records themselves.

mod case;
mod changes;
mod decide;
mod lookup;

use std::collections::{HashMap, HashSet};

use domain::{
    CaseId, ContractId, Failure, MembershipId, OrganisationId, PersonId, ProductId, ProgrammeId,
    access::Role,
    contracts::ContactKind,
    imports::{
        CaseRecord, Change, ContactRecord, ContractRecord, OrganisationRecord, Problem, ProductRecord, Record,
        RecordKind, Remark, Remarked, RowVerdict, UserRecord, Verdict, excerpt,
    },
    people::MembershipState,
    text::EmailAddress,
};
use store::imports::{
    Head, HeldGrant, KnownCase, KnownContract, KnownOrganisation, KnownPerson, KnownStream, Legacy, Member,
};
use uuid::Uuid;

use super::{Importer, Source, source::Row, writes};
use crate::OrFail;

/// A record with its verdict, and what is to be written for it.
pub(super) struct Step {
    pub row: RowVerdict,
    pub act: Option<Act>,
}

/// What is to be written.
pub(super) struct Act {
    pub id: String,
    /// The system the id belongs to; empty when the record did not say.
    pub source: String,
    pub fingerprint: [u8; 32],
    pub fresh: bool,
    /// Whether something was imported under this id before.
    pub known: bool,
    /// The address of the person is corrected first.
    pub address: Option<Correction>,
    pub what: What,
}

/// An address that is another now.
#[derive(Clone)]
pub(super) struct Correction {
    pub person: PersonId,
    pub before: String,
    pub after: EmailAddress,
}

pub(super) enum What {
    Organisation(OrganisationRecord, OrganisationId, Option<(ProgrammeId, String)>),
    Product(ProductRecord, ProductId),
    Contract(ContractRecord, ContractId, OrganisationId, Vec<ProductId>),
    /// A contact with access to the portal.
    Contact(ContactRecord, ContractId, Place),
    /// One without: a person, known before or new, whom the contract names (D7).
    Named(ContactRecord, ContractId, OrganisationId, PersonId, bool),
    User(UserRecord, Place, Vec<ProductId>),
    Case(Box<CaseRecord>, CaseId, OrganisationId, Option<ProductId>, People),
}

/// The people of a case.
pub(super) struct People {
    /// By the addresses that the record names.
    pub known: HashMap<String, PersonId>,
    /// Who of the vendor has it.
    pub agent: Option<PersonId>,
}

/// A person in a company, each known before or new.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub person: PersonId,
    pub new_person: bool,
    pub membership: MembershipId,
    pub new_membership: bool,
    pub removed: bool,
    pub organisation: OrganisationId,
}

pub(super) struct Planner<'a> {
    importer: &'a Importer,
    source: &'a Source,
    products: HashMap<String, (ProductId, String)>,
    programmes: HashMap<String, (ProgrammeId, String)>,
    organisations: HashMap<String, OrganisationId>,
    contracts: HashMap<String, (ContractId, OrganisationId)>,
    people: HashMap<String, PersonId>,
    memberships: HashMap<(PersonId, OrganisationId), (MembershipId, MembershipState)>,
    /// People whose memberships were read, or who are new.
    looked_up: HashSet<PersonId>,
    /// The people who work for the vendor among those in [`Planner::asked`], with their roles.
    staff: HashMap<PersonId, Vec<Role>>,
    asked: HashSet<PersonId>,
    /// The companies that people are at work in, with their names.
    at_work: HashMap<PersonId, Vec<(OrganisationId, String)>>,
    /// Where an id stood first in this source.
    seen: HashMap<(RecordKind, String), u64>,
    /// Addresses that records correct of people who never signed in, with the ones before (D5).
    corrected: HashMap<PersonId, Correction>,
    /// Where the user record of a membership stood first in this source.
    users: HashMap<MembershipId, u64>,
    batch: Lookup,
}

/// What the database knows of the records of one batch.
#[derive(Default)]
struct Lookup {
    legacy: HashMap<(RecordKind, String), Legacy>,
    members: HashMap<Uuid, Member>,
    owners: HashMap<Uuid, OrganisationId>,
    /// The programmes that companies are in.
    enrolled: HashMap<OrganisationId, ProgrammeId>,
    /// The ids under which memberships were imported.
    imported_as: HashMap<Uuid, String>,
    /// What known objects are called that a record says something else of than last time.
    heads: HashMap<Uuid, Head>,
    /// The streams of cases whose records changed: to those that have been worked on here, only entries and files are added.
    streams: HashMap<CaseId, KnownStream>,
    known: Known,
}

/// What is stored of the objects that a batch updates.
#[derive(Default)]
struct Known {
    organisations: HashMap<OrganisationId, KnownOrganisation>,
    contracts: HashMap<ContractId, KnownContract>,
    contacts: HashSet<(ContractId, PersonId, ContactKind)>,
    people: HashMap<PersonId, KnownPerson>,
    grants: HashMap<(PersonId, OrganisationId), Vec<HeldGrant>>,
    cases: HashMap<CaseId, KnownCase>,
    /// The addresses of the agents and requestors of cases.
    emails: HashMap<PersonId, String>,
}

impl<'a> Planner<'a> {
    pub async fn new(importer: &'a Importer, source: &'a Source) -> Result<Self, Failure> {
        let db = &importer.services.db;
        Ok(Self {
            importer,
            source,
            products: store::imports::list_products(db).await.or_fail("listing products")?,
            programmes: store::imports::list_programmes(db).await.or_fail("listing programmes")?,
            organisations: HashMap::new(),
            contracts: HashMap::new(),
            people: HashMap::new(),
            memberships: HashMap::new(),
            looked_up: HashSet::new(),
            staff: HashMap::new(),
            asked: HashSet::new(),
            at_work: HashMap::new(),
            seen: HashMap::new(),
            corrected: HashMap::new(),
            users: HashMap::new(),
            batch: Lookup::default(),
        })
    }

    /// Gives a verdict on each row, in their order.
    pub async fn plan(&mut self, rows: Vec<Row>) -> Result<Vec<Step>, Failure> {
        self.look_up(&rows).await?;
        Ok(rows.into_iter().map(|row| self.step(row)).collect())
    }

    fn step(&mut self, row: Row) -> Step {
        let Row { file, line, kind, id, record, mut remarks, fingerprint } = row;
        let mut changes = Vec::new();
        let mut act = None;
        let verdict = match record {
            Err(problem) => Verdict::Reject(problem),
            Ok(record) => match self.weigh(record, &id, line, fingerprint, &mut remarks, &mut changes) {
                Err(refusal) => refusal,
                Ok((verdict, planned)) => {
                    act = planned;
                    verdict
                }
            },
        };
        // What nothing is done with has nothing left out.
        if !writes(&verdict) {
            remarks.clear();
        }
        Step { row: RowVerdict { file: file.into_owned(), line, kind, id, verdict, remarks, changes }, act }
    }

    fn weigh(
        &mut self,
        record: Record,
        id: &str,
        line: u64,
        fingerprint: [u8; 32],
        remarks: &mut Vec<Remark>,
        changes: &mut Vec<Change>,
    ) -> Result<(Verdict, Option<Act>), Verdict> {
        let key = (record.kind(), id.to_owned());
        if let Some(first_line) = self.seen.get(&key) {
            return Err(duplicate(*first_line, "id", id));
        }
        self.seen.insert(key.clone(), line);
        let legacy = self.batch.legacy.get(&key).cloned();
        let unchanged = legacy.as_ref().is_some_and(|legacy| legacy.fingerprint == fingerprint);
        let known_source = legacy.as_ref().map(|legacy| legacy.source.clone()).unwrap_or_default();
        let source = record.source().map_or(known_source, ToOwned::to_owned);
        let address = self.correction(&record, legacy.as_ref());
        if let Some(Correction { before, after, .. }) = &address {
            let what = Remarked::AddressCorrected { before: before.clone() };
            remarks.push(Remark { field: "email".to_owned(), value: after.to_string(), what });
        }
        let called = self.product_called(&record);
        let (verdict, what) = self.decide(record, legacy.as_ref(), unchanged, line, remarks)?;
        let verdict = if unchanged { Verdict::Unchanged } else { verdict };
        if !writes(&verdict) {
            return Ok((verdict, None));
        }
        let fresh = verdict == Verdict::Create;
        if !fresh {
            *changes = self.changes(&what, called.as_deref());
        }
        let known = legacy.is_some();
        Ok((verdict, Some(Act { id: id.to_owned(), source, fingerprint, fresh, known, address, what })))
    }
}

fn duplicate(first_line: u64, field: &str, value: &str) -> Verdict {
    Verdict::Conflict(Problem::Duplicate { first_line, field: field.to_owned(), value: excerpt(value) })
}
