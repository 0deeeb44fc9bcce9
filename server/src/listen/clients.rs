//! The connections of each client: a bounded number is served, the others wait for one of those to end or to lie idle.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv6Addr},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// All clients that are connected.
#[derive(Clone)]
pub struct Clients {
    per_client: usize,
    all: Arc<Mutex<HashMap<IpAddr, Arc<Client>>>>,
}

/// One client.
struct Client {
    seats: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// Connections that have no seat yet.
    count: usize,
    /// Those with a seat that lie idle or have not asked yet, the longest first.
    idle: VecDeque<Arc<Notify>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clients {
    pub fn new(per_client: usize) -> Self {
        Self { per_client, all: Arc::default() }
    }

    /// Waits for a seat; `None` when too many of the client wait already, or none became free in time.
    pub async fn enter(&self, address: IpAddr, patience: Duration) -> Option<Place> {
        let key = network(address);
        let client = lock(&self.all)
            .entry(key)
            .or_insert_with(|| {
                Arc::new(Client { seats: Arc::new(Semaphore::new(self.per_client)), waiting: Mutex::default() })
            })
            .clone();
        let visit = Visit { clients: self.clone(), key, client };
        let seat = match visit.client.seats.clone().try_acquire_owned() {
            Ok(seat) => seat,
            Err(_) => visit.wait(patience).await?,
        };
        let turn = Turn { client: Some(visit.client.clone()), leave: Arc::new(Notify::new()) };
        // Until it asks something.
        lock(&visit.client.waiting).idle.push_back(turn.leave.clone());
        Some(Place { turn, _seat: Some(seat), _visit: Some(visit) })
    }
}

/// An IPv4 address, or the 64 bits of an IPv6 address that one customer of a provider gets.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    }
}

/// Keeps a client known while it has a connection.
struct Visit {
    clients: Clients,
    key: IpAddr,
    client: Arc<Client>,
}

impl Visit {
    async fn wait(&self, patience: Duration) -> Option<OwnedSemaphorePermit> {
        {
            let mut waiting = lock(&self.client.waiting);
            if waiting.count >= self.clients.per_client {
                tracing::warn!(
                    client = %self.key,
                    "a client has too many connections; a proxy is to be named in trusted_proxies"
                );
                return None;
            }
            waiting.count += 1;
            if let Some(idle) = waiting.idle.pop_front() {
                idle.notify_one();
            }
        }
        // Also when the wait is given up from outside.
        let _one = Counted(&self.client);
        tokio::time::timeout(patience, self.client.seats.clone().acquire_owned()).await.ok()?.ok()
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut all = lock(&self.clients.all);
        // The map and this visit: no other connection knows the client, and none learns of it while the map is locked.
        if Arc::strong_count(&self.client) == 2 {
            all.remove(&self.key);
        }
    }
}

struct Counted<'a>(&'a Client);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        lock(&self.0.waiting).count -= 1;
    }
}

/// What a connection holds while it is served.
pub struct Place {
    // Dropped in this order: the visit forgets a client that nothing else knows.
    turn: Turn,
    _seat: Option<OwnedSemaphorePermit>,
    _visit: Option<Visit>,
}

impl Place {
    pub fn unbounded() -> Self {
        Self { turn: Turn { client: None, leave: Arc::new(Notify::new()) }, _seat: None, _visit: None }
    }

    pub fn turn(&self) -> Turn {
        self.turn.clone()
    }

    /// Ends when the connection lies idle, or has not asked yet, and another one waits for its place.
    pub async fn wanted(&self) {
        self.turn.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.turn.forget();
    }
}

/// Says whether a connection answers or lies idle.
#[derive(Clone)]
pub struct Turn {
    client: Option<Arc<Client>>,
    leave: Arc<Notify>,
}

impl Turn {
    /// The connection is busy until the guard is dropped.
    pub fn begin(&self) -> Busy {
        self.forget();
        Busy(self.clone())
    }

    fn forget(&self) {
        if let Some(client) = &self.client {
            lock(&client.waiting).idle.retain(|idle| !Arc::ptr_eq(idle, &self.leave));
        }
    }
}

/// An answer under way.
pub struct Busy(Turn);

impl Drop for Busy {
    fn drop(&mut self) {
        let Some(client) = &self.0.client else { return };
        let mut waiting = lock(&client.waiting);
        if waiting.count > 0 {
            self.0.leave.notify_one();
        } else {
            waiting.idle.push_back(self.0.leave.clone());
        }
    }
}

/// The body of an answer; its connection is busy until it was sent.
pub struct Answer {
    body: Body,
    _busy: Busy,
}

impl Answer {
    pub const fn new(body: Body, busy: Busy) -> Self {
        Self { body, _busy: busy }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
