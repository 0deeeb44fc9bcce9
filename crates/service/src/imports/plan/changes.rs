//! What an update changes of what is stored: the dry run says it field by field, as `write` does it.

use std::collections::HashSet;

use domain::{
    CaseId, ContractId, PersonId, ProductId,
    access::Role,
    files::display_name,
    imports::{CaseRecord, Change, Changed, ContactRecord, ContractRecord, Record, UserRecord},
    locale::Locale,
    text::PhoneNumber,
};
use store::imports::KnownStream;

use super::{People, Place, Planner, What};

impl Planner<'_> {
    /// The name that the product of a record has now.
    pub(super) fn product_called(&self, record: &Record) -> Option<String> {
        match record {
            Record::Product(record) => self.products.get(&record.key).map(|(_, name)| name.clone()),
            _ => None,
        }
    }

    /// `called` is the name of a product before.
    pub(super) fn changes(&self, what: &What, called: Option<&str>) -> Vec<Change> {
        let known = &self.batch.known;
        match what {
            What::Organisation(record, id, programme) => {
                let Some(known) = known.organisations.get(id) else { return Vec::new() };
                let enrols = programme.is_some() && !self.batch.enrolled.contains_key(id);
                let programme = record.programme.as_deref().filter(|_| enrols).unwrap_or_default();
                only([
                    Change::of("name", &known.name, &record.name),
                    Change::of("region", &known.region, &record.region),
                    Change::of("programme", "", programme),
                ])
            }
            What::Product(record, _) => only([Change::of("name", called.unwrap_or_default(), &record.name)]),
            What::Contract(record, id, _, products) => self.contract_changes(record, *id, products),
            What::Contact(record, contract, place) => {
                self.contact_changes(record, *contract, place.person, Some(place))
            }
            What::Named(record, contract, _, person, _) => self.contact_changes(record, *contract, *person, None),
            What::User(record, place, products) => self.user_changes(record, place, products),
            What::Case(record, id, _, product, people) => self.case_changes(record, *id, *product, people),
        }
    }

    fn contract_changes(&self, record: &ContractRecord, id: ContractId, products: &[ProductId]) -> Vec<Change> {
        let Some(known) = self.batch.known.contracts.get(&id) else { return Vec::new() };
        let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string()).unwrap_or_default();
        // Products are only added.
        let products = known.products.iter().chain(products).copied().collect();
        only([
            Change::of("number", &known.number, &record.number),
            Change::of("plan", &known.plan, &record.plan),
            Change::of("starts_on", known.starts_on.as_deref().unwrap_or_default(), &day(record.starts_on)),
            Change::of("ends_on", known.ends_on.as_deref().unwrap_or_default(), &day(record.ends_on)),
            Change::of("products", &self.keys(&known.products), &self.keys(&products)),
        ])
    }

    /// `place` is that of a contact who gets access.
    fn contact_changes(
        &self,
        record: &ContactRecord,
        contract: ContractId,
        person: PersonId,
        place: Option<&Place>,
    ) -> Vec<Change> {
        let Some(known) = self.batch.known.people.get(&person) else { return above() };
        let name = Change::of_owned("name", &known.name, record.name.as_str(), known.signed_in);
        let named = self.batch.known.contacts.contains(&(contract, person, record.kind));
        let contact = if named { "" } else { record.kind.key() };
        let mut changes = only([name, Change::of("kind", "", contact)]);
        changes.extend(self.contact_facts(person, record.phone.as_ref(), record.locale));
        if let Some(place) = place {
            if place.removed {
                changes.push(Change { field: "organisation".to_owned(), what: Changed::StaysOut });
            } else if !self.holds(place, &[Role::ContractContact]) {
                changes.extend(Change::of("role", "", Role::ContractContact.key()));
            }
        }
        changes
    }

    /// Phone and language change when the record says them.
    fn contact_facts(&self, person: PersonId, phone: Option<&PhoneNumber>, locale: Option<Locale>) -> Vec<Change> {
        let Some(known) = self.batch.known.people.get(&person) else { return Vec::new() };
        let here = (known.phone.as_deref().unwrap_or_default(), known.locale.map_or("", Locale::key));
        let phone = phone.and_then(|phone| Change::of_owned("phone", here.0, phone.as_str(), known.signed_in));
        let locale = locale.and_then(|locale| Change::of_owned("locale", here.1, locale.key(), known.signed_in));
        only([phone, locale])
    }

    fn user_changes(&self, record: &UserRecord, place: &Place, products: &[ProductId]) -> Vec<Change> {
        let Some(member) = self.batch.members.get(&place.membership.uuid()) else { return above() };
        let mut changes = only([Change::of_owned("name", &member.name, record.name.as_str(), member.came_in)]);
        changes.extend(self.contact_facts(place.person, record.phone.as_ref(), record.locale));
        if place.removed {
            changes.push(Change { field: "organisation".to_owned(), what: Changed::StaysOut });
        } else if record.admin {
            if !self.holds(place, &[Role::SupportSystemAdmin]) {
                changes.extend(Change::of("role", "", Role::SupportSystemAdmin.key()));
            }
        } else {
            changes.extend(self.role_changes(record, place, products));
        }
        changes
    }

    /// The role that an import gave follows the record; one that people gave or took away stays.
    fn role_changes(&self, record: &UserRecord, place: &Place, products: &[ProductId]) -> Vec<Change> {
        let role = if products.is_empty() { Role::SupportUser } else { Role::ProductSupportUser };
        let grants = self.batch.known.grants.get(&(place.person, place.organisation));
        let given = grants.into_iter().flatten().find(|held| {
            held.imported && !held.revoked && matches!(held.role, Role::SupportUser | Role::ProductSupportUser)
        });
        let held = self.holds(place, &[role]);
        match given {
            None if held => Vec::new(),
            None => only([Change::of("role", "", role.key())]),
            Some(before) if before.role != role && held => Vec::new(),
            Some(before) => {
                let products = products.iter().copied().collect();
                only([
                    Change::of("role", before.role.key(), role.key()),
                    Change::of("reach", before.reach.key(), record.reach.key()),
                    Change::of("products", &self.keys(&before.products), &self.keys(&products)),
                ])
            }
        }
    }

    /// Whether the person holds, or held, one of the roles in the company.
    fn holds(&self, place: &Place, roles: &[Role]) -> bool {
        let grants = self.batch.known.grants.get(&(place.person, place.organisation));
        grants.into_iter().flatten().any(|held| roles.contains(&held.role))
    }

    fn case_changes(
        &self,
        record: &CaseRecord,
        id: CaseId,
        product: Option<ProductId>,
        people: &People,
    ) -> Vec<Change> {
        let Some(known) = self.batch.known.cases.get(&id) else { return Vec::new() };
        let stream = self.batch.streams.get(&id);
        let (entries, files) = missing(record, stream);
        let added = only([Change::added("entries", entries), Change::added("files", files)]);
        if stream.is_some_and(|stream| stream.touched) {
            let worked_on = Change { field: "status".to_owned(), what: Changed::WorkedOn };
            return [vec![worked_on], added].concat();
        }
        let key = |product: Option<ProductId>| self.keys(&product.into_iter().collect());
        let email = |person: Option<PersonId>| {
            person.and_then(|person| self.batch.known.emails.get(&person)).map_or("", String::as_str)
        };
        let tied = record.requestor_email.as_ref().filter(|email| people.known.contains_key(&email.normalised()));
        let agent = record.agent.as_ref().filter(|_| people.agent.is_some());
        let status = record.status(people.agent.is_some());
        let time = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let mut changes = only([
            Change::of("title", &known.title, record.title.as_str()),
            Change::of("number", &known.number, &record.number),
            Change::of("source", &known.source, record.source.as_deref().unwrap_or_default()),
            Change::of("product", &key(known.product), &key(product)),
            Change::of("requestor", &known.requestor, record.requestor.as_str()),
            Change::of("requestor_email", email(known.requestor_id), tied.map_or("", |email| email.as_str())),
            Change::of("status", known.status.map_or("", |status| status.key()), status.key()),
            Change::of("agent", email(known.agent), agent.map_or("", |email| email.as_str())),
            Change::of("priority", known.priority.map_or("", |priority| priority.key()), record.priority.key()),
            Change::of("impact", known.impact.map_or("", |i| i.key()), record.impact.map_or("", |i| i.key())),
            Change::of("opened_at", &known.opened_at.to_string(), &record.opened_at.to_string()),
            Change::of("closed_at", &time(known.closed_at), &time(record.closed_at())),
        ]);
        // With a new entry the case is as new as that.
        if added.is_empty() {
            changes.extend(Change::of("updated_at", &known.updated_at.to_string(), &record.updated_at.to_string()));
        }
        changes.extend(added);
        changes
    }

    /// The keys of products as a record lists them; empty is none, or for a role every one.
    fn keys(&self, products: &HashSet<ProductId>) -> String {
        let mut keys: Vec<&str> =
            self.products.iter().filter(|(_, (id, _))| products.contains(id)).map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        keys.join("|")
    }
}

fn only<const N: usize>(changes: [Option<Change>; N]) -> Vec<Change> {
    changes.into_iter().flatten().collect()
}

/// A person whom a record above brings: nothing is stored yet that could change.
fn above() -> Vec<Change> {
    vec![Change { field: "email".to_owned(), what: Changed::Above }]
}

/// How many entries of a record, and how many of their files, are not in the stream.
pub(super) fn missing(record: &CaseRecord, stream: Option<&KnownStream>) -> (usize, usize) {
    let (mut entries, mut files) = (0, 0);
    for entry in &record.entries {
        match stream.and_then(|stream| stream.find(entry)) {
            None => {
                entries += 1;
                files += entry.files.len();
            }
            Some(there) => {
                files += entry.files.iter().filter(|path| !there.files.contains(&display_name(path))).count()
            }
        }
    }
    (entries, files)
}
