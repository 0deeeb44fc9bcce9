//! The actors of recent requests, remembered as long as what they may do stands still (docs/adr/0006).
//!
//! Every change of a person, a company or a role counts up a version in its transaction (`store::audit::append`). The
//! statement that finds a session reads the versions too, so an actor that was read at the same ones is what would be read
//! now: on every node, and whatever the command line did (R19, T-A4).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::{PersonId, access::Actor};
use jiff::{SignedDuration, Timestamp};
use store::sessions::AccessVersion;

/// For what changes beside the ledger: what a new release lets a role do.
const LONGEST: SignedDuration = SignedDuration::from_mins(1);
/// From this number on, actors that are remembered for too long make room.
const MANY: usize = 4_096;

#[derive(Default)]
pub struct KnownActors(Mutex<HashMap<PersonId, Known>>);

struct Known {
    access: AccessVersion,
    read_at: Timestamp,
    actor: Actor,
}

impl Known {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.read_at <= now && now.duration_since(self.read_at) < LONGEST
    }
}

impl KnownActors {
    /// The cached actor, if it was read at this version and none of its grants has ended since.
    pub(super) fn get(&self, person: PersonId, access: AccessVersion, now: Timestamp) -> Option<Actor> {
        let actors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = actors.get(&person).filter(|known| known.access == access && known.is_fresh(now))?;
        let holds = known.actor.grants.iter().all(|grant| grant.until.is_none_or(|until| until > now));
        holds.then(|| known.actor.clone())
    }

    /// Remembers an actor who was read after `access` had been; an older version does not replace a newer one.
    pub(super) fn put(&self, actor: &Actor, access: AccessVersion, now: Timestamp) {
        let mut actors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let older = |known: &Known| access.own < known.access.own || access.everyone < known.access.everyone;
        if actors.get(&actor.person).is_some_and(older) {
            return;
        }
        if actors.len() >= MANY {
            actors.retain(|_, known| known.is_fresh(now));
        }
        actors.insert(actor.person, Known { access, read_at: now, actor: actor.clone() });
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        access::{Grant, Reach, Role},
        locale::Locale,
    };
    use uuid::Uuid;

    use super::*;

    fn agent(until: Option<Timestamp>) -> Actor {
        let grant = Grant {
            id: Uuid::nil().into(),
            role: Role::Agent,
            organisation: None,
            products: None,
            reach: Reach::default(),
            until,
            permissions: Vec::new(),
        };
        Actor {
            person: Uuid::nil().into(),
            name: String::new(),
            email: String::new(),
            locale: Locale::En,
            zone: "UTC".into(),
            zone_known: true,
            memberships: Vec::new(),
            grants: vec![grant],
        }
    }

    #[test]
    fn r19_remembered_actor_ends_with_the_version_the_role_and_the_minute() {
        let (known, now) = (KnownActors::default(), Timestamp::UNIX_EPOCH);
        let version = |own, everyone| AccessVersion { own, everyone };
        let end = now + SignedDuration::from_secs(30);
        let actor = agent(Some(end));
        known.put(&actor, version(1, 7), now);
        assert_eq!(known.get(actor.person, version(1, 7), now), Some(actor.clone()));
        assert_eq!(known.get(actor.person, version(2, 7), now), None, "the person changed");
        assert_eq!(known.get(actor.person, version(1, 8), now), None, "a phase moved");
        assert_eq!(known.get(actor.person, version(1, 7), end), None, "the role is over");

        let actor = agent(None);
        known.put(&actor, version(1, 8), now);
        assert_eq!(known.get(actor.person, version(1, 7), now), None, "what was read later is not what stood before");
        assert_eq!(known.get(actor.person, version(1, 8), now + LONGEST), None, "a minute has passed");
        let before = now - SignedDuration::from_secs(1);
        assert_eq!(known.get(actor.person, version(1, 8), before), None, "the clock was set back");
        known.put(&agent(None), version(1, 7), now);
        assert_eq!(
            known.get(actor.person, version(1, 8), now),
            Some(actor),
            "a slow reader does not bring back the past"
        );
    }

    #[test]
    fn actors_of_long_ago_make_room() {
        let (known, now) = (KnownActors::default(), Timestamp::UNIX_EPOCH);
        let someone = |number: u128| Actor { person: Uuid::from_u128(number).into(), ..agent(None) };
        for number in 0..MANY as u128 {
            known.put(&someone(number), AccessVersion::default(), now);
        }
        known.put(&someone(u128::MAX), AccessVersion::default(), now + LONGEST);
        assert_eq!(known.0.lock().expect("no panic").len(), 1);
    }
}
