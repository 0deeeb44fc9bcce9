//! A fair share of the machine (F4, R9): for each person, each company and each client without a session, a bounded number
//! of requests is processed at the same time, and their others wait in turn. A company that sends as many as it can waits
//! for itself; to the others it is only one more.
//!
//! Open or slow connections take no share: live streams, uploads, and the body of a form, which has already arrived. Signing
//! in has queues of its own (`service::session`).

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::available_parallelism,
    time::Duration,
};

use app::request::Facts;
use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use domain::{Failure, OrganisationId, PersonId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::AppState;
use crate::{listen::network, router::LIVE, web};

/// The number of further requests of a person, a company or a client that may wait.
const WAITING: usize = 256;
/// The longest wait.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Person(PersonId),
    Company(OrganisationId),
    Client(IpAddr),
}

/// The owners of requests that are under way or waiting.
#[derive(Clone)]
pub struct Shares {
    /// The number for a person at the same time; a company gets one more, so that no one can keep out colleagues.
    most: usize,
    all: Arc<Mutex<HashMap<Whose, Known>>>,
}

struct Known {
    queue: Arc<Queue>,
    /// The number of requests in the queue, including those in progress.
    visits: usize,
}

struct Queue {
    /// One for each request that waits.
    places: Semaphore,
    turns: Arc<Semaphore>,
}

impl Default for Shares {
    fn default() -> Self {
        Self::new(available_parallelism().map_or(2, usize::from).max(2))
    }
}

impl Shares {
    fn new(most: usize) -> Self {
        Self { most, all: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Whose, Known>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when too many wait already, or the wait is too long.
    async fn turn(&self, whose: Whose) -> Result<Turn, Failure> {
        let visit = self.visit(whose);
        let place = visit.queue.places.try_acquire().map_err(|_| Failure::Unavailable)?;
        let turn = tokio::time::timeout(PATIENCE, visit.queue.turns.clone().acquire_owned()).await;
        drop(place);
        let turn = turn.map_err(|_| Failure::Unavailable)?.map_err(|_| Failure::Unavailable)?;
        Ok(Turn { _turn: turn, _visit: visit })
    }

    fn visit(&self, whose: Whose) -> Visit {
        let most = if matches!(whose, Whose::Company(_)) { self.most + 1 } else { self.most };
        let new = || Queue { places: Semaphore::new(WAITING), turns: Arc::new(Semaphore::new(most)) };
        let mut all = self.lock();
        let known = all.entry(whose).or_insert_with(|| Known { queue: Arc::new(new()), visits: 0 });
        known.visits += 1;
        Visit { shares: self.clone(), whose, queue: known.queue.clone() }
    }
}

/// Keeps a queue in the map while a request is in it.
struct Visit {
    shares: Shares,
    whose: Whose,
    queue: Arc<Queue>,
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut all = self.shares.lock();
        if let Some(known) = all.get_mut(&self.whose) {
            known.visits -= 1;
            if known.visits == 0 {
                all.remove(&self.whose);
            }
        }
    }
}

/// A request in progress.
struct Turn {
    _turn: OwnedSemaphorePermit,
    _visit: Visit,
}

pub async fn fair_share(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut turns = Vec::new();
    for whose in whose(&request) {
        match state.shares.turn(whose).await {
            Ok(turn) => turns.push(turn),
            Err(failure) => {
                tracing::info!(?whose, "too much at once");
                return web::failure(request.headers(), failure);
            }
        }
    }
    next.run(request).await
}

/// The person's queue comes first, so that one person never has more requests in the company's queue than may be in
/// progress.
fn whose(request: &Request) -> Vec<Whose> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let function = request.uri().path().starts_with("/fn/");
    let Some(facts) = request.extensions().get::<Facts>().filter(|_| reads || function) else { return Vec::new() };
    match &facts.actor {
        _ if request.uri().path() == LIVE => Vec::new(),
        Some(actor) => {
            let person = Whose::Person(actor.person);
            std::iter::once(person).chain(facts.company.map(Whose::Company)).collect()
        }
        None if reads => facts.origin.client.parse().map(network).map(Whose::Client).into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn person(number: u128) -> Whose {
        Whose::Person(Uuid::from_u128(number).into())
    }

    /// R9: the requests beyond one owner's share wait in turn, and no one else's do.
    #[tokio::test]
    async fn r9_one_person_keeps_nobody_else_waiting() {
        let shares = Shares::new(2);
        let first = (shares.turn(person(1)).await.expect("a turn"), shares.turn(person(1)).await.expect("a turn"));
        let third = tokio::spawn({
            let shares = shares.clone();
            async move { shares.turn(person(1)).await.map(|_| ()) }
        });
        tokio::task::yield_now().await;
        assert!(!third.is_finished(), "two at once");
        shares.turn(person(2)).await.expect("another person");
        drop(first);
        assert_eq!(third.await.expect("no panic"), Ok(()));
        assert!(shares.lock().is_empty(), "who asks for nothing takes no memory");
    }

    /// R9: while a person uses all of their share, a colleague is still served.
    #[tokio::test]
    async fn r9_a_company_has_one_more_turn_than_a_person() {
        let shares = Shares::new(2);
        let company = Whose::Company(Uuid::from_u128(7).into());
        let _own = (shares.turn(company).await, shares.turn(company).await, shares.turn(company).await);
        let next = tokio::time::timeout(Duration::from_millis(20), shares.turn(company)).await;
        assert!(next.is_err(), "three at once");
    }

    #[tokio::test]
    async fn r9_a_queue_has_an_end() {
        let shares = Shares::new(1);
        let _own = shares.turn(person(1)).await.expect("a turn");
        let waiting: Vec<_> = (0..WAITING)
            .map(|_| {
                let shares = shares.clone();
                tokio::spawn(async move { shares.turn(person(1)).await.map(|_| ()) })
            })
            .collect();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(shares.turn(person(1)).await.map(|_| ()), Err(Failure::Unavailable));
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
