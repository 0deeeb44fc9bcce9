//! Setting up a programme and putting companies into it. Silent: nobody is told before SETUP.

use domain::{
    Failure, OrganisationId, ProgrammeId,
    access::{Permission, Place},
    audit::Verb,
    failure::Conflict,
    rollout::ProgrammeForm,
};
use serde_json::json;
use store::rollout::NewProgramme;

use crate::{Change, Context, OrFail};

/// # Errors
/// [`Failure::Forbidden`] for those who run no programmes, every wrong field, [`Conflict::AlreadyTaken`] for a key that
/// is used.
pub async fn create_programme(context: &Context, form: &ProgrammeForm) -> Result<ProgrammeId, Failure> {
    let granted = context.authorize(Permission::ProgrammeControl, &Place::vendor()).await?;
    let draft = form.parse().map_err(Failure::Invalid)?;
    let mut change = Change::begin(context).await?;
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

/// Puts companies into a programme, in DRAFT, with its dates. Those that are in it already stay as they are; gives back
/// how many were added.
///
/// # Errors
/// [`Failure::NotFound`] for an unknown company or programme; [`Conflict::AlreadyTaken`] for one that is in another.
pub async fn enrol(
    context: &Context,
    programme: ProgrammeId,
    organisations: &[OrganisationId],
) -> Result<u64, Failure> {
    let granted = context.authorize(Permission::ProgrammeControl, &Place::vendor()).await?;
    let mut change = Change::begin(context).await?;
    let programme = store::rollout::find_programme(&change.tx, programme).await.or_fail("finding a programme")?;
    let mut added = 0;
    for organisation in organisations {
        store::organisations::find(&change.tx, *organisation).await.or_fail("finding a company")?;
        match store::rollout::find_enrolment(&change.tx, *organisation).await.or_fail("finding an enrolment")? {
            Some(present) if present.programme == programme.id => continue,
            Some(_) => return Err(Failure::Conflict(Conflict::AlreadyTaken)),
            None => {}
        }
        let id = context.services.id();
        store::rollout::enrol(&change.tx, &granted, id, programme.id, *organisation, change.now)
            .await
            .or_conflict("enrolling", Conflict::AlreadyTaken)?;
        let detail = json!({ "programme": programme.name });
        change.event(Verb::EnrolmentCreated, Some(*organisation), ("enrolment", id), detail);
        added += 1;
    }
    change.commit().await?;
    Ok(added)
}

/// Companies in no programme, by name: at most fifty, narrowed by a part of the name.
///
/// # Errors
/// [`Failure::Forbidden`]
pub async fn list_candidates(context: &Context, search: &str) -> Result<Vec<(OrganisationId, String)>, Failure> {
    let granted = context.authorize(Permission::ProgrammeControl, &Place::vendor()).await?;
    store::rollout::list_unenrolled(&context.services.db, &granted, search, 50).await.or_fail("listing companies")
}
