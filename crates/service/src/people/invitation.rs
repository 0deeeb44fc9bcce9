//! Invitations (M4). The link is `HMAC(key outside the database, id and version)`: a copy of the database opens nothing,
//! and a new version ends the links before it (FreeScout CVE-2026-41902, -27637).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::InvitationId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Services;

fn mac(services: &Services, id: InvitationId, version: i64) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&services.secrets.link_key).ok()?;
    mac.update(b"invitation");
    mac.update(id.uuid().as_bytes());
    mac.update(&version.to_be_bytes());
    Some(mac)
}

/// The last part of an invitation link: the id, the version, and the proof, in URL-safe Base64.
pub fn invitation_token(services: &Services, id: InvitationId, version: i64) -> String {
    let proof = mac(services, id, version).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
    let mut bytes = id.uuid().as_bytes().to_vec();
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes.extend_from_slice(&proof);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The id and version a token proves; `None` for anything that was not made by [`invitation_token`].
pub fn parse_invitation_token(services: &Services, token: &str) -> Option<(InvitationId, i64)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (id, rest) = bytes.split_at_checked(16)?;
    let (version, proof) = rest.split_at_checked(8)?;
    let id = InvitationId::from(uuid::Uuid::from_slice(id).ok()?);
    let version = i64::from_be_bytes(version.try_into().ok()?);
    mac(services, id, version)?.verify_slice(proof).ok()?;
    Some((id, version))
}
