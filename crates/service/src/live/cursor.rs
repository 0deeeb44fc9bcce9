//! What a browser holds to go on from where it stopped: a place in the ledger, sealed. The place itself, or the difference
//! of two, would tell every customer how much happens at the others (T-A2).
//!
//! `nonce ‖ XChaCha20-Poly1305(place)`: two cursors of one place differ, and a changed one is invalid. The key is derived
//! from that of the invitation links, which every node has.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, aead::Aead};

use crate::{Services, link};

const PURPOSE: &[u8] = b"place in the ledger";
const NONCE: usize = 24;

fn cipher(services: &Services) -> Option<XChaCha20Poly1305> {
    Some(XChaCha20Poly1305::new(&link::key(services, PURPOSE)?.into()))
}

/// Seals a place in the ledger, for the browser.
pub fn seal(services: &Services, seq: i64) -> String {
    let nonce: [u8; NONCE] = rand::random();
    let sealed = cipher(services).and_then(|cipher| cipher.encrypt(&nonce.into(), seq.to_be_bytes().as_slice()).ok());
    sealed.map(|sealed| URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())).unwrap_or_default()
}

/// Returns the place that was sealed; `None` for anything that [`seal`] did not make, or made with another key.
pub fn open(services: &Services, cursor: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
    let place = cipher(services)?.decrypt(&(*nonce).into(), sealed).ok()?;
    Some(i64::from_be_bytes(place.try_into().ok()?))
}
