//! A database that fails under the running program (F1, F14): a disk that reports errors or is full, a PostgreSQL that
//! breaks connections, goes away and comes back. The server never answers 2xx for what another process, this one, cannot
//! read.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use store::Db;

use super::program::{EMAIL, Server, install, sign_in};

/// Counts the rows of sessions as another process reads them.
async fn rows(database: &str) -> u64 {
    let db = Db::open_to_read(database, false).await.expect("a database");
    let person = store::people::find_by_email(&db, EMAIL).await.expect("asked").expect("an agent");
    let sessions = store::sessions::list(&db, person, "").await.expect("sessions").len();
    db.close().await.expect("closed");
    sessions as u64
}

/// Eight simultaneous writers, until they are told to stop.
struct Writers {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    statuses: Arc<Mutex<Vec<u16>>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Writers {
    fn start(address: SocketAddr) -> Self {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let statuses = Arc::new(Mutex::new(Vec::new()));
        let write = || {
            let (stop, acknowledged, statuses) = (stop.clone(), acknowledged.clone(), statuses.clone());
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let (status, _) = sign_in(address);
                    acknowledged.fetch_add(u64::from((200..300).contains(&status)), Ordering::Relaxed);
                    statuses.lock().expect("the list").push(status);
                }
            })
        };
        let threads = (0..8).map(|_| write()).collect();
        Self { stop, acknowledged, statuses, threads }
    }

    /// The number of acknowledged writes, and every status that was answered.
    fn stop(self) -> (u64, Vec<u16>) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("a writer");
        }
        let statuses = self.statuses.lock().expect("the list").clone();
        (self.acknowledged.load(Ordering::Relaxed), statuses)
    }
}

fn shim(place: &Path) -> PathBuf {
    let library = place.join("disk.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/disk.c");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(built.expect("a C compiler is there").success(), "the library that makes a disk fail is built");
    library
}

fn until(what: &str, patience: Duration, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < patience, "{what} within {patience:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Makes the disk fail in one way for two seconds under eight writers.
async fn survives(fault: &str, words: &str) {
    let place = tempfile::tempdir().expect("a directory");
    let (data, faults) = (place.path().join("data"), place.path().join("faults"));
    let library = shim(place.path());
    install(&data, &[]);
    let (preload, named) = (library.display().to_string(), faults.display().to_string());
    let server = Server::start(place.path(), &data, &[("LD_PRELOAD", &preload), ("FAULTS", &named)]);
    let database = Db::sqlite_url(&data.join("guichet.db"));
    let (status, cookie) = server.sign_in();
    assert_eq!(status, 200, "{}", server.said());
    let seen = |times: usize| {
        (0..times).filter(|_| server.get("/desk", &cookie).is_some_and(|reply| reply.status == 200)).count()
    };
    assert_eq!(seen(1), 1);

    std::fs::write(&faults, fault).expect("the disk fails");
    let writers = Writers::start(server.address);
    until("what fails is said", Duration::from_secs(5), || {
        server.get("/readyz", "").is_some_and(|reply| reply.status == 503 && reply.body.contains(words))
    });
    assert_eq!(seen(10), 10, "what was written before is read");
    thread::sleep(Duration::from_secs(2));
    std::fs::remove_file(&faults).expect("the disk works");
    thread::sleep(Duration::from_secs(2));
    let (acknowledged, statuses) = writers.stop();
    assert!(statuses.contains(&503) && statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert!(rows(&database).await > acknowledged, "what was acknowledged is there, and the one before");

    let before = rows(&database).await;
    let again = (0..40).filter(|_| server.sign_in().0 == 200).count();
    assert_eq!(again, 40, "{}", server.said());
    assert_eq!(rows(&database).await, before + 40);
    assert_eq!(seen(40), 40, "every connection reads the same");
    until("all is well", Duration::from_secs(2), || server.get("/readyz", "").is_some_and(|reply| reply.status == 200));
    let said = server.said();
    assert!(said.contains(words) && said.contains("(code: "), "the log names the cause: {said}");
    server.stop();
    assert_eq!(rows(&database).await, before + 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_failed_fsync_acknowledges_nothing_and_poisons_nothing() {
    survives("fsync", "I/O error").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_full_disk_acknowledges_nothing_and_poisons_nothing() {
    survives("full", "the disk is full").await;
}

/// A proxy between the server and PostgreSQL that can be cut and closed.
struct Proxy {
    address: SocketAddr,
    target: String,
    open: Arc<AtomicBool>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    fn before(target: &str) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let (open, connections) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let proxy = Self { address, target: target.to_owned(), open, connections };
        proxy.open();
        proxy
    }

    fn open(&self) {
        let listener = TcpListener::bind(self.address).expect("the port is free");
        listener.set_nonblocking(true).expect("it does not wait");
        self.open.store(true, Ordering::Relaxed);
        let (open, connections, target) = (self.open.clone(), self.connections.clone(), self.target.clone());
        thread::spawn(move || {
            while open.load(Ordering::Relaxed) {
                let Ok((client, _)) = listener.accept() else {
                    thread::sleep(Duration::from_millis(2));
                    continue;
                };
                client.set_nonblocking(false).expect("a connection");
                let Ok(server) = TcpStream::connect(&target) else { continue };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().expect("a handle"), to.try_clone().expect("a handle"));
                    thread::spawn(move || carry(from, to));
                }
                connections.lock().expect("the list").extend([client, server]);
            }
        });
    }

    /// Breaks every connection, whatever is under way on it.
    fn cut(&self) {
        for connection in self.connections.lock().expect("the list").drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    fn close(&self) {
        self.open.store(false, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(50));
        self.cut();
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 16 * 1024];
    let copy = |from: &mut TcpStream, to: &mut TcpStream, bytes: &mut [u8]| -> io::Result<usize> {
        let read = from.read(bytes)?;
        to.write_all(&bytes[..read])?;
        Ok(read)
    };
    while copy(&mut from, &mut to, &mut bytes).is_ok_and(|read| read > 0) {}
    let _ = to.shutdown(Shutdown::Both);
}

/// F1, F14: connections break in the middle of transactions, the server goes away and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn f14_nothing_is_lost_while_postgres_is_away() {
    let Ok(postgres) = std::env::var("GUICHET_TEST_POSTGRES") else { return };
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    let name = format!("disk_{}", domain::ids::IdSource::uuid(&service::RandomIds).simple());
    let database = store::admin::create_database(&postgres, &name).await.expect("a database");
    let target = postgres.split(['@', '/']).find(|part| part.contains(':') && part.parse::<SocketAddr>().is_ok());
    let proxy = Proxy::before(target.expect("the address of the server"));
    let through = database.replace(target.expect("an address"), &proxy.address.to_string());
    let variables = [("GUICHET_DATABASE_URL", through.as_str())];
    install(&data, &variables);
    let server = Server::start(place.path(), &data, &variables);
    let (status, cookie) = server.sign_in();
    assert_eq!(status, 200, "{}", server.said());

    let writers = Writers::start(server.address);
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(200));
        proxy.cut();
    }
    thread::sleep(Duration::from_millis(500));
    proxy.close();
    thread::sleep(Duration::from_millis(1500));
    for path in ["/readyz", "/cases"] {
        let begun = Instant::now();
        let reply = server.get(path, &cookie).expect("an answer");
        assert_eq!(reply.status, 503, "{path}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{path}: {:?}", begun.elapsed());
        assert!(reply.head.to_lowercase().contains("retry-after: "), "{path}: {}", reply.head);
    }
    proxy.open();
    thread::sleep(Duration::from_secs(2));
    let (acknowledged, statuses) = writers.stop();
    assert!(statuses.contains(&503) && statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert!(rows(&database).await > acknowledged, "what was acknowledged is there, and the one before");
    let before = rows(&database).await;
    assert_eq!((0..40).filter(|_| server.sign_in().0 == 200).count(), 40, "{}", server.said());
    assert_eq!(rows(&database).await, before + 40);
    server.stop();
}
