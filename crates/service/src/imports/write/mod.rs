//! Writing one batch: many rows a statement, one event an object, one transaction.

mod cases;
mod people;

use std::collections::{HashMap, HashSet};

use domain::{
    CaseId, ContractId, EnrolmentId, Failure, ImportId, OrganisationId, PersonId, ProgrammeId,
    access::{Reach, Role},
    audit::{NewEvent, Verb},
    contracts::AdminReason,
    failure::Conflict,
    files::display_name,
    imports::{CaseRecord, ContactRecord, RecordKind},
    rollout::Phase,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::imports::{Bulk, CaseLine, ContractLine, HeldGrant, ImportTx, LegacyLine, OrganisationLine, ProductLine};
use uuid::Uuid;

use super::{
    Importer, Source,
    plan::{Act, Correction, What},
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
                    // This person was removed by hand; an import does not bring them back.
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
