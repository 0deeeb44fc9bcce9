//! What a record of a company, a product, a contract or a person would do.

use domain::{
    FieldError, OrganisationId, PersonId, ProductId,
    imports::{BadField, OtherSource, Problem, Record, Remark, Remarked, UserRecord, Verdict, excerpt},
    people::MembershipState,
    text::{EmailAddress, is_at},
};
use jiff::SignedDuration;
use store::imports::Legacy;

use super::{Place, Planner, What, duplicate};

/// How far apart the days of two cases lie that have one id and are not the same.
const APART: SignedDuration = SignedDuration::from_hours(48);
/// Known keys that a report names.
const NAMED: usize = 20;

impl Planner<'_> {
    /// Checks what a record refers to and finds or makes the ids of what it is about.
    pub(super) fn decide(
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
                    return Err(cannot_change("programme", record.programme.as_deref().unwrap_or_default()));
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
                self.same_owner(legacy, organisation, &record.organisation)?;
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
                    return Err(cannot_change("email", record.email.as_str()));
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
                return Err(cannot_change("organisation", &record.organisation));
            }
            if self.people.get(&email) != Some(&member.person) {
                return Err(cannot_change("email", record.email.as_str()));
            }
        }
        self.no_stranger(&record.email, organisation, remarks)?;
        let place = self.place(&record.email, organisation);
        if let Some(first_line) = self.users.get(&place.membership) {
            return Err(duplicate(*first_line, "email", record.email.as_str()));
        }
        let other = self.batch.imported_as.get(&place.membership.uuid());
        if legacy.is_none() && other.is_some_and(|other| *other != record.id) {
            return Err(Verdict::Conflict(Problem::AddressTaken { email }));
        }
        self.users.insert(place.membership, line);
        // A person already known here under no id: a contact of a contract, or added by hand. What is new is added.
        let verdict = if legacy.is_some() || !place.new_membership { Verdict::Update } else { Verdict::Create };
        Ok((verdict, What::User(record, place, products)))
    }

    /// Refuses people who work for the vendor as people of a customer (F7), and points out people who are already at work
    /// in another company (T19).
    fn no_stranger(
        &self,
        email: &EmailAddress,
        organisation: OrganisationId,
        remarks: &mut Vec<Remark>,
    ) -> Result<(), Verdict> {
        let theirs = || Err(Verdict::Conflict(Problem::VendorPerson { email: email.to_string() }));
        if is_at(email.as_str(), &self.importer.services.settings.vendor_domains) {
            return theirs();
        }
        let Some(person) = self.people.get(&email.normalised()) else { return Ok(()) };
        if self.staff.contains_key(person) {
            return theirs();
        }
        for (_, name) in self.at_work.get(person).into_iter().flatten().filter(|(company, _)| *company != organisation)
        {
            let what = Remarked::ActiveElsewhere { organisation: name.clone() };
            remarks.push(Remark { field: "email".to_owned(), value: email.to_string(), what });
        }
        Ok(())
    }

    pub(super) fn organisation(&self, id: &str) -> Result<OrganisationId, Verdict> {
        let found = self.organisations.get(id).copied();
        found.ok_or_else(|| Verdict::Reject(Problem::UnknownOrganisation { id: id.to_owned() }))
    }

    pub(super) fn product(&self, key: &str) -> Option<ProductId> {
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
    pub(super) fn same_owner(
        &self,
        legacy: Option<&Legacy>,
        organisation: OrganisationId,
        said: &str,
    ) -> Result<(), Verdict> {
        match legacy.and_then(|legacy| self.batch.owners.get(&legacy.object)) {
            Some(owner) if *owner != organisation => Err(cannot_change("organisation", said)),
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
}

/// A reference to something that is not there, with the keys that are.
pub(super) fn not_known<'k>(field: &str, value: &str, known: impl Iterator<Item = &'k String>) -> Remark {
    let what = Remarked::LeftOut { error: FieldError::NotAChoice, allowed: named(known) };
    Remark { field: field.to_owned(), value: excerpt(value), what }
}

fn named<'k>(keys: impl Iterator<Item = &'k String>) -> Vec<String> {
    let mut keys: Vec<String> = keys.cloned().collect();
    keys.sort();
    keys.truncate(NAMED);
    keys
}

fn cannot_change(field: &str, said: &str) -> Verdict {
    Verdict::Conflict(Problem::CannotChange { field: field.to_owned(), value: excerpt(said) })
}
