//! The connections of each client: a bounded number is served; others wait until one of those ends or becomes idle.

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

/// Each client with the number of its connections.
type Connected = HashMap<IpAddr, (Arc<Client>, usize)>;

/// All connected clients.
#[derive(Clone)]
pub struct Clients {
    per_client: usize,
    all: Arc<Mutex<Connected>>,
}

/// One client.
struct Client {
    seats: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// The number of connections without a seat.
    count: usize,
    /// Connections with a seat that are idle or have not sent a request yet, the longest waiting first.
    idle: VecDeque<Arc<Notify>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    fn new(seats: usize) -> Self {
        Self { seats: Arc::new(Semaphore::new(seats)), waiting: Mutex::default() }
    }
}

impl Clients {
    pub fn new(per_client: usize) -> Self {
        Self { per_client, all: Arc::default() }
    }

    /// Waits for a seat; returns `None` when too many connections of the client are waiting already, or when none becomes
    /// free in time.
    pub async fn enter(&self, address: IpAddr, patience: Duration) -> Option<Place> {
        let key = network(address);
        let client = {
            let mut all = lock(&self.all);
            let (client, visits) = all.entry(key).or_insert_with(|| (Arc::new(Client::new(self.per_client)), 0));
            *visits += 1;
            client.clone()
        };
        let visit = Visit { clients: self.clone(), key, client };
        let seat = match visit.client.seats.clone().try_acquire_owned() {
            Ok(seat) => seat,
            Err(_) => visit.wait(patience).await?,
        };
        let turn = Turn { client: Some(visit.client.clone()), leave: Arc::new(Notify::new()) };
        // Until its first request.
        lock(&visit.client.waiting).idle.push_back(turn.leave.clone());
        Some(Place { turn, _seat: Some(seat), _visit: Some(visit) })
    }
}

/// Returns an IPv4 address, or the /64 network of an IPv6 address, which is what a provider assigns to one customer.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    }
}

/// Keeps a client in the map while it has a connection.
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
                    "a client has too many connections; if it is a proxy, name it in trusted_proxies"
                );
                return None;
            }
            waiting.count += 1;
            if let Some(idle) = waiting.idle.pop_front() {
                idle.notify_one();
            }
        }
        // Counted down also when the wait is cancelled.
        let _one = Counted(&self.client);
        tokio::time::timeout(patience, self.client.seats.clone().acquire_owned()).await.ok()?.ok()
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut all = lock(&self.clients.all);
        if let Some((_, visits)) = all.get_mut(&self.key) {
            *visits -= 1;
            if *visits == 0 {
                all.remove(&self.key);
            }
        }
    }
}

struct Counted<'a>(&'a Client);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        lock(&self.0.waiting).count -= 1;
    }
}

/// The place of a connection while it is served.
pub struct Place {
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

    /// Completes when the connection is idle, or has not sent a request yet, and another one waits for its place.
    pub async fn wanted(&self) {
        self.turn.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.turn.forget();
    }
}

/// Tells whether a connection is busy or idle.
#[derive(Clone)]
pub struct Turn {
    client: Option<Arc<Client>>,
    leave: Arc<Notify>,
}

impl Turn {
    /// Marks the connection as busy until the guard is dropped.
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

/// The body of an answer; its connection is busy until the body is sent.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// F4: also when its last two connections end at the same moment.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn f4_a_client_without_connections_is_forgotten() {
        let clients = Clients::new(2);
        let address = IpAddr::from([203, 0, 113, 9]);
        let enter = || clients.enter(address, Duration::from_secs(1));
        for _ in 0..2_000 {
            let (one, other) = (enter().await.expect("a seat"), enter().await.expect("a seat"));
            let ended = tokio::spawn(async move { drop(one) });
            drop(other);
            ended.await.expect("dropped");
            assert!(lock(&clients.all).is_empty());
        }
    }
}
