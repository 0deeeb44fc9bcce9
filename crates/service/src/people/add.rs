//! Adding a person to a company (R18, R29). The admins of the company hear of it (R17), the person is invited.

use domain::{
    Failure, FieldError, FieldErrors, GrantId, OrganisationId, PersonId, ProductId,
    access::{Permission, Place, Role, RoleKind},
    audit::Verb,
    failure::Conflict,
    mail::MailKind,
    people::{MembershipState, PersonDraft, PersonForm, RoleDraft, check_reach, needs_role_grant},
};
use serde_json::json;
use store::people::{NewGrant, NewMembership, NewPerson, PersonFacts, Source};

use super::{
    Company,
    appeared::tell_of_admins,
    authorize, by, check_recipient, days,
    invite::{Invited, invite},
    move_member,
};
use crate::{Change, Context, OrFail, change::Mail};

/// Adds a person, who may have an account through another company. No mail is sent in DRAFT, nor to an address that has had
/// its share of invitations lately: that person is invited later, by hand (F3).
///
/// # Errors
/// [`Failure::Invalid`] for the form, [`Failure::NotFound`] for a company that is not the actor's, [`Failure::Forbidden`]
/// before SETUP, without a role, or for a contract contact who would make an admin;
/// [`Conflict::AlreadyMember`], [`Conflict::OwnRole`], [`Conflict::WorksForVendor`] (F7).
pub async fn add(context: &Context, form: &PersonForm) -> Result<PersonId, Failure> {
    // Permission comes before the form, as everywhere.
    let named = form.organisation.parse().ok();
    if let Some(organisation) = named {
        authorize(context, Permission::PersonCreate, organisation).await?;
    }
    let draft = form.parse(&days(context, named).await?).map_err(FieldErrors::into_failure)?;
    let company = authorize(context, Permission::PersonCreate, draft.organisation).await?;
    if needs_role_grant(draft.role.role) {
        authorize(context, Permission::RoleGrant, draft.organisation).await?;
    }
    let place = Place::organisation(draft.organisation, company.gate.clone());
    check_reach(&draft.role, context.may(Permission::RoleGrant, &place))?;
    check_products(context, draft.organisation, draft.role.products.as_deref()).await?;
    match try_add(context, &company, &draft).await {
        // Another company added the same new address at this moment: by now it is an account (C15).
        Err(Failure::Conflict(Conflict::AlreadyTaken)) => try_add(context, &company, &draft).await,
        done => done,
    }
}

async fn try_add(context: &Context, company: &Company, draft: &PersonDraft) -> Result<PersonId, Failure> {
    let mut change = Change::begin(context).await?;
    let person = insert_person(context, &change, company, draft).await?;
    let grant = insert_grant(context, &change, company, person.id, &draft.role).await?;
    let mut invited = false;
    if !company.is_silent() {
        let by = by(context, &company.granted);
        let from = MembershipState::Known;
        let sent =
            invite(&mut change, &context.services, &company.facts, &company.gate, &person, from, Some(by)).await?;
        invited = matches!(sent, Invited::Sent(_));
        if draft.role.role == Role::SupportSystemAdmin {
            tell_of_admins(&mut change, &context.services, Some(draft.organisation)).await?;
        } else {
            tell_admins(&mut change, company, &person, draft, by).await?;
        }
    }
    let detail = json!({
        "grant": grant,
        "role": draft.role.role,
        "reach": draft.role.reach,
        "products": draft.role.products,
        "until": draft.role.until.map(|end| end.at),
        "invited": invited,
    });
    change.event(Verb::PersonCreated, Some(draft.organisation), ("person", person.id), detail);
    change.commit().await?;
    Ok(person.id)
}

/// Products of a role have to be products of the company (K6).
pub(super) async fn check_products(
    context: &Context,
    organisation: OrganisationId,
    products: Option<&[ProductId]>,
) -> Result<(), Failure> {
    let Some(products) = products else { return Ok(()) };
    let entitled =
        store::products::list_entitled(&context.services.db, organisation).await.or_fail("listing products")?;
    if products.iter().all(|product| entitled.iter().any(|choice| choice.id == *product)) {
        Ok(())
    } else {
        Err(Failure::field("products", FieldError::NotAChoice))
    }
}

/// One address is one person, whatever the number of companies; name and password of a known person stay.
async fn insert_person(
    context: &Context,
    change: &Change,
    company: &Company,
    draft: &PersonDraft,
) -> Result<PersonFacts, Failure> {
    let granted = &company.granted;
    let normalised = draft.email.normalised();
    let known = store::people::find_by_email(&change.tx, &normalised).await.or_fail("finding a person")?;
    let id = match known {
        Some(id) => id,
        None => {
            let new = NewPerson {
                id: context.services.id(),
                name: draft.name.as_str(),
                email: draft.email.as_str(),
                normalised: &normalised,
                phone: draft.phone.as_ref().map(|phone| phone.as_str()),
                locale: draft.locale,
                now: change.now,
            };
            let id = new.id;
            store::people::insert(&change.tx, granted, new)
                .await
                .or_conflict("adding a person", Conflict::AlreadyTaken)?;
            id
        }
    };
    check_recipient(change, Some(context.actor.person), id, RoleKind::Customer).await?;
    let before =
        store::people::find_membership(&change.tx, id, draft.organisation).await.or_fail("finding a member")?;
    match before.map(|found| found.state) {
        Some(MembershipState::Removed) => {
            let back = (MembershipState::Removed, MembershipState::Known);
            move_member(change, id, draft.organisation, back).await?;
            store::people::set_membership_name(&change.tx, id, draft.organisation, draft.name.as_str())
                .await
                .or_fail("naming a member")?;
        }
        Some(_) => return Err(Failure::Conflict(Conflict::AlreadyMember)),
        None => {
            let new = NewMembership {
                id: context.services.id(),
                person: id,
                organisation: draft.organisation,
                name: draft.name.as_str(),
                source: Source::Added,
                now: change.now,
            };
            store::people::insert_membership(&change.tx, granted, new)
                .await
                .or_conflict("adding a member", Conflict::AlreadyMember)?;
        }
    }
    store::people::find(&change.tx, id).await.or_fail("finding a person")
}

async fn insert_grant(
    context: &Context,
    change: &Change,
    company: &Company,
    person: PersonId,
    role: &RoleDraft,
) -> Result<GrantId, Failure> {
    let id = context.services.id();
    let new = NewGrant {
        id,
        person,
        role: role.role,
        organisation: Some(company.facts.id),
        reach: role.reach,
        products: role.products.as_deref(),
        reasons: &[],
        until: role.until,
        now: change.now,
    };
    store::people::insert_grant(&change.tx, &company.granted, new).await.or_fail("giving a role")?;
    Ok(id)
}

/// Sends M5 to every administrator of this company who is told what happens in it, and to no other person (R17).
async fn tell_admins(
    change: &mut Change,
    company: &Company,
    person: &PersonFacts,
    draft: &PersonDraft,
    by: &str,
) -> Result<(), Failure> {
    let admins =
        store::people::list_admins(&change.tx, company.facts.id, change.now).await.or_fail("listing administrators")?;
    for admin in admins.into_iter().filter(|admin| admin.hears && admin.person.id != person.id) {
        change
            .mail(Mail {
                kind: MailKind::UserCreated,
                // A person who was removed and is added again is news.
                key: format!("{}:{}:{}", company.facts.id, person.id, change.now),
                person: admin.person.id,
                recipient: &admin.person.email,
                locale: admin.person.locale,
                params: json!({
                    "name": admin.person.name,
                    "organisation": company.facts.name,
                    // As typed: who the address belongs to is not told before they accept (CVE-2026-40570).
                    "person": draft.name,
                    "email": draft.email.letters(),
                    "role": draft.role.role,
                    "by": by,
                    "at": change.now,
                }),
                case: None,
                organisation: Some(company.facts.id),
            })
            .await?;
    }
    Ok(())
}
