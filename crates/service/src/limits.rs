//! How often a person, a network or an account may do something. Everything is counted in this process.
//!
//! What a signed-in person writes is counted where a change begins ([`crate::Change::begin`]), what sends mails where the
//! mail is queued ([`crate::Change::mail`]): a use case cannot forget it (A5, F13). Tries to prove who one is are counted
//! when they fail, so that a whole company behind one address gets in on launch morning (B6).

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{Failure, PersonId};
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// How many password checks of one network run or wait for the hasher at once (F10); its other ones wait for these.
const PLACES: usize = 2;
/// How many more of one network may wait, and for how long.
const WAITING: usize = 64;
const WAIT: Duration = Duration::from_secs(10);
/// Above so many networks, the idle ones are dropped.
const MANY_NETWORKS: usize = 8_192;

/// Failed tries on one account in an hour, from unknown browsers, after which each further one waits. It is never refused for
/// them: that would be the way to lock a person out.
const SLOWED_AFTER: u32 = 30;
/// By how much the wait grows with each try beyond, and where that ends.
const SLOWED_BY: Duration = Duration::from_millis(250);
const SLOWEST: Duration = Duration::from_secs(5);

/// Failed tries an hour from a browser that the person signed in with before; then it counts as unknown.
const DEVICE: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// How many times as many drafts and sent forms as changes are allowed: a browser sends one every few seconds, and several
/// forms may be open.
const DRAFTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);

/// The limits of one process.
pub struct Limits {
    /// Changes by person: everything that is written.
    write: DefaultKeyedRateLimiter<Uuid>,
    /// Changes by person that send mails.
    mail: DefaultKeyedRateLimiter<Uuid>,
    /// Sessions by person who starts them.
    start: DefaultKeyedRateLimiter<Uuid>,
    /// Drafts of forms by person, which browsers send while one types (T09).
    draft: DefaultKeyedRateLimiter<Uuid>,
    /// Forms by person, taken or not: each is noted before its function counts it (B36).
    form: DefaultKeyedRateLimiter<Uuid>,
    /// Forms of visitors without a session by network: each is noted before its function counts anything.
    visitor: Tally,
    /// Requests for links by address and network.
    ask: Tally,
    /// Requests for links by network.
    ask_network: Tally,
    /// Failed tries by address and network, so that one network cannot lock others out.
    pair: Tally,
    /// Failed tries by network, whatever the address.
    network: Tally,
    /// Failed tries by address, from every network: they slow down and do not shut out.
    account: Tally,
    /// Failed tries by browser.
    device: Tally,
    places: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// Proves that a write was counted, for [`crate::Change::begin_counted`].
#[derive(Debug)]
pub struct Counted(());

/// A place in the queue of one network; the next one gets it when this is dropped.
#[derive(Debug)]
pub struct Place {
    _one: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

impl Limits {
    /// All three a minute: failed tries by address and client, failed tries by client, changes by person. Changes that send
    /// mails are half as many.
    pub fn new(sign_in: NonZeroU32, sign_in_client: NonZeroU32, write: NonZeroU32) -> Self {
        let half = NonZeroU32::new(write.get() / 2).unwrap_or(NonZeroU32::MIN);
        let asked = sign_in_client.saturating_mul(NonZeroU32::MIN.saturating_add(2));
        Self {
            write: RateLimiter::keyed(Quota::per_minute(write)),
            mail: RateLimiter::keyed(Quota::per_minute(half)),
            start: RateLimiter::keyed(Quota::per_minute(write)),
            draft: RateLimiter::keyed(Quota::per_minute(write.saturating_mul(DRAFTS))),
            form: RateLimiter::keyed(Quota::per_minute(write.saturating_mul(DRAFTS))),
            visitor: Tally::new(MINUTE, asked),
            ask: Tally::new(MINUTE, sign_in),
            ask_network: Tally::new(MINUTE, asked),
            pair: Tally::new(MINUTE, sign_in),
            network: Tally::new(MINUTE, sign_in_client),
            account: Tally::new(SignedDuration::from_hours(1), NonZeroU32::MIN.saturating_add(SLOWED_AFTER - 1)),
            device: Tally::new(SignedDuration::from_hours(1), DEVICE),
            places: Mutex::default(),
        }
    }

    /// Counts a change by a person.
    ///
    /// # Errors
    /// [`Failure::TooMany`] for a person who writes faster than a person can.
    pub(crate) fn count_write(&self, person: PersonId) -> Result<Counted, Failure> {
        count(&self.write, person).map(|()| Counted(()))
    }

    /// Counts a change by a person that sends mails.
    pub(crate) fn count_mail(&self, person: PersonId) -> Result<(), Failure> {
        count(&self.mail, person)
    }

    /// Counts a session that a person starts.
    pub(crate) fn count_start(&self, person: PersonId) -> Result<(), Failure> {
        count(&self.start, person)
    }

    /// Counts a draft that a browser sends while a person types.
    pub(crate) fn count_draft(&self, person: PersonId) -> Result<(), Failure> {
        count(&self.draft, person)
    }

    /// Counts a form that a person sends, whether it will be taken or not.
    pub(crate) fn count_form(&self, person: PersonId) -> Result<(), Failure> {
        count(&self.form, person)
    }

    /// Counts a form of a visitor without a session; returns whether it is noted, or there were too many of its network.
    pub(crate) fn count_visitor(&self, client: &str, now: Timestamp) -> bool {
        let networks = networks(client);
        let room = networks.iter().all(|(network, most)| self.visitor.ask(network, *most, now).is_ok());
        for (network, _) in networks.iter().filter(|_| room) {
            self.visitor.add(network, now);
        }
        room
    }

    /// Counts a request for a link, whether the address is known or not.
    pub(crate) fn count_ask(&self, address: &str, client: &str, now: Timestamp) -> Result<(), Failure> {
        let networks = networks(client);
        let pairs = networks.iter().map(|(network, most)| (&self.ask, (address, network.as_str()), *most));
        let alone = networks.iter().map(|(network, most)| (&self.ask_network, ("", network.as_str()), *most));
        let asked: Vec<_> = pairs.chain(alone).collect();
        for (tally, key, most) in &asked {
            tally.ask(key, *most, now)?;
        }
        for (tally, key, _) in &asked {
            tally.add(key, now);
        }
        Ok(())
    }

    /// Asks whether a try to prove the ownership of an address may be made; counts nothing.
    ///
    /// # Errors
    /// [`Failure::TooMany`] after too many failed ones (F10: of the /64, the /56 and the /48 of an IPv6 address).
    pub(crate) fn ask_try(&self, address: &str, client: &str, now: Timestamp) -> Result<(), Failure> {
        for (network, most) in networks(client) {
            self.network.ask(&network, most, now)?;
            self.pair.ask(&(address, network.as_str()), most, now)?;
        }
        Ok(())
    }

    /// Counts a failed try from an unknown browser.
    pub(crate) fn count_failure(&self, address: &str, client: &str, now: Timestamp) {
        for (network, _) in networks(client) {
            self.network.add(&network, now);
            self.pair.add(&(address, network.as_str()), now);
        }
        self.account.add(&address, now);
    }

    /// Returns how long a try on an account waits before its password is verified.
    pub(crate) fn delay(&self, address: &str, now: Timestamp) -> Duration {
        let beyond = self.account.beyond(&address, now);
        SLOWED_BY.saturating_mul(beyond).min(SLOWEST)
    }

    /// Whether a known browser still counts as one.
    pub(crate) fn trusts(&self, device: &str, now: Timestamp) -> bool {
        self.device.ask(&device, 1, now).is_ok()
    }

    /// Counts a failed try from a known browser.
    pub(crate) fn count_device_failure(&self, device: &str, now: Timestamp) {
        self.device.add(&device, now);
    }

    /// Waits for one of the two places that a network has at the hasher.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when too many of the network wait already, or the wait is too long.
    pub(crate) async fn place(&self, client: &str) -> Result<Place, Failure> {
        // The widest network: one attacker has all the others within it.
        let Some((network, _)) = networks(client).pop() else { return Ok(Place { _one: None }) };
        let (queue, turns) = {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            if places.len() > MANY_NETWORKS {
                places.retain(|_, place| Arc::strong_count(place) > 1);
            }
            let mut of = |kind: &str, size| {
                let place = places.entry(format!("{kind} {network}"));
                place.or_insert_with(|| Arc::new(Semaphore::new(size))).clone()
            };
            (of("queue", PLACES + WAITING), of("turn", PLACES))
        };
        let waiting = queue.try_acquire_owned().map_err(|_| Failure::Unavailable)?;
        let turn = tokio::time::timeout(WAIT, turns.acquire_owned()).await;
        let turn = turn.map_err(|_| Failure::Unavailable)?.map_err(|_| Failure::Unavailable)?;
        Ok(Place { _one: Some((waiting, turn)) })
    }

    /// Drops what no longer counts.
    pub(crate) fn forget(&self, now: Timestamp) {
        for limiter in [&self.write, &self.mail, &self.start, &self.draft, &self.form] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        for tally in
            [&self.visitor, &self.ask, &self.ask_network, &self.pair, &self.network, &self.account, &self.device]
        {
            tally.forget(now);
        }
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|_, place| Arc::strong_count(place) > 1);
        places.shrink_to_fit();
    }
}

fn count(limiter: &DefaultKeyedRateLimiter<Uuid>, person: PersonId) -> Result<(), Failure> {
    limiter.check_key(&person.uuid()).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        too_many(wait.as_secs())
    })
}

fn too_many(seconds: u64) -> Failure {
    Failure::TooMany { retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX).saturating_add(1) }
}

/// The networks that a client belongs to, each with its multiple of the limit: the IPv4 address; of an IPv6 address the 64
/// bits that a home gets, and the 56 and 48 that providers assign to one customer, who has 256 and 65,536 of the smaller ones.
fn networks(client: &str) -> Vec<(String, u32)> {
    match client.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => [(64, 1), (56, 2), (48, 4)]
            .into_iter()
            .map(|(bits, most)| {
                let prefix = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits)));
                (format!("{prefix}/{bits}"), most)
            })
            .collect(),
        Ok(IpAddr::V4(address)) => vec![(address.to_string(), 1)],
        Err(_) => vec![(client.to_owned(), 1)],
    }
}

/// Counts recent events by key: so many in a period, and each expires a while later, one after the other.
///
/// `governor` counts when it is asked. This one answers without counting, counts afterwards, knows how far beyond the limit a
/// key is, and takes its time from the injected clock. It keeps a hash and a moment of each key.
struct Tally {
    /// How long one of them counts, in microseconds.
    each: i64,
    most: u32,
    state: RandomState,
    /// When everything counted for a key will have expired, in microseconds.
    until: Mutex<HashMap<u64, i64>>,
}

impl Tally {
    fn new(period: SignedDuration, most: NonZeroU32) -> Self {
        let each = i64::try_from(period.as_micros()).unwrap_or(i64::MAX) / i64::from(most.get());
        Self { each, most: most.get(), state: RandomState::new(), until: Mutex::default() }
    }

    fn until(&self, key: &impl Hash, now: i64) -> i64 {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.get(&self.state.hash_one(key)).copied().unwrap_or(now).max(now)
    }

    /// Asks whether there is room for one more within `times` the limit; counts nothing.
    fn ask(&self, key: &impl Hash, times: u32, now: Timestamp) -> Result<(), Failure> {
        let now = now.as_microsecond();
        let room = self.each.saturating_mul(i64::from(self.most.saturating_mul(times)));
        let over = self.until(key, now) + self.each - now - room;
        if over <= 0 { Ok(()) } else { Err(too_many(over.unsigned_abs() / 1_000_000)) }
    }

    fn add(&self, key: &impl Hash, now: Timestamp) {
        let now = now.as_microsecond();
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = until.entry(self.state.hash_one(key)).or_insert(now);
        *entry = (*entry).max(now).saturating_add(self.each);
    }

    /// Returns by how many a key is at or beyond the limit.
    fn beyond(&self, key: &impl Hash, now: Timestamp) -> u32 {
        let now = now.as_microsecond();
        let counted = (self.until(key, now) - now).checked_div(self.each).unwrap_or_default();
        u32::try_from(counted).unwrap_or(u32::MAX).saturating_sub(self.most - 1)
    }

    fn forget(&self, now: Timestamp) {
        let now = now.as_microsecond();
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.retain(|_, until| *until > now);
        until.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a moment")
    }

    fn defaults() -> Limits {
        let number = |n| NonZeroU32::new(n).expect("a number");
        Limits::new(number(5), number(20), number(30))
    }

    #[test]
    fn f10_an_ipv6_client_is_each_of_its_networks() {
        let keys = |client: &str| networks(client).into_iter().map(|(network, _)| network).collect::<Vec<_>>();
        assert_eq!(keys("2001:db8:1:203:4::5"), ["2001:db8:1:203::/64", "2001:db8:1:200::/56", "2001:db8:1::/48"]);
        assert_eq!(keys("2001:db8:1:2::1")[0], keys("2001:db8:1:2:ffff::1")[0]);
        assert_eq!(keys("::ffff:192.0.2.7"), ["192.0.2.7"]);
        assert_ne!(keys("192.0.2.7"), keys("192.0.2.8"));
    }

    #[test]
    fn b6_only_failures_are_counted_and_they_are_forgotten() {
        let limits = defaults();
        for _ in 0..1_000 {
            assert_eq!(limits.ask_try("ana@example.com", "192.0.2.7", at(0)), Ok(()));
        }
        for _ in 0..5 {
            assert_eq!(limits.ask_try("ana@example.com", "192.0.2.7", at(0)), Ok(()));
            limits.count_failure("ana@example.com", "192.0.2.7", at(0));
        }
        let refused = limits.ask_try("ana@example.com", "192.0.2.7", at(0));
        assert_eq!(refused, Err(Failure::TooMany { retry_after_seconds: 13 }));
        assert_eq!(limits.ask_try("ana@example.com", "192.0.2.8", at(0)), Ok(()), "from elsewhere");
        assert_eq!(limits.ask_try("bob@example.com", "192.0.2.7", at(0)), Ok(()), "another account");
        assert_eq!(limits.ask_try("ana@example.com", "192.0.2.7", at(12)), Ok(()), "one is forgotten");
        for person in 0..15 {
            limits.count_failure(&format!("p{person}@example.com"), "192.0.2.7", at(0));
        }
        assert!(limits.ask_try("new@example.com", "192.0.2.7", at(0)).is_err(), "twenty from one client");
    }

    /// F10: 65,536 networks of one provider's customer are not 65,536 clients.
    #[test]
    fn f10_a_whole_ipv6_site_has_four_times_the_limit() {
        let limits = defaults();
        let mut tries = 0;
        for net in 0..1_000 {
            let client = format!("2001:db8:1:{net:x}::1");
            if limits.ask_try("ana@example.com", &client, at(0)).is_ok() {
                limits.count_failure("ana@example.com", &client, at(0));
                tries += 1;
            }
        }
        assert_eq!(tries, 20, "ten of the first /56, ten of the second, and that is what the /48 has");
    }

    /// F10: a flood of forms of visitors is not noted, whatever else a network sends.
    #[test]
    fn f10_forms_of_visitors_are_noted_up_to_a_number_for_a_network() {
        let limits = defaults();
        let noted = (0..100).filter(|_| limits.count_visitor("192.0.2.7", at(0))).count();
        assert_eq!(noted, 60);
        assert!(limits.count_visitor("192.0.2.8", at(0)), "from elsewhere");
        assert!(limits.count_visitor("192.0.2.7", at(1)), "one is forgotten");
    }

    /// F10: an account that is attacked from everywhere is slow, never shut.
    #[test]
    fn f10_an_attacked_account_is_slow_and_open() {
        let limits = defaults();
        for client in 0..200 {
            let (client, expected) = (format!("10.0.0.{client}"), (client + 1_u32).saturating_sub(30));
            assert_eq!(limits.ask_try("ana@example.com", &client, at(0)), Ok(()));
            assert_eq!(limits.delay("ana@example.com", at(0)), (SLOWED_BY * expected).min(SLOWEST), "{client}");
            limits.count_failure("ana@example.com", &client, at(0));
        }
        assert_eq!(limits.delay("bob@example.com", at(0)), Duration::ZERO);
        assert_eq!(limits.delay("ana@example.com", at(7 * 3600)), Duration::ZERO, "it is forgotten");
    }

    #[test]
    fn what_is_past_takes_no_memory() {
        let limits = defaults();
        limits.count_failure("ana@example.com", "192.0.2.7", at(0));
        limits.forget(at(1));
        assert_eq!(limits.account.until.lock().expect("there").len(), 1);
        limits.forget(at(3_600));
        assert_eq!(limits.account.until.lock().expect("there").len(), 0);
    }

    #[test]
    fn a_limit_without_bound_refuses_no_one() {
        let limits = Limits::new(NonZeroU32::MAX, NonZeroU32::MAX, NonZeroU32::MAX);
        for _ in 0..10_000 {
            assert_eq!(limits.ask_try("ana@example.com", "192.0.2.7", at(0)), Ok(()));
            limits.count_failure("ana@example.com", "192.0.2.7", at(0));
        }
    }
}
