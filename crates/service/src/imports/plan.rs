//! Deciding what each record of a batch would do. Looks the whole batch up in a handful of statements, then decides in
//! memory; keeps ids and addresses of what came before, never the records themselves.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    path::Path,
};

use domain::{
    CaseId, ContractId, Failure, FieldError, MembershipId, OrganisationId, PersonId, ProductId, ProgrammeId,
    access::{Permission, Role},
    files::{check, display_name},
    imports::{
        BadField, CaseRecord, ContactRecord, ContractRecord, FileProblem, OrganisationRecord, OtherSource, Problem,
        ProductRecord, Record, RecordKind, Remark, Remarked, RowVerdict, UserRecord, Verdict, excerpt,
    },
    people::MembershipState,
    text::EmailAddress,
};
use jiff::SignedDuration;
use store::imports::{Head, KnownStream, Legacy, Member};
use uuid::Uuid;

use super::{Importer, Source, same_body, source::Row, writes};
use crate::OrFail;

/// How far apart the days of two cases lie that have one id and are not the same.
const APART: SignedDuration = SignedDuration::from_hours(48);
/// Known keys that a report names.
const NAMED: usize = 20;

/// A record with its verdict, and what is to be written for it.
pub(super) struct Step {
    pub row: RowVerdict,
    pub act: Option<Act>,
}

/// What is to be written.
pub(super) struct Act {
    pub id: String,
    /// The system the id belongs to; empty when nobody said.
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
    /// People who work for the vendor, with their roles, among those who were asked about.
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
                    record.requestor_email.iter().chain(&record.agent).for_each(&mut email);
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
        batch.heads = self.heads(rows, &batch.legacy).await?;
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
        self.correct(rows, &batch).await?;
        let mut persons: Vec<PersonId> = Vec::new();
        let mut strangers: Vec<PersonId> = Vec::new();
        for row in rows {
            let (address, joins) = match &row.record {
                Ok(Record::Contact(record)) => (&record.email, true),
                Ok(Record::User(record)) => (&record.email, true),
                Ok(Record::Case(record)) => match &record.agent {
                    Some(agent) => (agent, false),
                    None => continue,
                },
                _ => continue,
            };
            if let Some(person) = self.people.get(&address.normalised())
                && self.asked.insert(*person)
            {
                strangers.push(*person);
            }
            if !joins {
                continue;
            }
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
        let now = self.importer.services.now();
        self.staff
            .extend(store::imports::find_staff(db, &strangers, now).await.or_fail("finding people of the vendor")?);
        let elsewhere: HashSet<Uuid> = members
            .iter()
            .filter(|member| member.state == MembershipState::Active)
            .map(|member| member.organisation.uuid())
            .collect();
        let elsewhere: Vec<Uuid> = elsewhere.into_iter().collect();
        let names =
            store::imports::find_heads(db, RecordKind::Organisation, &elsewhere).await.or_fail("finding names")?;
        for member in members {
            self.memberships.insert((member.person, member.organisation), (member.id, member.state));
            if member.state == MembershipState::Active {
                let name = names.get(&member.organisation.uuid()).map(|head| head.title.clone()).unwrap_or_default();
                self.at_work.entry(member.person).or_default().push((member.organisation, name));
            }
        }
        self.batch = batch;
        Ok(())
    }

    /// Notes which addresses the records of a batch correct: those of people who never signed in, to ones that nobody
    /// has (D5). Done before the first record is planned: a contact may stand before the user.
    async fn correct(&mut self, rows: &[Row], batch: &Lookup) -> Result<(), Failure> {
        let mut wanted: HashMap<PersonId, EmailAddress> = HashMap::new();
        for row in rows {
            let Ok(record) = &row.record else { continue };
            let Some(legacy) = batch.legacy.get(&(record.kind(), row.id.clone())) else { continue };
            let (person, email) = match record {
                Record::User(record) => match batch.members.get(&legacy.object) {
                    Some(member) => (member.person, &record.email),
                    None => continue,
                },
                Record::Contact(record) => (legacy.object.into(), &record.email),
                _ => continue,
            };
            if !self.people.contains_key(&email.normalised()) {
                wanted.entry(person).or_insert_with(|| email.clone());
            }
        }
        let persons: Vec<PersonId> = wanted.keys().copied().collect();
        let db = &self.importer.services.db;
        let standings = store::people::find_address_standings(db, &persons).await.or_fail("finding accounts")?;
        for (person, after) in wanted {
            if !standings.get(&person).copied().unwrap_or_default().is_correctable(true) {
                continue;
            }
            let before = store::people::find(db, person).await.or_fail("finding a person")?.email;
            // Two people who get one address are two rows of a file in conflict, which the second one finds.
            if let Entry::Vacant(free) = self.people.entry(after.normalised()) {
                free.insert(person);
                self.corrected.insert(person, Correction { person, before, after });
            }
        }
        Ok(())
    }

    /// The correction that a record of a known person brings.
    fn correction(&self, record: &Record, legacy: Option<&Legacy>) -> Option<Correction> {
        let legacy = legacy?;
        let (person, email) = match record {
            Record::User(record) => (self.batch.members.get(&legacy.object)?.person, &record.email),
            Record::Contact(record) => (legacy.object.into(), &record.email),
            _ => return None,
        };
        self.corrected.get(&person).filter(|found| found.after == *email).cloned()
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
        // Only those that changed are looked at entry by entry.
        for case in store::imports::find_touched(db, &changed).await.or_fail("finding cases")? {
            let stream = store::imports::find_stream(db, case, same_body).await.or_fail("reading a stream")?;
            streams.insert(case.uuid(), stream);
        }
        Ok(streams)
    }

    /// What the objects are called whose records changed.
    async fn heads(
        &self,
        rows: &[Row],
        legacy: &HashMap<(RecordKind, String), Legacy>,
    ) -> Result<HashMap<Uuid, Head>, Failure> {
        let mut changed: HashMap<RecordKind, Vec<Uuid>> = HashMap::new();
        for row in rows {
            let Ok(record) = &row.record else { continue };
            let Some(known) = legacy.get(&(record.kind(), row.id.clone())) else { continue };
            let other = record.kind() == RecordKind::Case || known.source != record.source().unwrap_or_default();
            if known.fingerprint != row.fingerprint && other {
                changed.entry(record.kind()).or_default().push(known.object);
            }
        }
        let mut heads = HashMap::new();
        for (kind, objects) in changed {
            let db = &self.importer.services.db;
            heads.extend(store::imports::find_heads(db, kind, &objects).await.or_fail("finding what is known")?);
        }
        Ok(heads)
    }

    fn step(&mut self, row: Row) -> Step {
        let Row { file, line, kind, id, record, mut remarks, fingerprint } = row;
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
                        let known_source = legacy.as_ref().map(|legacy| legacy.source.clone()).unwrap_or_default();
                        let source = record.source().map_or(known_source, ToOwned::to_owned);
                        let address = self.correction(&record, legacy.as_ref());
                        if let Some(Correction { before, after, .. }) = &address {
                            let what = Remarked::AddressCorrected { before: before.clone() };
                            remarks.push(Remark { field: "email".to_owned(), value: after.to_string(), what });
                        }
                        match self.decide(record, legacy.as_ref(), unchanged, line, &mut remarks) {
                            Err(refusal) => refusal,
                            Ok((verdict, what)) => {
                                let verdict = if unchanged { Verdict::Unchanged } else { verdict };
                                if writes(&verdict) {
                                    let fresh = verdict == Verdict::Create;
                                    let known = legacy.is_some();
                                    act =
                                        Some(Act { id: id.clone(), source, fingerprint, fresh, known, address, what });
                                }
                                verdict
                            }
                        }
                    }
                }
            }
        };
        // What nothing is done with has nothing left out.
        if !writes(&verdict) {
            remarks.clear();
        }
        Step { row: RowVerdict { file: file.into_owned(), line, kind, id, verdict, remarks }, act }
    }

    /// An id belongs to the system it came from: the same one from another system, or one that stands for a case of
    /// other days and another title, is not an update (B14).
    fn same_record(&self, record: &Record, legacy: &Legacy) -> Result<(), Verdict> {
        let Some(head) = self.batch.heads.get(&legacy.object) else { return Ok(()) };
        let source = record.source().unwrap_or_default();
        let same_title = head.title == record.title();
        let same_days = match record {
            Record::Case(case) => {
                head.opened_at.is_none_or(|opened| opened.duration_since(case.opened_at).abs() <= APART)
            }
            _ => false,
        };
        let same = match (legacy.source.as_str(), source) {
            (known, said) if known == said => same_title || same_days || !matches!(record, Record::Case(_)),
            // Only one of the two says where it comes from.
            ("", _) | (_, "") => same_title || same_days,
            _ => false,
        };
        if same {
            return Ok(());
        }
        Err(Verdict::Conflict(Problem::OtherSource(Box::new(OtherSource {
            id: excerpt(record.id()),
            known_source: legacy.source.clone(),
            known_title: excerpt(&head.title),
            source: source.to_owned(),
            title: excerpt(record.title()),
        }))))
    }

    /// Checks what a record refers to and finds or makes the ids of what it is about.
    fn decide(
        &mut self,
        record: Record,
        legacy: Option<&Legacy>,
        unchanged: bool,
        line: u64,
        remarks: &mut Vec<Remark>,
    ) -> Result<(Verdict, What), Verdict> {
        let verdict = if legacy.is_some() { Verdict::Update } else { Verdict::Create };
        if let Some(legacy) = legacy {
            self.same_record(&record, legacy)?;
        }
        let services = &self.importer.services;
        let what = match record {
            Record::Organisation(record) => {
                let programme = record.programme.as_ref().and_then(|key| {
                    let found = self.programmes.get(key).cloned();
                    if found.is_none() {
                        remarks.push(not_known("programme", key, self.programmes.keys()));
                    }
                    found
                });
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
                let products = self.some_products(&record.products, remarks)?;
                if products.is_empty() {
                    let allowed = named(self.products.keys());
                    let (field, value) = ("products".to_owned(), String::new());
                    let bad = BadField { field, value, error: FieldError::Required, allowed };
                    return Err(Verdict::Reject(Problem::Field(Box::new(bad))));
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
                self.no_stranger(&record.email, organisation, remarks)?;
                if record.kind.has_access() {
                    let place = self.place(&record.email, organisation);
                    What::Contact(record, contract, place)
                } else {
                    let (person, new_person) = self.person(&record.email);
                    What::Named(record, contract, organisation, person, new_person)
                }
            }
            Record::User(record) => return self.user(record, legacy, line, remarks),
            Record::Case(record) => return self.case(record, legacy, unchanged, remarks),
            Record::Entry(record) => return Err(Verdict::Reject(Problem::UnknownCase { id: record.case })),
        };
        Ok((verdict, what))
    }

    fn case(
        &self,
        mut record: CaseRecord,
        legacy: Option<&Legacy>,
        unchanged: bool,
        remarks: &mut Vec<Remark>,
    ) -> Result<(Verdict, What), Verdict> {
        let services = &self.importer.services;
        let organisation = self.organisation(&record.organisation)?;
        self.same_owner(legacy, organisation)?;
        let product = record.product.as_ref().and_then(|key| {
            let found = self.product(key);
            if found.is_none() {
                remarks.push(not_known("product", key, self.products.keys()));
            }
            found
        });
        record.mend_times(services.now(), remarks);
        // What was imported with its files before need not bring them again.
        if !unchanged {
            self.leave_files_out(&mut record, remarks);
        }
        let known = record
            .entries
            .iter()
            .filter_map(|entry| entry.email.as_ref())
            .chain(&record.requestor_email)
            .filter_map(|email| {
                let email = email.normalised();
                self.people.get(&email).map(|person| (email, *person))
            })
            .collect();
        let agent = record.agent.as_ref().and_then(|email| {
            let person = self.people.get(&email.normalised()).filter(|person| self.works_on_cases(**person)).copied();
            if person.is_none() {
                let value = excerpt(email.as_str());
                remarks.push(Remark { field: "agent".to_owned(), value, what: Remarked::NoAgent });
            }
            person
        });
        let id: CaseId = legacy.map_or_else(|| services.id(), |legacy| legacy.object.into());
        let nothing_new = self.batch.worked_on.get(&id.uuid()).is_some_and(|stream| says_no_more(&record, stream));
        let verdict = match legacy {
            _ if nothing_new => Verdict::Unchanged,
            Some(_) => Verdict::Update,
            None => Verdict::Create,
        };
        Ok((verdict, What::Case(Box::new(record), id, organisation, product, People { known, agent })))
    }

    /// An attachment that cannot be taken never loses its case: the entry says which one, and why (B11).
    fn leave_files_out(&self, record: &mut CaseRecord, remarks: &mut Vec<Remark>) {
        for entry in &mut record.entries {
            let mut marks = Vec::new();
            entry.files.retain(|path| match self.check_file(path) {
                Ok(()) => true,
                Err(problem) => {
                    let what = Remarked::File(problem);
                    remarks.push(Remark { field: "files".to_owned(), value: excerpt(path), what });
                    marks.push(problem.mark(&display_name(path)));
                    false
                }
            });
            if !marks.is_empty() {
                let marks = marks.join("\n");
                entry.body = if entry.body.is_empty() { marks } else { format!("{}\n\n{marks}", entry.body) };
            }
        }
    }

    /// Whether a person of the vendor has a role that works on cases.
    fn works_on_cases(&self, person: PersonId) -> bool {
        let roles = self.staff.get(&person).into_iter().flatten();
        roles.into_iter().any(|role| role.permissions().contains(&Permission::CaseWork))
    }

    /// Refuses people who work for the vendor as people of a customer (F7), and points out those who are at work in
    /// another company already (T19).
    fn no_stranger(
        &self,
        email: &EmailAddress,
        organisation: OrganisationId,
        remarks: &mut Vec<Remark>,
    ) -> Result<(), Verdict> {
        let Some(person) = self.people.get(&email.normalised()) else { return Ok(()) };
        if self.staff.contains_key(person) {
            return Err(Verdict::Conflict(Problem::VendorPerson { email: email.to_string() }));
        }
        for (_, name) in self.at_work.get(person).into_iter().flatten().filter(|(company, _)| *company != organisation)
        {
            let what = Remarked::ActiveElsewhere { organisation: name.clone() };
            remarks.push(Remark { field: "email".to_owned(), value: email.to_string(), what });
        }
        Ok(())
    }

    fn user(
        &mut self,
        record: UserRecord,
        legacy: Option<&Legacy>,
        line: u64,
        remarks: &mut Vec<Remark>,
    ) -> Result<(Verdict, What), Verdict> {
        let organisation = self.organisation(&record.organisation)?;
        let products = self.some_products(&record.products, remarks)?;
        let email = record.email.normalised();
        if let Some(member) = legacy.and_then(|legacy| self.batch.members.get(&legacy.object)) {
            if member.organisation != organisation {
                return Err(cannot_change("organisation"));
            }
            if self.people.get(&email) != Some(&member.person) {
                return Err(cannot_change("email"));
            }
        }
        self.no_stranger(&record.email, organisation, remarks)?;
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

    fn product(&self, key: &str) -> Option<ProductId> {
        let found = self.products.get(key).or_else(|| self.products.get(&key.to_lowercase()));
        found.map(|(id, _)| *id)
    }

    /// The products that are known among those a record names. A record that names products and none that is known is
    /// refused: without them it would mean every product.
    fn some_products(&self, keys: &[String], remarks: &mut Vec<Remark>) -> Result<Vec<ProductId>, Verdict> {
        let mut unknown = Vec::new();
        let mut found = Vec::new();
        for key in keys {
            match self.product(key) {
                Some(id) => found.push(id),
                None => unknown.push(key),
            }
        }
        match unknown.first() {
            Some(first) if found.is_empty() => Err(Verdict::Reject(Problem::UnknownProduct { key: excerpt(first) })),
            _ => {
                remarks.extend(unknown.into_iter().map(|key| not_known("products", key, self.products.keys())));
                Ok(found)
            }
        }
    }

    /// A case or contract never changes companies by an import (invariant 13).
    fn same_owner(&self, legacy: Option<&Legacy>, organisation: OrganisationId) -> Result<(), Verdict> {
        match legacy.and_then(|legacy| self.batch.owners.get(&legacy.object)) {
            Some(owner) if *owner != organisation => Err(cannot_change("organisation")),
            _ => Ok(()),
        }
    }

    /// One address is one person (domain.md 3.3); whether this one is new.
    fn person(&mut self, email: &EmailAddress) -> (PersonId, bool) {
        let email = email.normalised();
        if let Some(known) = self.people.get(&email) {
            return (*known, false);
        }
        let person = self.importer.services.id();
        self.people.insert(email, person);
        self.looked_up.insert(person);
        (person, true)
    }

    /// A person in a company; one person may be in several.
    fn place(&mut self, email: &EmailAddress, organisation: OrganisationId) -> Place {
        let (person, new_person) = self.person(email);
        let services = &self.importer.services;
        let member = self.memberships.get(&(person, organisation)).copied();
        let (membership, state) = member.unwrap_or_else(|| (services.id(), MembershipState::Known));
        if member.is_none() {
            self.memberships.insert((person, organisation), (membership, state));
        }
        Place {
            person,
            new_person,
            membership,
            new_membership: member.is_none(),
            removed: state == MembershipState::Removed,
            organisation,
        }
    }

    fn check_file(&self, path: &str) -> Result<(), FileProblem> {
        if path.starts_with('/') || path.split(['/', '\\']).any(|part| part == "..") {
            return Err(FileProblem::Outside);
        }
        let found = self.source.attached(path).ok_or(FileProblem::Missing)?;
        let size = std::fs::metadata(&found).map_err(|_| FileProblem::Missing)?.len();
        let first = first_bytes(&found).map_err(|_| FileProblem::Missing)?;
        check(&display_name(path), size, &first).map_err(|error| match error {
            FieldError::EmptyFile => FileProblem::Empty,
            FieldError::TooLarge { .. } => FileProblem::TooLarge,
            _ => FileProblem::Program,
        })
    }
}

/// A reference to something that is not there, with the keys that are.
fn not_known<'k>(field: &str, value: &str, known: impl Iterator<Item = &'k String>) -> Remark {
    let what = Remarked::LeftOut { error: FieldError::NotAChoice, allowed: named(known) };
    Remark { field: field.to_owned(), value: excerpt(value), what }
}

fn named<'k>(keys: impl Iterator<Item = &'k String>) -> Vec<String> {
    let mut keys: Vec<String> = keys.cloned().collect();
    keys.sort();
    keys.truncate(NAMED);
    keys
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
    std::fs::File::open(path)?.take(4096).read_to_end(&mut bytes)?;
    Ok(bytes)
}
