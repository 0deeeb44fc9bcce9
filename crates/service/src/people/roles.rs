//! Giving and taking roles (R19): the next request of the person is decided by the new ones.

use domain::{
    Failure, FieldErrors, GrantId, OrganisationId, PersonId,
    access::{Permission, Role, RoleKind},
    audit::Verb,
    mail::MailKind,
    people::{MembershipState, RoleForm},
};
use serde_json::json;
use store::people::{NewGrant, StandingGrant};

use super::{
    add::check_products, appeared::tell_of_admins, authorize, by, check_recipient, days, keep_an_admin, launch, member,
    sight::end_unseen,
};
use crate::{Change, Context, OrFail, change::Mail};

/// Gives a role, or changes the reach, the products and the end of one that the person has; why they have it is kept.
///
/// # Errors
/// [`Failure::Invalid`] for the form (a role of the vendor is no choice), [`Failure::NotFound`] for a person who is no
/// member, [`Failure::Forbidden`] without the permission to give roles, [`domain::failure::Conflict::OwnRole`] for the actor's own,
/// [`domain::failure::Conflict::WorksForVendor`] (F7), [`domain::failure::Conflict::LastAdmin`] for an end set to the role of
/// the last admin.
pub async fn grant_role(
    context: &Context,
    organisation: OrganisationId,
    person: PersonId,
    form: &RoleForm,
) -> Result<GrantId, Failure> {
    let company = authorize(context, Permission::RoleGrant, organisation).await?;
    let draft = form.parse(&days(context, Some(organisation)).await?).map_err(FieldErrors::into_failure)?;
    check_products(context, organisation, draft.products.as_deref()).await?;
    let mut change = Change::begin(context).await?;
    store::people::lock_admins(&change.tx, organisation).await.or_fail("waiting for others")?;
    let (facts, membership) = member(&change, person, organisation).await?;
    check_recipient(&change, Some(context.actor.person), person, RoleKind::Customer).await?;
    let standing = store::people::list_standing(&change.tx, person, Some(organisation), change.now).await;
    let standing = standing.or_fail("listing roles")?;
    // A role that the person already holds in just this form is no news: no event, no mail.
    let end = draft.until.as_ref().map(|until| until.at);
    let same = |grant: &&StandingGrant| grant.role == draft.role && grant.reach == draft.reach && grant.until == end;
    if let Some(held) = standing.iter().find(same).filter(|_| draft.products.is_none()) {
        return Ok(held.id);
    }
    let lasted = |grant: &StandingGrant| grant.role == draft.role && grant.until.is_none();
    if draft.role == Role::SupportSystemAdmin && draft.until.is_some() && standing.iter().any(lasted) {
        keep_an_admin(&change, organisation, person).await?;
    }
    let mut before = Vec::new();
    let mut reasons = Vec::new();
    for old in standing.into_iter().filter(|grant| grant.role == draft.role) {
        store::people::revoke_grant(&change.tx, &company.granted, old.id, change.now)
            .await
            .or_fail("replacing a role")?;
        before.push(json!({ "grant": old.id, "reach": old.reach, "until": old.until }));
        reasons.extend(old.reasons);
    }
    let replaces = !before.is_empty();
    let id = context.services.id();
    let new = NewGrant {
        id,
        person,
        role: draft.role,
        organisation: Some(organisation),
        reach: draft.reach,
        products: draft.products.as_deref(),
        reasons: &reasons,
        until: draft.until,
        now: change.now,
    };
    store::people::insert_grant(&change.tx, &company.granted, new).await.or_fail("giving a role")?;
    let after = json!({ "grant": id, "reach": draft.reach, "products": draft.products, "until": draft.until.map(|end| end.at) });
    let detail = json!({ "role": draft.role, "before": before, "after": after });
    change.event(Verb::RoleGranted, Some(organisation), ("person", person), detail);
    end_unseen(&mut change, &context.services, &company, person).await?;
    if draft.role == Role::SupportSystemAdmin {
        // The others are not told when only the end of the role changes.
        if replaces {
            store::people::insert_admin_notice(&change.tx, id, change.now).await.or_fail("noting a role")?;
        }
        tell_of_admins(&mut change, &context.services, Some(organisation)).await?;
    }
    // An invited person sees the roles behind the link; the address gets no other mail before they accept.
    if membership.state == MembershipState::Active {
        let (before_launch, launch_on) = launch(&company.gate, change.now);
        change
            .mail(Mail {
                kind: MailKind::RoleGranted,
                key: id.to_string(),
                person,
                recipient: &facts.email,
                locale: facts.locale,
                params: json!({
                    "name": facts.name,
                    "organisation": company.facts.name,
                    "roles": [draft.role],
                    "grant": id,
                    "by": by(context, &company.granted),
                    "invited": false,
                    "before_launch": before_launch,
                    "launch_on": launch_on,
                }),
                case: None,
                organisation: Some(organisation),
            })
            .await?;
    }
    change.commit().await?;
    Ok(id)
}

/// Takes a role away; the person stays a member.
///
/// # Errors
/// [`domain::failure::Conflict::LastAdmin`] (K7), [`Failure::NotFound`] when the person does not have it,
/// [`Failure::Forbidden`] without the permission to give roles.
pub async fn revoke_role(
    context: &Context,
    organisation: OrganisationId,
    person: PersonId,
    grant: GrantId,
) -> Result<(), Failure> {
    let company = authorize(context, Permission::RoleGrant, organisation).await?;
    let mut change = Change::begin(context).await?;
    store::people::lock_admins(&change.tx, organisation).await.or_fail("waiting for others")?;
    store::people::lock(&change.tx, person).await.or_fail("waiting for others")?;
    let (facts, membership) = member(&change, person, organisation).await?;
    let standing = store::people::list_standing(&change.tx, person, Some(organisation), change.now).await;
    let standing = standing.or_fail("listing roles")?;
    let old = standing.into_iter().find(|standing| standing.id == grant).ok_or(Failure::NotFound)?;
    if old.role == Role::SupportSystemAdmin {
        keep_an_admin(&change, organisation, person).await?;
    }
    store::people::revoke_grant(&change.tx, &company.granted, grant, change.now).await.or_fail("taking a role")?;
    let detail = json!({ "role": old.role, "before": { "grant": grant, "reach": old.reach }, "after": null });
    change.event(Verb::RoleRevoked, Some(organisation), ("person", person), detail);
    end_unseen(&mut change, &context.services, &company, person).await?;
    if membership.state == MembershipState::Active {
        change
            .mail(Mail {
                kind: MailKind::AccessRemoved,
                key: grant.to_string(),
                person,
                recipient: &facts.email,
                locale: facts.locale,
                params: json!({
                    "name": facts.name,
                    "organisation": company.facts.name,
                    "roles": [old.role],
                    "whole": false,
                    "by": by(context, &company.granted),
                }),
                case: None,
                organisation: Some(organisation),
            })
            .await?;
    }
    change.commit().await
}
