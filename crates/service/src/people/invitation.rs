//! Invitations (M4). The link says id and version: a new version ends the links before it.

use domain::InvitationId;

use crate::{Services, link};

const PURPOSE: &[u8] = b"invitation";

/// The last part of an invitation link.
pub fn invitation_token(services: &Services, id: InvitationId, version: i64) -> String {
    let mut said = id.uuid().as_bytes().to_vec();
    said.extend_from_slice(&version.to_be_bytes());
    link::sign(services, PURPOSE, &said)
}

/// The id and version a token proves; `None` for anything that was not made by [`invitation_token`].
pub fn parse_invitation_token(services: &Services, token: &str) -> Option<(InvitationId, i64)> {
    let said = link::verify(services, PURPOSE, token)?;
    let (id, version) = said.split_at_checked(16)?;
    let id = InvitationId::from(uuid::Uuid::from_slice(id).ok()?);
    Some((id, i64::from_be_bytes(version.try_into().ok()?)))
}
