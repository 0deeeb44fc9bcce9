//! Taking a person out of a company (R18, K9, J27): at once, for good, and without touching what they wrote.

use domain::{
    Failure, OrganisationId, PersonId,
    access::{Permission, Role},
    audit::Verb,
    mail::MailKind,
    people::{MembershipState, needs_role_grant},
};
use serde_json::json;

use super::{authorize, by, keep_an_admin, member, move_member, sight::end_unseen};
use crate::{Change, Context, OrFail, change::Mail};

/// Removes a member: roles end, every session ends, what they wait for is called off, the person is told (M12) if they had been told of the portal at all.
/// Name and history stay.
///
/// # Errors
/// [`Conflict::LastAdmin`] (K7), [`Failure::NotFound`] for somebody who is no member, [`Failure::Forbidden`] without a
/// role, or for a contract contact who would remove an admin.
pub async fn remove(context: &Context, organisation: OrganisationId, person: PersonId) -> Result<(), Failure> {
    let company = authorize(context, Permission::PersonRemove, organisation).await?;
    let mut change = Change::begin(context).await?;
    store::people::lock_admins(&change.tx, organisation).await.or_fail("waiting for others")?;
    let (facts, membership) = member(&change, person, organisation).await?;
    let grants = store::people::list_standing(&change.tx, person, Some(organisation), change.now).await;
    let grants = grants.or_fail("listing roles")?;
    if grants.iter().any(|grant| needs_role_grant(grant.role)) {
        authorize(context, Permission::RoleGrant, organisation).await?;
        keep_an_admin(&change, organisation, person).await?;
    }
    let roles: Vec<Role> = grants.iter().map(|grant| grant.role).collect();
    for grant in &grants {
        store::people::revoke_grant(&change.tx, &company.granted, grant.id, change.now)
            .await
            .or_fail("taking a role")?;
    }
    let removed = MembershipState::Removed;
    move_member(&change, person, organisation, (membership.state, removed)).await?;
    let ended = store::sessions::delete_all(&change.tx, person).await.or_fail("ending sessions")?;
    let detail =
        json!({ "state": { "before": membership.state, "after": removed }, "roles": roles, "sessions": ended });
    change.event(Verb::PersonRemoved, Some(organisation), ("person", person), detail);
    end_unseen(&mut change, &context.services, &company, person).await?;
    if membership.state != MembershipState::Known {
        change
            .mail(Mail {
                kind: MailKind::AccessRemoved,
                key: format!("{organisation}:{}", change.now),
                person: Some(person),
                recipient: &facts.email,
                locale: facts.locale,
                params: json!({
                    "name": facts.name,
                    "organisation": company.facts.name,
                    "roles": roles,
                    "whole": true,
                    "by": by(context),
                }),
                case: None,
            })
            .await?;
    }
    change.commit().await
}
