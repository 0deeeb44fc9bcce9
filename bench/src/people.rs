//! Signs people in without passwords, straight in the database, before the server runs.

use std::{error::Error, fs, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    CaseId, OrganisationId, PersonId, ProductId,
    access::{Granted, Permission, Reach, Role, policy::case_visibility},
    cases::CaseFilter,
    clock::Clock,
    ids::IdSource,
    locale::Locale,
    people::MembershipState,
    text::EmailAddress,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use service::{RandomIds, SystemClock};
use sha2::{Digest, Sha256};
use store::{
    Db,
    people::{NewGrant, NewPerson},
    sessions::NewSession,
};

use crate::data;

/// Sessions of the largest company: their streams are many, and a session has six at most.
const SESSIONS: usize = 200;

/// Who asks, and for what.
#[derive(Debug, Deserialize, Serialize)]
pub struct People {
    /// The tokens of people of the largest company; the first is its administrator.
    pub customers: Vec<String>,
    pub agent: String,
    pub manager: String,
    /// The administrator of the largest company.
    pub administrator: PersonId,
    pub company: OrganisationId,
    pub product: ProductId,
    /// The newest cases of that company.
    pub cases: Vec<CaseId>,
}

/// Makes an agent and a manager, activates people of the largest company, and writes who they are to `file`.
pub async fn sign_in(url: &str, file: &Path) -> Result<(), Box<dyn Error>> {
    let db = Db::open(url).await?;
    let now = SystemClock.now();
    let company = largest(&db).await?;
    let proof = |permission| Granted::to_system(permission, None);
    let mut customers = Vec::new();
    let mut members = Vec::new();
    for person in 0.. {
        let address = EmailAddress::parse(&data::address(0, person)).map_err(|error| format!("{error:?}"))?;
        let Some(id) = store::people::find_by_email(&db, &address.normalised()).await? else { break };
        members.push(id);
        if members.len() == SESSIONS {
            break;
        }
    }
    let tx = store::write_tx(&db).await?;
    for member in &members {
        let (known, active) = (MembershipState::Known, MembershipState::Active);
        store::people::set_membership_state(&tx, *member, company, known, active, now).await?;
    }
    for number in 0..SESSIONS {
        customers.push(session(&tx, members[number % members.len()], now).await?);
    }
    let mut staff = Vec::new();
    for (name, role) in [("Agnes Agent", Role::Agent), ("Marc Manager", Role::ProgrammeManager)] {
        let id: PersonId = RandomIds.uuid().into();
        let address = format!("{}@vendor.example", role.key());
        let new = NewPerson { id, name, email: &address, normalised: &address, phone: None, locale: Locale::En, now };
        store::people::insert(&tx, &proof(Permission::PersonCreate), new).await?;
        let grant = NewGrant {
            id: RandomIds.uuid().into(),
            person: id,
            role,
            organisation: None,
            reach: Reach::Organisation,
            products: None,
            reasons: &[],
            until: None,
            now,
        };
        store::people::insert_grant(&tx, &proof(Permission::RoleGrant), grant).await?;
        staff.push(session(&tx, id, now).await?);
    }
    tx.commit().await?;
    let [agent, manager] = staff.try_into().map_err(|_| "two of the vendor's people")?;
    let administrator = *members.first().ok_or("the largest company has no people")?;
    let actor = store::people::find_actor(&db, administrator, now).await?.ok_or("no actor")?;
    let visibility = case_visibility(&actor, now);
    let page = store::cases::list(&db, &visibility, &CaseFilter::default(), administrator, None).await?;
    let product = store::products::find_by_key(&db, "atlas").await?.ok_or("no product")?;
    let cases = page.rows.iter().map(|row| row.id).collect();
    let people = People { customers, agent, manager, administrator, company, product, cases };
    fs::write(file, serde_json::to_vec(&people)?)?;
    Ok(())
}

/// The company whose number is 0.
async fn largest(db: &Db) -> Result<OrganisationId, Box<dyn Error>> {
    let proof = Granted::to_system(Permission::ProgrammeControl, None);
    let mut after = String::new();
    loop {
        let page = store::organisations::list(db, &proof, "", &after).await?;
        if let Some((id, _)) = page.rows.iter().find(|(_, name)| name.ends_with(" 0")) {
            return Ok(*id);
        }
        after = page.next.ok_or("the largest company is missing")?;
    }
}

async fn session(tx: &store::Tx, person: PersonId, now: Timestamp) -> Result<String, Box<dyn Error>> {
    let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let new = NewSession {
        token_hash: Sha256::digest(token.as_bytes()).into(),
        key: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 9]>()),
        person,
        device: "bench".to_owned(),
        now,
        expires_at: now + SignedDuration::from_hours(24),
    };
    store::sessions::insert(tx, new).await?;
    Ok(token)
}
