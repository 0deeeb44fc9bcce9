//! Writing one batch: many rows a statement, one event an object, one transaction.

use std::collections::{HashMap, HashSet};

use domain::{
    CaseId, EntryId, Failure, ImportId, OrganisationId, PersonId,
    access::{Reach, Role},
    audit::{NewEvent, Verb},
    cases::CaseNumber,
    contracts::AdminReason,
    files::display_name,
    imports::{CaseRecord, EntryRecord, RecordKind},
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
    plan::{Act, Place, What},
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
    store::imports::insert(&writer.tx, &importer.granted, bulk, writer.now).await.or_fail("importing")?;
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
        let Act { id, fingerprint, fresh, what } = act;
        let granted = &self.importer.granted;
        let detail = json!({ "legacy_id": id, "created": fresh });
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
                if let Some(programme) = programme {
                    let at_work = !fresh
                        && store::people::has_active(&self.tx, organisation).await.or_fail("looking for members")?;
                    self.bulk.enrolments.push((self.id(), programme, organisation, Phase::at_entry(at_work)));
                    self.roles.companies.insert(organisation);
                }
                let object = ("organisation", organisation.to_string());
                self.event(Verb::OrganisationImported, Some(organisation), object, None, detail);
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
                let detail = json!({ "legacy_id": id, "created": fresh, "contract": contract, "contact": record.kind });
                let object = ("person", place.person.to_string());
                self.event(Verb::PersonImported, Some(place.organisation), object, None, detail);
                (RecordKind::Contact, place.person.uuid())
            }
            What::User(record, place, products) => {
                self.person(&place, &record.name, &record.email, record.phone.as_ref(), record.locale, fresh).await?;
                if place.removed {
                    // Somebody took this person out by hand; an import does not bring them back.
                } else if record.admin {
                    let reason = AdminReason::KnownAdmin { record: record.record.unwrap_or_else(|| id.clone()) };
                    self.roles.admins.add(place.person, place.organisation, reason);
                } else {
                    let role = if products.is_empty() { Role::SupportUser } else { Role::ProductSupportUser };
                    self.grant(&place, role, record.reach, products);
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
        self.bulk.legacy.push(LegacyLine { kind, id, object, fingerprint });
        Ok(())
    }

    /// A person and a membership, each when it is new.
    async fn person(
        &mut self,
        place: &Place,
        name: &PersonName,
        email: &EmailAddress,
        phone: Option<&PhoneNumber>,
        locale: Locale,
        fresh: bool,
    ) -> Result<(), Failure> {
        if place.new_person {
            self.bulk.people.push(PersonLine {
                id: place.person,
                name: name.to_string(),
                email: email.to_string(),
                normalised: email.normalised(),
                phone: phone.map(ToString::to_string),
                locale,
            });
        } else if !fresh {
            let phone = phone.map(PhoneNumber::as_str);
            store::imports::update_person(
                &self.tx,
                &self.importer.granted,
                place.person,
                place.organisation,
                name.as_str(),
                phone,
            )
            .await
            .or_fail("correcting a person")?;
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

    /// Gives a role unless it is held, or was held and taken away.
    fn grant(&mut self, place: &Place, role: Role, reach: Reach, products: Vec<domain::ProductId>) {
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
        product: Option<domain::ProductId>,
        people: &HashMap<String, PersonId>,
        fresh: bool,
    ) -> Result<(), Failure> {
        let person =
            |email: &Option<EmailAddress>| email.as_ref().and_then(|email| people.get(&email.normalised())).copied();
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
            open: record.open,
            priority: record.priority,
            impact: record.impact,
            opened_at: record.opened_at,
            updated_at: record.updated_at,
            closed_at: record.closed_at(),
        };
        let known = if fresh {
            store::imports::KnownStream::default()
        } else {
            store::imports::find_stream(&self.tx, case).await.or_fail("reading a stream")?
        };
        for entry in &record.entries {
            if !known.entries.contains(&(entry.author.to_string(), entry.at, entry.body.clone())) {
                self.entry(case, entry, person(&entry.email));
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
        for path in &entry.files {
            let Some(kept) = self.kept.get(path) else { continue };
            self.bulk.files.push(FileLine {
                id: self.importer.services.id(),
                case,
                entry: id,
                uploader: author,
                name: kept.name.clone(),
                media_type: kept.media_type.to_owned(),
                size: kept.size,
                sha256: kept.sha256,
                at: entry.at,
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
            self.bulk.documents.push((line.id, format!("{} {} {}", line.number, line.legacy_number, line.title)));
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
