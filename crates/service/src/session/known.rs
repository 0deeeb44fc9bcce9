//! Who people are, remembered as long as the ledger does not move.
//!
//! Every change of a person, a company or a role writes an event in its transaction. The statement that finds a session
//! says how far the ledger goes, so what was read when it went as far is what would be read now: on every node, and
//! whatever the command line did. Where it moved on, everything is read anew (R19, T-A4).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::{PersonId, access::Actor};
use jiff::{SignedDuration, Timestamp};

/// For what changes beside the ledger: what a new release lets a role do.
const LONGEST: SignedDuration = SignedDuration::from_mins(1);

#[derive(Default)]
pub struct KnownActors(Mutex<Known>);

#[derive(Default)]
struct Known {
    head: i64,
    /// With the moment each was read at.
    actors: HashMap<PersonId, (Timestamp, Actor)>,
}

impl KnownActors {
    /// Somebody, if what is remembered of them was read when the ledger went to `head`, and no role of theirs ended since.
    pub(super) fn get(&self, person: PersonId, head: i64, now: Timestamp) -> Option<Actor> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, actor) = known.actors.get(&person).filter(|_| known.head == head)?;
        let fresh = *read_at <= now && now.duration_since(*read_at) < LONGEST;
        let holds = actor.grants.iter().all(|grant| grant.until.is_none_or(|until| until > now));
        (fresh && holds).then(|| actor.clone())
    }

    /// Remembers somebody who was read after the ledger had come to `head`.
    pub(super) fn put(&self, actor: &Actor, head: i64, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if head > known.head {
            known.head = head;
            known.actors.clear();
        }
        if head == known.head {
            known.actors.insert(actor.person, (now, actor.clone()));
        }
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

    fn somebody(until: Option<Timestamp>) -> Actor {
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
    fn r19_what_is_remembered_ends_with_the_ledger_the_role_and_the_minute() {
        let (known, now) = (KnownActors::default(), Timestamp::UNIX_EPOCH);
        let end = now + SignedDuration::from_secs(30);
        let actor = somebody(Some(end));
        known.put(&actor, 7, now);
        assert_eq!(known.get(actor.person, 7, now), Some(actor.clone()));
        assert_eq!(known.get(actor.person, 8, now), None, "the ledger moved");
        assert_eq!(known.get(actor.person, 7, end), None, "the role is over");

        let actor = somebody(None);
        known.put(&actor, 8, now);
        assert_eq!(known.get(actor.person, 7, now), None, "what was read later is not what stood before");
        assert_eq!(known.get(actor.person, 8, now + LONGEST), None, "a minute has passed");
        assert_eq!(known.get(actor.person, 8, now - SignedDuration::from_secs(1)), None, "the clock was set back");
        known.put(&somebody(None), 7, now);
        assert_eq!(known.get(actor.person, 8, now), Some(actor), "a slow reader does not bring back the past");
    }
}
