//! Opening a case (R9): by the web form, and as the first half of a chat or a call-back.

use domain::{
    CaseId, EntryId, Failure, FieldError, FieldErrors, FileId, OrganisationId, ProductId,
    access::{Granted, Membership, Permission, Place, policy},
    audit::Verb,
    cases::{CaseDraft, CaseForm, Channel, EntryKind, Side, Status},
    files::MAX_FILES,
    mail::MailKind,
    organisations::OrganisationChoice,
};
use serde_json::json;
use store::{
    cases::{NewCase, NewEntry},
    products, rollout,
};

use crate::{Change, Context, OrFail, change::Mail, files};

/// Returns the companies the actor may open cases for, with the products they are entitled to.
///
/// # Errors
/// [`Failure::Forbidden`] with the opening date when the rollout has not opened cases in any of them (R26), or with the
/// administrators when no role allows it.
pub async fn opening_choices(context: &Context) -> Result<Vec<OrganisationChoice>, Failure> {
    choices(context, Permission::CaseOpen).await
}

/// Returns the choices of another way to begin a case: a chat, a call-back.
pub(crate) async fn choices(context: &Context, permission: Permission) -> Result<Vec<OrganisationChoice>, Failure> {
    let mut choices = Vec::new();
    let mut refusal = None;
    for membership in &context.actor.memberships {
        // "Any product" is asked here; the product itself is checked when the case is opened.
        let place = Place::organisation(membership.organisation, membership.gate.clone());
        match context.ask(permission, &place).await {
            Ok(_) => {
                let products = products::list_entitled(&context.services.db, membership.organisation)
                    .await
                    .or_fail("listing products")?;
                let products = products
                    .into_iter()
                    .filter(|product| {
                        context.actor.grants.iter().any(|grant| {
                            grant.holds(permission, context.services.now())
                                && grant.covers(Some(membership.organisation), Some(product.id))
                        })
                    })
                    .collect();
                choices.push(OrganisationChoice {
                    id: membership.organisation,
                    name: membership.name.clone(),
                    products,
                    none: may_be_about_none(context, permission, membership),
                });
            }
            Err(failure) => refusal = Some(failure),
        }
    }
    match refusal {
        Some(failure) if choices.is_empty() => Err(failure),
        _ if choices.is_empty() => context.ask(permission, &Place::vendor()).await.map(|_| choices),
        _ => Ok(choices),
    }
}

/// Roles for some products reach no case about none.
fn may_be_about_none(context: &Context, permission: Permission, membership: &Membership) -> bool {
    let place = Place::product(membership.organisation, None, membership.gate.clone());
    policy::authorize(&context.actor, permission, &place, context.services.now()).is_ok()
}

/// Opens a case. `files` are uploads of the actor.
///
/// # Errors
/// [`Failure::Invalid`] for the form, [`Failure::Forbidden`] before launch (R26) or without a role,
/// [`Failure::NotFound`] for a company that is not the actor's.
pub async fn open(context: &Context, form: &CaseForm, files: &[FileId]) -> Result<CaseId, Failure> {
    // The gate comes before the form: "not yet" must not wait until every field is right.
    if let Ok(organisation) = form.organisation.parse() {
        let gate = rollout::find_gate(&context.services.db, organisation).await.or_fail("finding a gate")?;
        context.authorize(Permission::CaseOpen, &Place::organisation(organisation, gate)).await?;
    }
    let draft = form.parse().map_err(FieldErrors::into_failure)?;
    if files.len() > MAX_FILES {
        return Err(Failure::field("files", FieldError::TooMany { max: MAX_FILES as u32 }));
    }
    let granted = authorize_new(context, Permission::CaseOpen, draft.organisation, draft.product).await?;

    let mut change = Change::begin(context).await?;
    let by = NewCaseBy {
        context,
        granted: &granted,
        channel: Channel::Web,
        kind: EntryKind::Message,
        verb: Verb::CaseOpened,
    };
    let (id, entry) = insert_case(&mut change, &by, &draft, draft.description.as_str()).await?;
    files::attach(&change, &granted, files, id, entry).await?;
    change.commit().await?;
    Ok(id)
}

/// Returns the proof that a new case about a product may begin, by one door or another.
///
/// # Errors
/// As [`Context::authorize`]; [`Failure::Invalid`] under `product` for one that no contract of the company covers.
pub(crate) async fn authorize_new(
    context: &Context,
    permission: Permission,
    organisation: OrganisationId,
    product: Option<ProductId>,
) -> Result<Granted, Failure> {
    let gate = rollout::find_gate(&context.services.db, organisation).await.or_fail("finding a gate")?;
    let granted = context.authorize(permission, &Place::product(organisation, product, gate)).await?;
    if let Some(product) = product {
        let entitled = products::list_entitled(&context.services.db, organisation).await.or_fail("listing products")?;
        if !entitled.iter().any(|choice| choice.id == product) {
            return Err(Failure::field("product", FieldError::NotAChoice));
        }
    }
    Ok(granted)
}

/// Who opens a case, and by which door.
pub(crate) struct NewCaseBy<'a> {
    pub context: &'a Context,
    pub granted: &'a Granted,
    pub channel: Channel,
    pub kind: EntryKind,
    /// The one event that tells of it: the door names it.
    pub verb: Verb,
}

/// Writes the case, its first entry, its event and the mail to the requestor, in the caller's transaction. A chat sends no
/// mail: the person is there.
pub(crate) async fn insert_case(
    change: &mut Change,
    by: &NewCaseBy<'_>,
    draft: &CaseDraft,
    body: &str,
) -> Result<(CaseId, EntryId), Failure> {
    let (context, services) = (by.context, &by.context.services);
    let actor = &context.actor;
    let number =
        store::cases::next_number(&change.tx, &services.settings.case_prefix).await.or_fail("numbering a case")?;
    let (id, entry): (CaseId, EntryId) = (services.id(), services.id());
    let new = NewCase {
        id,
        number: &number,
        organisation: draft.organisation,
        product: draft.product,
        requestor: actor.person,
        requestor_name: &actor.name,
        title: draft.title.as_str(),
        status: Status::AwaitingAssignment,
        priority: draft.priority,
        impact: draft.impact,
        channel: by.channel,
        now: change.now,
    };
    store::cases::insert(&change.tx, by.granted, new).await.or_fail("opening a case")?;
    let first = NewEntry {
        id: entry,
        case: id,
        kind: by.kind,
        side: Side::Customer,
        author: Some(actor.person),
        author_name: &actor.name,
        body,
        now: change.now,
    };
    store::cases::insert_entry(&change.tx, by.granted, first).await.or_fail("writing the first entry")?;
    let detail = json!({ "number": number.as_str(), "priority": draft.priority, "channel": by.channel });
    change.case_event(by.verb, draft.organisation, id, false, detail);
    if by.channel == Channel::Chat {
        return Ok((id, entry));
    }
    change
        .mail(Mail {
            kind: MailKind::CaseOpened,
            key: id.to_string(),
            person: actor.person,
            recipient: &actor.email,
            locale: actor.locale,
            params: json!({
                "name": actor.name,
                "number": number.as_str(),
                "title": draft.title.as_str(),
                "priority": draft.priority,
                "case": id,
            }),
            case: Some(id),
            organisation: Some(draft.organisation),
        })
        .await?;
    Ok((id, entry))
}
