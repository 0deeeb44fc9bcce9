//! Deciding what each record of a batch would do. Looks the whole batch up in a handful of statements, then decides in
//! memory; keeps ids and addresses of what came before, never the records themselves.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use domain::{
    CaseId, ContractId, Failure, FieldError, MembershipId, OrganisationId, PersonId, ProductId, ProgrammeId,
    files::{MAX_FILE_BYTES, check_kind, display_name},
    imports::{
        CaseRecord, ContactRecord, ContractRecord, OrganisationRecord, Problem, ProductRecord, Record, RecordKind,
        RowVerdict, UserRecord, Verdict,
    },
    people::MembershipState,
    text::EmailAddress,
};
use store::imports::{KnownStream, Legacy, Member};
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
    pub fingerprint: [u8; 32],
    pub fresh: bool,
    /// Whether something was imported under this id before.
    pub known: bool,
    pub what: What,
}

pub(super) enum What {
    Organisation(OrganisationRecord, OrganisationId, Option<(ProgrammeId, String)>),
    Product(ProductRecord, ProductId),
    Contract(ContractRecord, ContractId, OrganisationId, Vec<ProductId>),
    Contact(ContactRecord, ContractId, Place),
    User(UserRecord, Place, Vec<ProductId>),
    Case(Box<CaseRecord>, CaseId, OrganisationId, Option<ProductId>, HashMap<String, PersonId>),
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
    /// Where an id stood first in this source.
    seen: HashMap<(RecordKind, String), u64>,
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
    /// Cases that somebody has worked on here and whose records changed: only entries and files are added to them.
    worked_on: HashMap<Uuid, KnownStream>,
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
            seen: HashMap::new(),
            users: HashMap::new(),
            batch: Lookup::default(),
        })
    }

    /// Gives a verdict on each row, in their order.
    pub async fn plan(&mut self, rows: Vec<Row>) -> Result<Vec<Step>, Failure> {
        self.look_up(&rows).await?;
        Ok(rows.into_iter().map(|row| self.step(row)).collect())
    }

    async fn look_up(&mut self, rows: &[Row]) -> Result<(), Failure> {
        let db = &self.importer.services.db;
        let mut ids: HashMap<RecordKind, HashSet<String>> = HashMap::new();
        let mut emails: HashSet<String> = HashSet::new();
        let mut want = |kind, id: &str| {
            ids.entry(kind).or_default().insert(id.to_owned());
        };
        let mut email = |address: &EmailAddress| {
            let address = address.normalised();
            if !self.people.contains_key(&address) {
                emails.insert(address);
            }
        };
        for row in rows {
            let Ok(record) = &row.record else { continue };
            want(record.kind(), record.id());
            match record {
                Record::Contract(record) => want(RecordKind::Organisation, &record.organisation),
                Record::Contact(record) => {
                    want(RecordKind::Contract, &record.contract);
                    email(&record.email);
                }
                Record::User(record) => {
                    want(RecordKind::Organisation, &record.organisation);
                    email(&record.email);
                }
                Record::Case(record) => {
                    want(RecordKind::Organisation, &record.organisation);
                    record.requestor_email.iter().for_each(&mut email);
                    record.entries.iter().filter_map(|entry| entry.email.as_ref()).for_each(&mut email);
                }
                Record::Organisation(_) | Record::Product(_) | Record::Entry(_) => {}
            }
        }
        let mut batch = Lookup::default();
        for (kind, ids) in ids {
            let ids: Vec<String> = ids
                .into_iter()
                .filter(|id| match kind {
                    // Those a record may refer to are kept from batch to batch; a record of its own is looked up all the same.
                    RecordKind::Organisation => {
                        !self.organisations.contains_key(id) || !self.seen.contains_key(&(kind, id.clone()))
                    }
                    RecordKind::Product | RecordKind::Entry => false,
                    _ => true,
                })
                .collect();
            let found = store::imports::find_legacy(db, kind, &ids).await.or_fail("finding imported ids")?;
            batch.legacy.extend(found.into_iter().map(|(id, legacy)| ((kind, id), legacy)));
        }
        let objects = |kind: RecordKind| -> Vec<Uuid> {
            batch.legacy.iter().filter(|((found, _), _)| *found == kind).map(|(_, legacy)| legacy.object).collect()
        };
        let companies: Vec<OrganisationId> = objects(RecordKind::Organisation).into_iter().map(Into::into).collect();
        let contracts = objects(RecordKind::Contract);
        let cases = objects(RecordKind::Case);
        let users = objects(RecordKind::User);
        batch.enrolled = store::rollout::list_programmes_of(db, &companies).await.or_fail("finding programmes")?;
        batch.owners =
            store::imports::find_owners(db, RecordKind::Contract, &contracts).await.or_fail("finding owners")?;
        let owners = store::imports::find_owners(db, RecordKind::Case, &cases).await.or_fail("finding owners")?;
        batch.owners.extend(owners);
        batch.members = store::imports::find_memberships(db, &users).await.or_fail("finding members")?;
        batch.worked_on = self.worked_on(rows, &batch.legacy).await?;
        for ((kind, id), legacy) in &batch.legacy {
            match kind {
                RecordKind::Organisation => {
                    self.organisations.insert(id.clone(), legacy.object.into());
                }
                RecordKind::Contract => {
                    if let Some(owner) = batch.owners.get(&legacy.object) {
                        self.contracts.insert(id.clone(), (legacy.object.into(), *owner));
                    }
                }
                _ => {}
            }
        }

        let emails: Vec<String> = emails.into_iter().collect();
        let found = store::imports::find_people(db, &emails).await.or_fail("finding people")?;
        self.people.extend(found);
        let mut persons: Vec<PersonId> = Vec::new();
        for row in rows {
            let address = match &row.record {
                Ok(Record::Contact(record)) => &record.email,
                Ok(Record::User(record)) => &record.email,
                _ => continue,
            };
            if let Some(person) = self.people.get(&address.normalised())
                && self.looked_up.insert(*person)
            {
                persons.push(*person);
            }
        }
        let members = store::imports::list_memberships(db, &persons).await.or_fail("finding members")?;
        let membership_ids: Vec<Uuid> = members.iter().map(|member| member.id.into()).collect();
        batch.imported_as = store::imports::find_legacy_of(db, RecordKind::User, &membership_ids)
            .await
            .or_fail("finding imported ids")?;
        for member in members {
            self.memberships.insert((member.person, member.organisation), (member.id, member.state));
        }
        self.batch = batch;
        Ok(())
    }

    async fn worked_on(
        &self,
        rows: &[Row],
        legacy: &HashMap<(RecordKind, String), Legacy>,
    ) -> Result<HashMap<Uuid, KnownStream>, Failure> {
        let db = &self.importer.services.db;
        let changed: Vec<CaseId> = rows
            .iter()
            .filter(|row| matches!(row.record, Ok(Record::Case(_))))
            .filter_map(|row| {
                let legacy = legacy.get(&(RecordKind::Case, row.id.clone()))?;
                (legacy.fingerprint != row.fingerprint).then(|| legacy.object.into())
            })
            .collect();
        let mut streams = HashMap::new();
        for case in store::imports::find_touched(db, &changed).await.or_fail("finding cases")? {
            let stream = store::imports::find_stream(db, case).await.or_fail("reading a stream")?;
            streams.insert(case.uuid(), stream);
        }
        Ok(streams)
    }

    fn step(&mut self, row: Row) -> Step {
        let Row { file, line, kind, id, record, fingerprint } = row;
        let mut act = None;
        let verdict = match record {
            Err(problem) => Verdict::Reject(problem),
            Ok(record) => {
                let key = (record.kind(), id.clone());
                match self.seen.get(&key) {
                    Some(first_line) => Verdict::Conflict(Problem::Duplicate { first_line: *first_line }),
                    None => {
                        self.seen.insert(key.clone(), line);
                        let legacy = self.batch.legacy.get(&key).cloned();
                        let unchanged = legacy.as_ref().is_some_and(|legacy| legacy.fingerprint == fingerprint);
                        match self.decide(record, legacy.as_ref(), unchanged, line) {
                            Err(refusal) => refusal,
                            Ok((verdict, what)) => {
                                let verdict = if unchanged { Verdict::Unchanged } else { verdict };
                                if writes(&verdict) {
                                    let fresh = verdict == Verdict::Create;
                                    let known = legacy.is_some();
                                    act = Some(Act { id: id.clone(), fingerprint, fresh, known, what });
                                }
                                verdict
                            }
                        }
                    }
                }
            }
        };
        Step { row: RowVerdict { file: file.to_owned(), line, kind, id, verdict }, act }
    }

    /// Checks what a record refers to and finds or makes the ids of what it is about.
    fn decide(
        &mut self,
        record: Record,
        legacy: Option<&Legacy>,
        unchanged: bool,
        line: u64,
    ) -> Result<(Verdict, What), Verdict> {
        let verdict = if legacy.is_some() { Verdict::Update } else { Verdict::Create };
        let services = &self.importer.services;
        let what = match record {
            Record::Organisation(record) => {
                let programme = match &record.programme {
                    None => None,
                    Some(key) => Some(
                        self.programmes
                            .get(key)
                            .cloned()
                            .ok_or_else(|| Verdict::Reject(Problem::UnknownProgramme { key: key.clone() }))?,
                    ),
                };
                let id = legacy.map_or_else(|| services.id(), |legacy| legacy.object.into());
                let named = programme.as_ref().map(|(named, _)| named);
                if named.is_some_and(|named| self.batch.enrolled.get(&id).is_some_and(|present| present != named)) {
                    return Err(cannot_change("programme"));
                }
                self.organisations.insert(record.id.clone(), id);
                What::Organisation(record, id, programme)
            }
            Record::Product(record) => {
                // The key is the id of a product for ever: it needs no other.
                let (verdict, id) = match self.products.get(&record.key) {
                    Some((id, name)) if *name == record.name => (Verdict::Unchanged, *id),
                    Some((id, _)) => (Verdict::Update, *id),
                    None => (Verdict::Create, services.id()),
                };
                self.products.insert(record.key.clone(), (id, record.name.clone()));
                return Ok((verdict, What::Product(record, id)));
            }
            Record::Contract(record) => {
                let organisation = self.organisation(&record.organisation)?;
                self.same_owner(legacy, organisation)?;
                let products = self.products(&record.products)?;
                if products.is_empty() {
                    let error = FieldError::Required;
                    return Err(Verdict::Reject(Problem::Field { field: "products".to_owned(), error }));
                }
                let id = legacy.map_or_else(|| services.id(), |legacy| legacy.object.into());
                self.contracts.insert(record.id.clone(), (id, organisation));
                What::Contract(record, id, organisation, products)
            }
            Record::Contact(record) => {
                let (contract, organisation) = self
                    .contracts
                    .get(&record.contract)
                    .copied()
                    .ok_or_else(|| Verdict::Reject(Problem::UnknownContract { id: record.contract.clone() }))?;
                let person = self.people.get(&record.email.normalised()).map(|person| person.uuid());
                if legacy.is_some_and(|legacy| person != Some(legacy.object)) {
                    return Err(cannot_change("email"));
                }
                let place = self.place(&record.email, organisation);
                What::Contact(record, contract, place)
            }
            Record::User(record) => return self.user(record, legacy, line),
            Record::Case(record) => {
                let organisation = self.organisation(&record.organisation)?;
                self.same_owner(legacy, organisation)?;
                let product = match &record.product {
                    None => None,
                    Some(key) => self.products(std::slice::from_ref(key))?.first().copied(),
                };
                // What was imported with its files before need not bring them again.
                if !unchanged {
                    for path in record.entries.iter().flat_map(|entry| &entry.files) {
                        self.check_file(path).map_err(Verdict::Reject)?;
                    }
                }
                let addresses = record.entries.iter().filter_map(|entry| entry.email.as_ref());
                let known = addresses
                    .chain(&record.requestor_email)
                    .filter_map(|email| {
                        let email = email.normalised();
                        self.people.get(&email).map(|person| (email, *person))
                    })
                    .collect();
                let id: CaseId = legacy.map_or_else(|| services.id(), |legacy| legacy.object.into());
                let nothing_new =
                    self.batch.worked_on.get(&id.uuid()).is_some_and(|stream| says_no_more(&record, stream));
                let what = What::Case(Box::new(record), id, organisation, product, known);
                return Ok((if nothing_new { Verdict::Unchanged } else { verdict }, what));
            }
            Record::Entry(record) => return Err(Verdict::Reject(Problem::UnknownCase { id: record.case })),
        };
        Ok((verdict, what))
    }

    fn user(&mut self, record: UserRecord, legacy: Option<&Legacy>, line: u64) -> Result<(Verdict, What), Verdict> {
        let organisation = self.organisation(&record.organisation)?;
        let products = self.products(&record.products)?;
        let email = record.email.normalised();
        if let Some(member) = legacy.and_then(|legacy| self.batch.members.get(&legacy.object)) {
            if member.organisation != organisation {
                return Err(cannot_change("organisation"));
            }
            if self.people.get(&email) != Some(&member.person) {
                return Err(cannot_change("email"));
            }
        }
        let place = self.place(&record.email, organisation);
        if let Some(first_line) = self.users.get(&place.membership) {
            return Err(Verdict::Conflict(Problem::Duplicate { first_line: *first_line }));
        }
        let other = self.batch.imported_as.get(&place.membership.uuid());
        if legacy.is_none() && other.is_some_and(|other| *other != record.id) {
            return Err(Verdict::Conflict(Problem::AddressTaken { email }));
        }
        self.users.insert(place.membership, line);
        // Somebody known here already, under no id: a contact of a contract, or added by hand. What is new is added.
        let verdict = if legacy.is_some() || !place.new_membership { Verdict::Update } else { Verdict::Create };
        Ok((verdict, What::User(record, place, products)))
    }

    fn organisation(&self, id: &str) -> Result<OrganisationId, Verdict> {
        let found = self.organisations.get(id).copied();
        found.ok_or_else(|| Verdict::Reject(Problem::UnknownOrganisation { id: id.to_owned() }))
    }

    fn products(&self, keys: &[String]) -> Result<Vec<ProductId>, Verdict> {
        keys.iter()
            .map(|key| {
                let found = self.products.get(key).map(|(id, _)| *id);
                found.ok_or_else(|| Verdict::Reject(Problem::UnknownProduct { key: key.clone() }))
            })
            .collect()
    }

    /// A case or contract never changes companies by an import (invariant 13).
    fn same_owner(&self, legacy: Option<&Legacy>, organisation: OrganisationId) -> Result<(), Verdict> {
        match legacy.and_then(|legacy| self.batch.owners.get(&legacy.object)) {
            Some(owner) if *owner != organisation => Err(cannot_change("organisation")),
            _ => Ok(()),
        }
    }

    /// One address is one person, in however many companies (domain.md 3.3).
    fn place(&mut self, email: &EmailAddress, organisation: OrganisationId) -> Place {
        let services = &self.importer.services;
        let email = email.normalised();
        let known = self.people.get(&email).copied();
        let person = known.unwrap_or_else(|| services.id());
        if known.is_none() {
            self.people.insert(email, person);
            self.looked_up.insert(person);
        }
        let member = self.memberships.get(&(person, organisation)).copied();
        let (membership, state) = member.unwrap_or_else(|| (services.id(), MembershipState::Known));
        if member.is_none() {
            self.memberships.insert((person, organisation), (membership, state));
        }
        Place {
            person,
            new_person: known.is_none(),
            membership,
            new_membership: member.is_none(),
            removed: state == MembershipState::Removed,
            organisation,
        }
    }

    fn check_file(&self, path: &str) -> Result<(), Problem> {
        let missing = || Problem::MissingFile { path: path.to_owned() };
        let wrong = |error| Problem::Field { field: "files".to_owned(), error };
        let found = self.source.attached(path).ok_or_else(missing)?;
        let size = std::fs::metadata(&found).map_err(|_| missing())?.len();
        if size > MAX_FILE_BYTES {
            return Err(wrong(FieldError::TooLarge { max_bytes: MAX_FILE_BYTES }));
        }
        if size == 0 {
            return Err(wrong(FieldError::Required));
        }
        let first = first_bytes(&found).map_err(|_| missing())?;
        check_kind(&display_name(path), &first).map_err(wrong)
    }
}

/// Whether all the entries and files of a record are in the stream already.
fn says_no_more(record: &CaseRecord, stream: &KnownStream) -> bool {
    record.entries.iter().all(|entry| {
        let known = stream.find(entry);
        known.is_some_and(|known| entry.files.iter().all(|path| known.files.contains(&display_name(path))))
    })
}

fn cannot_change(field: &str) -> Verdict {
    Verdict::Conflict(Problem::CannotChange { field: field.to_owned() })
}

fn first_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
