//! Writing one batch: many rows a statement, one event an object, one transaction.

use std::collections::{HashMap, HashSet};

use domain::{
    CaseId, ContractId, EnrolmentId, EntryId, Failure, ImportId, OrganisationId, PersonId, ProductId, ProgrammeId,
    access::{Reach, Role},
    audit::{NewEvent, Verb},
    cases::CaseNumber,
    contracts::AdminReason,
    failure::Conflict,
    files::display_name,
    imports::{CaseRecord, ContactRecord, EntryRecord, RecordKind},
    locale::Locale,
    rollout::Phase,
    text::{EmailAddress, PersonName, PhoneNumber},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::imports::{
    Bulk, CaseLine, ContractLine, EntryLine, FileLine, GrantLine, HeldGrant, ImportTx, LegacyLine, MembershipLine,
    OrganisationLine, PersonLine, ProductLine,
};
use uuid::Uuid;

use super::{
    Importer, Source,
    plan::{Act, Correction, People, Place, What},
    same_body,
};
use crate::{OrFail, fault, files::media_type, people::Candidates};

/// A file whose bytes are stored; its row comes with the entry.
struct Kept {
    name: String,
    media_type: &'static str,
    size: u64,
    sha256: [u8; 32],
}

pub(super) async fn write(
    importer: &Importer,
    source: &Source,
    import: ImportId,
    acts: Vec<Act>,
) -> Result<(), Failure> {
    if acts.is_empty() {
        return Ok(());
    }
    // Before the transaction: bytes lie under their hash, whether rows follow or not.
    let kept = keep_files(importer, source, &acts).await?;
    let services = &importer.services;
    let tx = store::imports::begin(&services.db).await.or_fail("beginning a transaction")?;
    let lease = store::imports::find_lease(&tx).await.or_fail("asking for the lease of imports")?;
    if lease.is_none_or(|(holder, _)| holder != import) {
        return Err(Failure::Conflict(Conflict::ImportOvertaken));
    }
    let mut writer = Writer {
        importer,
        import,
        tx,
        now: services.now(),
        kept,
        bulk: Bulk::default(),
        events: Vec::new(),
        roles: Roles::default(),
        cases: Vec::new(),
    };
    writer.know_roles(&acts).await?;
    for act in acts {
        writer.act(act).await?;
    }
    writer.number_cases().await?;
    let bulk = std::mem::take(&mut writer.bulk);
    store::imports::insert(&writer.tx, &importer.granted, bulk, writer.now)
        .await
        .or_conflict("importing", Conflict::ImportOvertaken)?;
    writer.make_admins().await?;
    let Writer { tx, events, .. } = writer;
    if let Some(seq) = tx.commit(events).await.or_fail("committing an import")? {
        services.bus.publish(seq);
    }
    Ok(())
}

async fn keep_files(importer: &Importer, source: &Source, acts: &[Act]) -> Result<HashMap<String, Kept>, Failure> {
    let mut kept = HashMap::new();
    for act in acts {
        let What::Case(record, ..) = &act.what else { continue };
        for path in record.entries.iter().flat_map(|entry| &entry.files) {
            if kept.contains_key(path) {
                continue;
            }
            let found = source.attached(path).ok_or(Failure::NotFound)?;
            let bytes = tokio::fs::read(found).await.map_err(|error| fault("reading a file to import", &error))?;
            let sha256: [u8; 32] = Sha256::digest(&bytes).into();
            let file =
                Kept { name: display_name(path), media_type: media_type(&bytes), size: bytes.len() as u64, sha256 };
            importer.services.files.put(&sha256, bytes).await?;
            kept.insert(path.clone(), file);
        }
    }
    Ok(kept)
}

/// Who holds which role already, and who is to become an administrator and why.
#[derive(Default)]
struct Roles {
    held: HashMap<(PersonId, OrganisationId, Role), HeldGrant>,
    given: HashSet<(PersonId, OrganisationId, Role)>,
    admins: Candidates,
    /// Companies that join a programme, or whose contracts or contacts change: rule B is asked about them.
    companies: HashSet<OrganisationId>,
}

struct Writer<'a> {
    importer: &'a Importer,
    import: ImportId,
    tx: ImportTx,
    now: Timestamp,
    kept: HashMap<String, Kept>,
    bulk: Bulk,
    events: Vec<NewEvent>,
    roles: Roles,
    /// New cases, waiting for their numbers.
    cases: Vec<(Box<CaseRecord>, CaseLine)>,
}

impl Writer<'_> {
    fn id<T: From<Uuid>>(&self) -> T {
        self.importer.services.id()
    }

    async fn know_roles(&mut self, acts: &[Act]) -> Result<(), Failure> {
        let persons: HashSet<PersonId> = acts
            .iter()
            .filter_map(|act| match &act.what {
                What::Contact(_, _, place) | What::User(_, place, _) => Some(place),
                _ => None,
            })
            .filter(|place| !place.new_person)
            .map(|place| place.person)
            .collect();
        let persons: Vec<PersonId> = persons.into_iter().collect();
        for grant in store::imports::list_grants(&self.tx, &persons, self.now).await.or_fail("listing roles")? {
            let key = (grant.person, grant.organisation, grant.role);
            // A standing one counts more than one that was taken away.
            let standing = self.roles.held.get(&key).is_some_and(|known| !known.revoked);
            if !standing {
                self.roles.held.insert(key, grant);
            }
        }
        Ok(())
    }

    fn event(
        &mut self,
        verb: Verb,
        organisation: Option<OrganisationId>,
        (kind, object): (&'static str, String),
        case: Option<CaseId>,
        mut detail: Value,
    ) {
        if let Value::Object(detail) = &mut detail {
            detail.insert("import".to_owned(), json!(self.import));
        }
        self.events.push(NewEvent {
            id: self.id(),
            at: self.now,
            actor: self.importer.granted.actor(),
            organisation,
            verb,
            object_kind: kind,
            object,
            case,
            internal: false,
            detail,
            request: self.importer.request,
        });
    }

    async fn act(&mut self, act: Act) -> Result<(), Failure> {
        let Act { id, source, fingerprint, fresh, known, address, what } = act;
        let granted = &self.importer.granted;
        let mut detail = json!({ "legacy_id": id, "created": fresh });
        if let Some(Correction { person, before, after }) = address {
            store::imports::correct_address(&self.tx, granted, person, after.as_str(), &after.normalised())
                .await
                .or_conflict("correcting an address", Conflict::ImportOvertaken)?;
            if let Value::Object(detail) = &mut detail {
                detail.insert("email".to_owned(), json!({ "before": before, "after": after }));
            }
        }
        let (kind, object) = match what {
            What::Organisation(record, organisation, programme) => {
                if fresh {
                    let line = OrganisationLine { id: organisation, name: record.name, region: record.region };
                    self.bulk.organisations.push(line);
                } else {
                    store::imports::update_organisation(&self.tx, granted, organisation, &record.name, &record.region)
                        .await
                        .or_fail("correcting a company")?;
                }
                let object = ("organisation", organisation.to_string());
                self.event(Verb::OrganisationImported, Some(organisation), object, None, detail);
                if let Some((programme, name)) = programme {
                    self.enrol(organisation, fresh, programme, name).await?;
                }
                (RecordKind::Organisation, organisation.uuid())
            }
            What::Product(record, product) => {
                if fresh {
                    self.bulk.products.push(ProductLine { id: product, key: record.key, name: record.name });
                } else {
                    store::imports::update_product(&self.tx, granted, product, &record.name)
                        .await
                        .or_fail("correcting a product")?;
                }
                self.event(Verb::ProductImported, None, ("product", product.to_string()), None, detail);
                return Ok(());
            }
            What::Contract(record, contract, organisation, products) => {
                let line = ContractLine {
                    id: contract,
                    organisation,
                    number: record.number,
                    plan: record.plan,
                    starts_on: record.starts_on,
                    ends_on: record.ends_on,
                    products,
                };
                if fresh {
                    self.bulk.contracts.push(line);
                } else {
                    store::imports::update_contract(&self.tx, granted, &line).await.or_fail("correcting a contract")?;
                    // Another product may make its deployment contacts administrators.
                    self.roles.companies.insert(organisation);
                }
                let object = ("contract", contract.to_string());
                self.event(Verb::ContractImported, Some(organisation), object, None, detail);
                (RecordKind::Contract, contract.uuid())
            }
            What::Contact(record, contract, place) => {
                self.person(&place, &record.name, &record.email, record.phone.as_ref(), record.locale, fresh).await?;
                self.bulk.contacts.push((contract, place.person, record.kind));
                if !place.removed {
                    self.grant(&place, Role::ContractContact, Reach::Own, Vec::new());
                    self.roles.companies.insert(place.organisation);
                }
                self.contact_event(detail, contract, &record, place.person, place.organisation);
                (RecordKind::Contact, place.person.uuid())
            }
            // Named in the contract, and nothing else: no membership, no role, no invitation (D7).
            What::Named(record, contract, organisation, person, new) => {
                let known = (person, organisation, new);
                self.facts(known, &record.name, &record.email, record.phone.as_ref(), record.locale, fresh).await?;
                self.bulk.contacts.push((contract, person, record.kind));
                self.contact_event(detail, contract, &record, person, organisation);
                (RecordKind::Contact, person.uuid())
            }
            What::User(record, place, products) => {
                self.person(&place, &record.name, &record.email, record.phone.as_ref(), record.locale, fresh).await?;
                if place.removed {
                    // Somebody took this person out by hand; an import does not bring them back.
                } else if record.admin {
                    let reason = AdminReason::KnownAdmin { record: record.record.unwrap_or_else(|| id.clone()) };
                    self.roles.admins.add(place.person, place.organisation, reason);
                } else {
                    self.support_role(&place, record.reach, products).await?;
                }
                let object = ("person", place.person.to_string());
                self.event(Verb::PersonImported, Some(place.organisation), object, None, detail);
                (RecordKind::User, place.membership.uuid())
            }
            What::Case(record, case, organisation, product, people) => {
                self.case(record, case, organisation, product, &people, fresh).await?;
                let detail = json!({ "legacy_id": id, "created": fresh });
                self.event(Verb::CaseImported, Some(organisation), ("case", case.to_string()), Some(case), detail);
                (RecordKind::Case, case.uuid())
            }
        };
        self.bulk.legacy.push(LegacyLine { kind, id, source, object, fingerprint, known });
        Ok(())
    }

    fn contact_event(
        &mut self,
        mut detail: Value,
        contract: ContractId,
        record: &ContactRecord,
        person: PersonId,
        organisation: OrganisationId,
    ) {
        if let Value::Object(detail) = &mut detail {
            detail.insert("contract".to_owned(), json!(contract));
            detail.insert("contact".to_owned(), json!(record.kind));
        }
        self.event(Verb::PersonImported, Some(organisation), ("person", person.to_string()), None, detail);
    }

    /// Puts a company into a programme, unless it is in one.
    async fn enrol(
        &mut self,
        organisation: OrganisationId,
        fresh: bool,
        programme: ProgrammeId,
        name: String,
    ) -> Result<(), Failure> {
        let present = store::rollout::find_enrolment(&self.tx, organisation).await.or_fail("finding an enrolment")?;
        if present.is_some() {
            return Ok(());
        }
        let at_work =
            !fresh && store::people::has_active(&self.tx, organisation).await.or_fail("looking for members")?;
        let id: EnrolmentId = self.id();
        self.bulk.enrolments.push((id, programme, organisation, Phase::at_entry(at_work)));
        self.roles.companies.insert(organisation);
        let object = ("enrolment", id.to_string());
        self.event(Verb::EnrolmentCreated, Some(organisation), object, None, json!({ "programme": name }));
        Ok(())
    }

    async fn correct_person(
        &self,
        (person, company): (PersonId, OrganisationId),
        name: &PersonName,
        phone: Option<&PhoneNumber>,
        locale: Option<Locale>,
    ) -> Result<(), Failure> {
        let (granted, phone) = (&self.importer.granted, phone.map(PhoneNumber::as_str));
        store::imports::update_person(&self.tx, granted, person, company, name.as_str(), phone, locale)
            .await
            .or_fail("correcting a person")
    }

    /// A person who is new, and whether they are; what is known of a person is corrected by a record that is not the
    /// first about them.
    async fn facts(
        &mut self,
        (person, organisation, new): (PersonId, OrganisationId, bool),
        name: &PersonName,
        email: &EmailAddress,
        phone: Option<&PhoneNumber>,
        locale: Option<Locale>,
        fresh: bool,
    ) -> Result<(), Failure> {
        if new {
            self.bulk.people.push(PersonLine {
                id: person,
                name: name.to_string(),
                email: email.to_string(),
                normalised: email.normalised(),
                phone: phone.map(ToString::to_string),
                locale,
            });
        } else if !fresh {
            match self.bulk.people.iter_mut().find(|line| line.id == person) {
                // Another record of this batch brought them: their row is not written yet.
                Some(line) => {
                    line.name = name.to_string();
                    line.phone = phone.map(ToString::to_string).or_else(|| line.phone.take());
                    line.locale = locale.or(line.locale);
                }
                None => self.correct_person((person, organisation), name, phone, locale).await?,
            }
        }
        Ok(())
    }

    /// A person and a membership, each when it is new.
    async fn person(
        &mut self,
        place: &Place,
        name: &PersonName,
        email: &EmailAddress,
        phone: Option<&PhoneNumber>,
        locale: Option<Locale>,
        fresh: bool,
    ) -> Result<(), Failure> {
        self.facts((place.person, place.organisation, place.new_person), name, email, phone, locale, fresh).await?;
        if !place.new_person && !fresh {
            let pending = |line: &&mut MembershipLine| line.id == place.membership;
            if let Some(line) = self.bulk.memberships.iter_mut().find(pending) {
                line.name = name.to_string();
            }
        }
        if place.new_membership {
            self.bulk.memberships.push(MembershipLine {
                id: place.membership,
                person: place.person,
                organisation: place.organisation,
                name: name.to_string(),
            });
        }
        Ok(())
    }

    /// Gives somebody the role of a user, or changes the one that an import gave; a role that people gave or took away
    /// stays as it is.
    async fn support_role(&mut self, place: &Place, reach: Reach, products: Vec<ProductId>) -> Result<(), Failure> {
        let role = if products.is_empty() { Role::SupportUser } else { Role::ProductSupportUser };
        let key = |role| (place.person, place.organisation, role);
        let given = [Role::SupportUser, Role::ProductSupportUser]
            .into_iter()
            .filter_map(|role| self.roles.held.get(&key(role)))
            .find(|held| held.imported && !held.revoked)
            .cloned();
        let Some(before) = given else {
            self.grant(place, role, reach, products);
            return Ok(());
        };
        let products: HashSet<ProductId> = products.into_iter().collect();
        let same = (before.role, before.reach, &before.products) == (role, reach, &products);
        if same || (before.role != role && self.roles.held.contains_key(&key(role))) {
            return Ok(());
        }
        store::imports::update_grant(&self.tx, &self.importer.granted, before.id, role, reach, &products)
            .await
            .or_fail("changing a role")?;
        let side = |role: Role, reach: Reach, products: &HashSet<ProductId>| json!({ "grant": before.id, "role": role, "reach": reach, "products": products });
        let detail = json!({
            "role": role,
            "before": [side(before.role, before.reach, &before.products)],
            "after": side(role, reach, &products),
        });
        let object = ("person", place.person.to_string());
        self.event(Verb::RoleGranted, Some(place.organisation), object, None, detail);
        Ok(())
    }

    /// Gives a role unless it is held, or was held and taken away.
    fn grant(&mut self, place: &Place, role: Role, reach: Reach, products: Vec<ProductId>) {
        let key = (place.person, place.organisation, role);
        if self.roles.held.contains_key(&key) || !self.roles.given.insert(key) {
            return;
        }
        self.bulk.grants.push(GrantLine {
            id: self.id(),
            person: place.person,
            organisation: place.organisation,
            role,
            reach,
            products,
            reasons: Vec::new(),
        });
    }

    async fn case(
        &mut self,
        record: Box<CaseRecord>,
        case: CaseId,
        organisation: OrganisationId,
        product: Option<ProductId>,
        people: &People,
        fresh: bool,
    ) -> Result<(), Failure> {
        let person = |email: &Option<EmailAddress>| {
            email.as_ref().and_then(|email| people.known.get(&email.normalised())).copied()
        };
        let line = CaseLine {
            id: case,
            // The number comes when all of the batch are known.
            number: CaseNumber::new("", 0),
            legacy_number: record.number.clone(),
            legacy_source: record.source.clone(),
            organisation,
            product,
            requestor: person(&record.requestor_email),
            requestor_name: record.requestor.to_string(),
            title: record.title.to_string(),
            agent: people.agent,
            status: record.status(people.agent.is_some()),
            priority: record.priority,
            impact: record.impact,
            opened_at: record.opened_at,
            updated_at: record.updated_at,
            closed_at: record.closed_at(),
        };
        let known = if fresh {
            store::imports::KnownStream::default()
        } else {
            store::imports::find_stream(&self.tx, case, same_body).await.or_fail("reading a stream")?
        };
        for entry in &record.entries {
            match known.find(entry) {
                None => self.entry(case, entry, person(&entry.email)),
                Some(there) => {
                    let missing = entry.files.iter().filter(|path| !there.files.contains(&display_name(path)));
                    self.files(case, there.id, entry.at, person(&entry.email), missing);
                }
            }
        }
        if fresh {
            self.cases.push((record, line));
        } else if !known.touched {
            store::imports::update_case(&self.tx, &self.importer.granted, &line).await.or_fail("moving a case")?;
        }
        Ok(())
    }

    fn entry(&mut self, case: CaseId, entry: &EntryRecord, author: Option<PersonId>) {
        let id: EntryId = self.id();
        self.bulk.entries.push(EntryLine {
            id,
            case,
            internal: entry.internal,
            side: entry.side,
            author,
            author_name: entry.author.to_string(),
            body: entry.body.clone(),
            at: entry.at,
        });
        self.files(case, id, entry.at, author, entry.files.iter());
    }

    fn files<'f>(
        &mut self,
        case: CaseId,
        entry: EntryId,
        at: Timestamp,
        uploader: Option<PersonId>,
        paths: impl Iterator<Item = &'f String>,
    ) {
        for path in paths {
            let Some(kept) = self.kept.get(path) else { continue };
            self.bulk.files.push(FileLine {
                id: self.importer.services.id(),
                case,
                entry,
                uploader,
                name: kept.name.clone(),
                media_type: kept.media_type.to_owned(),
                size: kept.size,
                sha256: kept.sha256,
                at,
            });
        }
    }

    /// Numbers new cases in the order of the source; old number and title make them findable.
    async fn number_cases(&mut self) -> Result<(), Failure> {
        let cases = std::mem::take(&mut self.cases);
        if cases.is_empty() {
            return Ok(());
        }
        let prefix = &self.importer.services.settings.case_prefix;
        let count = i64::try_from(cases.len()).unwrap_or(i64::MAX);
        let mut next = store::imports::take_numbers(&self.tx, prefix, count).await.or_fail("numbering cases")?;
        for (_, mut line) in cases {
            line.number = CaseNumber::new(prefix, next);
            next += 1;
            self.bulk.cases.push(line);
        }
        Ok(())
    }

    /// Rules A and B (R13-R15), with an event for each.
    async fn make_admins(&mut self) -> Result<(), Failure> {
        let Roles { mut admins, companies, .. } = std::mem::take(&mut self.roles);
        for organisation in companies {
            admins.add_contacts(&self.tx, organisation).await?;
        }
        let Importer { services, granted, .. } = self.importer;
        for admin in admins.make(services, &self.tx, granted, self.now).await? {
            let object = ("person", admin.person.to_string());
            self.event(Verb::RoleGranted, Some(admin.organisation), object, None, admin.detail());
        }
        Ok(())
    }
}
