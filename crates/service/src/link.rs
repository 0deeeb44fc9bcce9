//! Links that prove something. The last part of their address is what they say, and `HMAC(key of the purpose, what they
//! say)`: a copy of the database opens nothing (FreeScout CVE-2026-41902, -27637).
//!
//! The key of each purpose is derived from the one key outside the database, so that a token made for one purpose is never
//! accepted for another, whatever it says (C16).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Services;

/// The length of the proof, in bytes.
const PROOF: usize = 32;

/// Returns the key of one purpose.
pub fn key(services: &Services, purpose: &[u8]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&services.secrets.link_key).ok()?;
    mac.update(b"guichet key v1\0");
    mac.update(purpose);
    Some(mac.finalize().into_bytes().into())
}

fn mac(services: &Services, purpose: &[u8], said: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key(services, purpose)?).ok()?;
    mac.update(said);
    Some(mac)
}

/// Signs as before 26 November 2026: an invitation from then is good for two weeks. None of the old purposes is the beginning
/// of another, so no old link can be taken for one of another purpose.
fn mac_of_before(services: &Services, purpose: &[u8], said: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&services.secrets.link_key).ok()?;
    mac.update(purpose);
    mac.update(said);
    Some(mac)
}

/// Returns what is said, with its proof, in URL-safe Base64.
pub fn sign(services: &Services, purpose: &[u8], said: &[u8]) -> String {
    let proof = mac(services, purpose, said).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
    let mut bytes = said.to_vec();
    bytes.extend_from_slice(&proof);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns what a token says; `None` for anything that was not made by [`sign`] for the same purpose.
pub fn verify(services: &Services, purpose: &[u8], token: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (said, proof) = bytes.split_at_checked(bytes.len().checked_sub(PROOF)?)?;
    let right = mac(services, purpose, said)?.verify_slice(proof).is_ok()
        || mac_of_before(services, purpose, said)?.verify_slice(proof).is_ok();
    right.then(|| said.to_vec())
}

/// Returns the proof of what is said, on its own.
pub fn proof(services: &Services, purpose: &[u8], said: &[u8]) -> [u8; PROOF] {
    mac(services, purpose, said).map(|mac| mac.finalize().into_bytes().into()).unwrap_or_default()
}

/// Returns the first 12 bytes of [`proof`], for what opens nothing by itself and has to be short.
pub fn short_proof(services: &Services, purpose: &[u8], said: &[u8]) -> [u8; 12] {
    let whole = proof(services, purpose, said);
    let mut short = [0; 12];
    short.copy_from_slice(whole.split_at(12).0);
    short
}
