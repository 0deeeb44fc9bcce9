//! Browsers that a person signed in with before (F10, OWASP's device cookies): they have their own lane to the hasher, so
//! that a flood of tries from elsewhere does not keep their people out.

use domain::PersonId;
use jiff::{SignedDuration, Timestamp};

use super::Origin;
use crate::{Services, link};

const PURPOSE: &[u8] = b"device";

/// How long a browser is remembered after the last time a person signed in with it.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(365 * 24);

/// A browser that a person is known to use.
pub(super) struct Device {
    /// Names the browser in limits.
    pub name: String,
}

/// A new cookie for a browser that this person just signed in with: it names the person, the browser and the moment, and
/// proves that this installation wrote it. It opens nothing.
pub(super) fn make(services: &Services, person: PersonId, now: Timestamp) -> String {
    let mut said = person.uuid().as_bytes().to_vec();
    said.extend_from_slice(&now.as_second().to_be_bytes());
    said.extend_from_slice(&rand::random::<[u8; 8]>());
    link::sign(services, PURPOSE, &said)
}

/// The browser of a request, if this very person signed in with it.
pub(super) fn find(services: &Services, person: PersonId, origin: &Origin, now: Timestamp) -> Option<Device> {
    let token = origin.device_token.as_deref()?;
    let said = link::verify(services, PURPOSE, token)?;
    let (whose, rest) = said.split_at_checked(16)?;
    let since = Timestamp::from_second(i64::from_be_bytes(*rest.first_chunk()?)).ok()?;
    let known = whose == person.uuid().as_bytes() && since <= now && now.duration_since(since) < REMEMBERED;
    known.then(|| Device { name: token.to_owned() })
}
