//! What the database knows of the records of a batch, in a handful of statements.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use domain::{
    CaseId, ContractId, Failure, OrganisationId, PersonId,
    imports::{Record, RecordKind},
    people::MembershipState,
    text::EmailAddress,
};
use store::imports::{Head, Legacy};
use uuid::Uuid;

use super::{
    super::{same_body, source::Row},
    Correction, Lookup, Planner,
};
use crate::OrFail;

impl Planner<'_> {
    pub(super) async fn look_up(&mut self, rows: &[Row]) -> Result<(), Failure> {
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
        self.know(rows, &mut batch).await?;
        self.batch = batch;
        Ok(())
    }

    /// Reads what is stored of the objects whose records say something else than last time.
    async fn know(&self, rows: &[Row], batch: &mut Lookup) -> Result<(), Failure> {
        let (mut organisations, mut contracts, mut cases): (Vec<OrganisationId>, Vec<ContractId>, Vec<CaseId>) =
            Default::default();
        let (mut persons, mut members): (HashSet<PersonId>, HashSet<Uuid>) = Default::default();
        for row in rows {
            let Ok(record) = &row.record else { continue };
            let legacy = batch.legacy.get(&(record.kind(), row.id.clone()));
            if legacy.is_some_and(|legacy| legacy.fingerprint == row.fingerprint) {
                continue;
            }
            match (record, legacy) {
                (Record::Organisation(_), Some(legacy)) => organisations.push(legacy.object.into()),
                (Record::Contract(_), Some(legacy)) => contracts.push(legacy.object.into()),
                (Record::Case(_), Some(legacy)) => cases.push(legacy.object.into()),
                (Record::Contact(record), _) => persons.extend(self.people.get(&record.email.normalised())),
                (Record::User(record), _) => {
                    let Some(person) = self.people.get(&record.email.normalised()) else { continue };
                    let company = self.organisations.get(&record.organisation);
                    let member = company.and_then(|company| self.memberships.get(&(*person, *company)));
                    members.extend(member.map(|(id, _)| id.uuid()));
                    persons.insert(*person);
                }
                _ => {}
            }
        }
        let (persons, members): (Vec<PersonId>, Vec<Uuid>) =
            (persons.into_iter().collect(), members.into_iter().collect());
        let (db, now) = (&self.importer.services.db, self.importer.services.now());
        let known = &mut batch.known;
        known.organisations =
            store::imports::find_known_organisations(db, &organisations).await.or_fail("finding companies")?;
        known.contracts = store::imports::find_known_contracts(db, &contracts).await.or_fail("finding contracts")?;
        known.people = store::imports::find_known_people(db, &persons).await.or_fail("finding people")?;
        known.contacts = store::imports::find_known_contacts(db, &persons).await.or_fail("finding contacts")?;
        for grant in store::imports::list_grants(db, &persons, now).await.or_fail("listing roles")? {
            known.grants.entry((grant.person, grant.organisation)).or_default().push(grant);
        }
        known.cases = store::imports::find_known_cases(db, &cases).await.or_fail("finding cases")?;
        let named: Vec<PersonId> =
            known.cases.values().flat_map(|case| [case.agent, case.requestor_id]).flatten().collect();
        known.emails = store::people::find_emails(db, &named).await.or_fail("finding addresses")?;
        batch.members.extend(store::imports::find_memberships(db, &members).await.or_fail("finding members")?);
        batch.streams = store::imports::find_streams(db, &cases, same_body).await.or_fail("reading streams")?;
        Ok(())
    }

    /// Notes which addresses the records of a batch correct: only those of people who never signed in, and only to
    /// addresses that no account has (D5). Done before the first record is planned: a contact may stand before the user.
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
    pub(super) fn correction(&self, record: &Record, legacy: Option<&Legacy>) -> Option<Correction> {
        let legacy = legacy?;
        let (person, email) = match record {
            Record::User(record) => (self.batch.members.get(&legacy.object)?.person, &record.email),
            Record::Contact(record) => (legacy.object.into(), &record.email),
            _ => return None,
        };
        self.corrected.get(&person).filter(|found| found.after == *email).cloned()
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
}
