//! The numbers to call, and how the operator sets them.

use domain::{
    Failure, FieldErrors, OrganisationId,
    access::{Permission, Place},
    audit::Verb,
    calls::{PhoneLine, PhoneLineForm, PhoneLineSettings},
};
use jiff::tz::TimeZone;
use serde_json::json;
use store::rollout;

use crate::{Change, Context, OrFail, Services};

/// Returns the numbers to call, that of the company's region first, each with its present or next opening.
///
/// # Errors
/// [`Failure::Forbidden`] before launch (R26: no phone) or without a role.
pub async fn lines(context: &Context, organisation: OrganisationId) -> Result<Vec<PhoneLine>, Failure> {
    let gate = rollout::find_gate(&context.services.db, organisation).await.or_fail("finding a gate")?;
    context.ask(Permission::CallRequest, &Place::organisation(organisation, gate)).await?;
    lines_of(&context.services, organisation).await
}

/// Returns the lines of a company for the desk and for the hours of the chat, as [`lines`] does.
pub(crate) async fn lines_of(services: &Services, organisation: OrganisationId) -> Result<Vec<PhoneLine>, Failure> {
    let region = store::organisations::find(&services.db, organisation).await.or_fail("finding a company")?.region;
    let now = services.now();
    let stored = store::calls::list_lines(&services.db).await.or_fail("listing numbers")?;
    let mut lines: Vec<PhoneLine> = stored
        .into_iter()
        .map(|line| {
            let open = TimeZone::get(&line.hours.zone).map_err(|error| {
                tracing::error!(region = %line.region, error = %error, "the zone of a phone line");
                None
            });
            let open = open.and_then(|zone| line.hours.at(now, &zone));
            PhoneLine {
                own: line.region == region,
                region: line.region,
                number: line.number,
                languages: line.languages,
                hours: line.hours,
                open: open.is_ok(),
                open_until: open.ok().flatten(),
                opens_at: open.err().flatten(),
            }
        })
        .collect();
    // Stable: the others keep their order.
    lines.sort_by_key(|line| !line.own);
    Ok(lines)
}

/// Returns the lines as they are set, and the regions that have none.
///
/// # Errors
/// [`Failure::Forbidden`] for all but the operator.
pub async fn line_settings(context: &Context) -> Result<PhoneLineSettings, Failure> {
    context.authorize(Permission::PhoneLineManage, &Place::vendor()).await?;
    let db = &context.services.db;
    let lines = store::calls::list_lines(db).await.or_fail("listing numbers")?;
    let mut missing = store::organisations::list_regions(db).await.or_fail("listing regions")?;
    missing.retain(|region| lines.iter().all(|line| line.region != *region));
    Ok(PhoneLineSettings { lines, missing })
}

/// Adds the line of a region, or changes it.
///
/// # Errors
/// [`Failure::Forbidden`] for all but the operator, [`Failure::Invalid`] for the form.
pub async fn save_line(context: &Context, form: &PhoneLineForm) -> Result<(), Failure> {
    let granted = context.authorize(Permission::PhoneLineManage, &Place::vendor()).await?;
    let line = form.parse(|name| TimeZone::get(name).ok()).map_err(FieldErrors::into_failure)?;
    let mut change = Change::begin(context).await?;
    let before = store::calls::list_lines(&change.tx).await.or_fail("listing numbers")?;
    let before = before.into_iter().find(|known| known.region == line.region);
    // What changes nothing is no event.
    if before.as_ref() == Some(&line) {
        return Ok(());
    }
    store::calls::upsert_line(&change.tx, &granted, &line).await.or_fail("setting a number")?;
    let detail = json!({ "before": before.map(|line| line.number), "after": line.number, "hours": line.hours });
    change.event(Verb::PhoneLineSaved, None, ("phone_line", &line.region), detail);
    change.commit().await
}

/// Removes the line of a region; calls there are not answered from then on.
///
/// # Errors
/// [`Failure::Forbidden`] for all but the operator, [`Failure::NotFound`] for a region without a line.
pub async fn remove_line(context: &Context, region: &str) -> Result<(), Failure> {
    let granted = context.authorize(Permission::PhoneLineManage, &Place::vendor()).await?;
    let mut change = Change::begin(context).await?;
    if !store::calls::delete_line(&change.tx, &granted, region).await.or_fail("removing a number")? {
        return Err(Failure::NotFound);
    }
    change.event(Verb::PhoneLineRemoved, None, ("phone_line", region), json!({}));
    change.commit().await
}
