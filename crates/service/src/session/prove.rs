//! Proving the ownership of an account by its password: one way for signing in, accepting one more invitation and changing a
//! password, with the same limits and the same time for every address.

use domain::{Failure, PersonId};

use super::{Lane, Origin, device};
use crate::Services;

/// Compares a password with the stored one of an account; without an account it takes as long. Only failures are counted
/// (B6); a browser that the person signed in with before has a lane and a count of its own (F10).
///
/// # Errors
/// [`Failure::TooMany`] after too many failed tries from this client; [`Failure::Unavailable`] when too many wait.
pub(crate) async fn prove(
    services: &Services,
    (address, person): (&str, Option<PersonId>),
    (password, stored): (&str, Option<&str>),
    origin: &Origin,
) -> Result<bool, Failure> {
    let limits = &services.limits;
    let device = person.and_then(|person| device::find(services, person, origin, services.now()));
    let device = device.filter(|device| limits.trusts(&device.name, services.now()));
    if let Some(device) = device {
        let right = services.hasher.verify(Lane::Known, password, stored).await?;
        if !right {
            limits.count_device_failure(&device.name, services.now());
        }
        return Ok(right);
    }
    limits.ask_try(address, &origin.client, services.now())?;
    tokio::time::sleep(limits.delay(address, services.now())).await;
    let _place = limits.place(&origin.client).await?;
    // Those ahead in the queue of the same network may have failed meanwhile.
    limits.ask_try(address, &origin.client, services.now())?;
    let right = services.hasher.verify(Lane::Unknown, password, stored).await?;
    if !right {
        limits.count_failure(address, &origin.client, services.now());
    }
    Ok(right)
}
