//! Taking a person out of a company (R18, K9, J27): immediately, for good, and without touching what they wrote.

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

/// Removes a member: roles end, waiting chats and calls are called off, and a member who had accepted the invitation is told
/// (M12). Name and history stay. Sessions end when this was the person's last way in: other companies of the account do not
/// concern this one, which learns nothing of them (F3).
///
/// # Errors
/// [`Conflict::LastAdmin`] (K7), [`Failure::NotFound`] for a person who is no member, [`Failure::Forbidden`] without a
/// role, or for a contract contact who would remove an admin.
pub async fn remove(context: &Context, organisation: OrganisationId, person: PersonId) -> Result<(), Failure> {
    let company = authorize(context, Permission::PersonRemove, organisation).await?;
    let mut change = Change::begin(context).await?;
    store::people::lock_admins(&change.tx, organisation).await.or_fail("waiting for others")?;
    store::people::lock(&change.tx, person).await.or_fail("waiting for others")?;
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
    let proposed = store::people::find_address_change_of(&change.tx, person, organisation).await;
    if proposed.or_fail("finding an address")?.is_some() {
        // It does not come back with the person.
        store::people::delete_address_change(&change.tx, person).await.or_fail("taking back an address")?;
    }
    let was_active = membership.state == MembershipState::Active;
    if was_active {
        let actor = store::people::find_actor(&change.tx, person, change.now).await.or_fail("finding an actor")?;
        if actor.is_none() {
            store::sessions::delete_all(&change.tx, person).await.or_fail("ending sessions")?;
        }
    } else {
        store::people::end_invitation_links(&change.tx, person, Some(organisation))
            .await
            .or_fail("ending an invitation")?;
    }
    let detail = json!({ "state": { "before": membership.state, "after": removed }, "roles": roles });
    change.event(Verb::PersonRemoved, Some(organisation), ("person", person), detail);
    end_unseen(&mut change, &context.services, &company, person).await?;
    // A person who never came in gets no mail: an address is not a company's to send mails to.
    if was_active {
        change
            .mail(Mail {
                kind: MailKind::AccessRemoved,
                key: format!("{organisation}:{}", change.now),
                person,
                recipient: &facts.email,
                locale: facts.locale,
                params: json!({
                    "name": facts.name,
                    "organisation": company.facts.name,
                    "roles": roles,
                    "whole": true,
                    "by": by(context, &company.granted),
                }),
                case: None,
                organisation: Some(organisation),
            })
            .await?;
    }
    change.commit().await
}
