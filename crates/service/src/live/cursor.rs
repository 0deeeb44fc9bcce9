//! What a browser holds to go on from where it stopped: a place in the ledger, sealed. The place itself, or the difference
//! of two, would tell every customer how much happens at the others (T-A2).
//!
//! `nonce ‖ place xor HMAC(key, nonce) ‖ HMAC(key, both)`, each of eight bytes: two cursors of one place differ, and one that
//! was changed is none. The key is the one of the invitation links; every node has it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Services;

/// Seals a place in the ledger, for the browser.
pub fn seal(services: &Services, seq: i64) -> String {
    let nonce: [u8; 8] = rand::random();
    let sealed = mask(services, nonce, seq.to_be_bytes()).and_then(|hidden| {
        Some([nonce, hidden, first_eight(keyed(services, b"live proof", &[nonce, hidden])?)?].concat())
    });
    sealed.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).unwrap_or_default()
}

/// The place that was sealed; `None` for anything that [`seal`] did not make, or made with another key.
pub fn open(services: &Services, cursor: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let ([nonce, hidden, proof], []) = bytes.as_chunks::<8>() else { return None };
    keyed(services, b"live proof", &[*nonce, *hidden])?.verify_truncated_left(proof).ok()?;
    Some(i64::from_be_bytes(mask(services, *nonce, *hidden)?))
}

fn mask(services: &Services, nonce: [u8; 8], bytes: [u8; 8]) -> Option<[u8; 8]> {
    let pad = first_eight(keyed(services, b"live place", &[nonce])?)?;
    Some((u64::from_be_bytes(bytes) ^ u64::from_be_bytes(pad)).to_be_bytes())
}

/// `what` keeps the uses of the key apart.
fn keyed(services: &Services, what: &[u8], parts: &[[u8; 8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&services.secrets.link_key).ok()?;
    mac.update(what);
    mac.update(parts.as_flattened());
    Some(mac)
}

fn first_eight(mac: Hmac<Sha256>) -> Option<[u8; 8]> {
    mac.finalize().into_bytes().first_chunk().copied()
}
