//! Setting up a programme and putting companies into it. Silent: no mail is sent before SETUP.

use domain::{
    Failure, FieldError, OrganisationId, ProgrammeId,
    access::{Permission, Place},
    audit::Verb,
    failure::Conflict,
    rollout::{Phase, ProgrammeForm, ProgrammeTools},
};
use serde_json::json;
use store::rollout::NewProgramme;

use crate::{
    Change, Context, OrFail,
    people::{Candidates, tell_of_admins},
};

/// # Errors
/// [`Failure::Forbidden`] for an actor who runs no programmes, every wrong field, [`Conflict::AlreadyTaken`] for a key that
/// is used.
pub async fn create_programme(context: &Context, form: &ProgrammeForm) -> Result<ProgrammeId, Failure> {
    let granted = context.authorize(Permission::ProgrammeControl, &Place::vendor()).await?;
    let draft = form.parse().map_err(Failure::Invalid)?;
    let mut change = Change::begin(context).await?;
    let products = store::products::list(&change.tx, &granted).await.or_fail("listing products")?;
    if !draft.products.iter().all(|asked| products.iter().any(|product| product.id == *asked)) {
        return Err(Failure::field("products", FieldError::NotAChoice));
    }
    let id: ProgrammeId = context.services.id();
    let new = NewProgramme {
        id,
        key: &draft.key,
        name: &draft.name,
        contact: draft.contact.as_str(),
        products: &draft.products,
        dates: &draft.dates,
        now: change.now,
    };
    let added = store::rollout::insert_programme(&change.tx, &granted, new).await;
    added.or_conflict("adding a programme", Conflict::AlreadyTaken)?;
    let detail = json!({ "key": draft.key, "name": draft.name, "dates": draft.dates });
    change.event(Verb::ProgrammeCreated, None, ("programme", id), detail);
    change.commit().await?;
    Ok(id)
}

/// Puts companies into a programme with its dates: in DRAFT, or at LAUNCH when their people are at work with the portal.
/// The deployment contacts of its products become administrators (R14). Those that are in it already stay as they are;
/// gives back how many were added.
///
/// # Errors
/// [`Failure::NotFound`] for an unknown company or programme; [`Conflict::AlreadyTaken`] for one that is in another.
pub async fn enrol(
    context: &Context,
    programme: ProgrammeId,
    organisations: &[OrganisationId],
) -> Result<u64, Failure> {
    let granted = context.authorize(Permission::ProgrammeControl, &Place::vendor()).await?;
    if organisations.len() > MOST_AT_ONCE {
        return Err(Failure::field("companies", FieldError::TooMany { max: MOST_AT_ONCE as u32 }));
    }
    let mut change = Change::begin(context).await?;
    let programme = store::rollout::find_programme(&change.tx, programme).await.or_fail("finding a programme")?;
    let mut enrolled =
        store::rollout::list_programmes_of(&change.tx, organisations).await.or_fail("finding enrolments")?;
    let (mut added, mut candidates) = (0, Candidates::default());
    for organisation in organisations {
        store::organisations::find(&change.tx, *organisation).await.or_fail("finding a company")?;
        match enrolled.get(organisation) {
            Some(present) if *present == programme.id => continue,
            Some(_) => return Err(Failure::Conflict(Conflict::AlreadyTaken)),
            None => {}
        }
        let id = context.services.id();
        let at_work = store::people::has_active(&change.tx, *organisation).await.or_fail("looking for members")?;
        let phase = Phase::at_entry(at_work);
        store::rollout::enrol(&change.tx, &granted, id, programme.id, *organisation, phase, change.now)
            .await
            .or_conflict("enrolling", Conflict::AlreadyTaken)?;
        let detail = json!({ "programme": programme.name, "phase": phase });
        change.event(Verb::EnrolmentCreated, Some(*organisation), ("enrolment", id), detail);
        candidates.add_contacts(&change.tx, *organisation).await?;
        enrolled.insert(*organisation, programme.id);
        added += 1;
    }
    for admin in candidates.make(&context.services, &change.tx, &granted, change.now).await? {
        change.event(Verb::RoleGranted, Some(admin.organisation), ("person", admin.person), admin.detail());
    }
    for organisation in organisations {
        tell_of_admins(&mut change, &context.services, Some(*organisation)).await?;
    }
    change.commit().await?;
    Ok(added)
}

/// How many companies the board offers at once.
const CANDIDATES: u64 = 50;
/// How many companies one request enrols: others wait for its transaction (C12).
const MOST_AT_ONCE: usize = 500;

/// Returns what the forms of the board need: the first companies in no programme, by name, whose name contains
/// `search`; and the products a programme can be about.
///
/// # Errors
/// [`Failure::Forbidden`]
pub async fn tools(context: &Context, search: &str) -> Result<ProgrammeTools, Failure> {
    let granted = context.ask(Permission::ProgrammeControl, &Place::vendor()).await?;
    let db = &context.services.db;
    let found = store::rollout::list_unenrolled(db, &granted, search, CANDIDATES + 1).await;
    let mut candidates = found.or_fail("listing companies")?;
    let more = candidates.len() as u64 > CANDIDATES;
    candidates.truncate(CANDIDATES as usize);
    let products = store::products::list(db, &granted).await.or_fail("listing products")?;
    Ok(ProgrammeTools { candidates, more, products })
}
