//! Links that prove something. The last part of their address is what they say, and `HMAC(key outside the database, what
//! they are for and what they say)`: a copy of the database opens nothing (FreeScout CVE-2026-41902, -27637).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Services;

/// The length of the proof, in bytes.
const PROOF: usize = 32;

fn mac(services: &Services, purpose: &[u8], said: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&services.secrets.link_key).ok()?;
    mac.update(purpose);
    mac.update(said);
    Some(mac)
}

/// What is said, with its proof, in URL-safe Base64.
pub fn sign(services: &Services, purpose: &[u8], said: &[u8]) -> String {
    let proof = mac(services, purpose, said).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
    let mut bytes = said.to_vec();
    bytes.extend_from_slice(&proof);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a token says; `None` for anything that was not made by [`sign`] for the same purpose.
pub fn verify(services: &Services, purpose: &[u8], token: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (said, proof) = bytes.split_at_checked(bytes.len().checked_sub(PROOF)?)?;
    mac(services, purpose, said)?.verify_slice(proof).ok()?;
    Some(said.to_vec())
}
