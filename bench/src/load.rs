//! Asks a running server, and measures how many answers come, and how late.

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{
    client::{Ask, Client, Problem},
    data,
    people::People,
};

/// What one run found.
#[derive(Debug, Deserialize, Serialize)]
pub struct Results {
    /// In the order in which they are printed.
    pub rows: Vec<Row>,
    /// MiB, before and after the load.
    pub memory: [u64; 2],
}

#[derive(Debug, Deserialize, Serialize)]
pub struct Row {
    pub name: String,
    /// Answers a second.
    pub rate: f64,
    /// Milliseconds.
    pub p50: f64,
    pub p99: f64,
    /// Bytes of the last answer.
    pub bytes: usize,
    /// Share of one core that the server used meanwhile.
    pub cores: f64,
    /// Answers that were not 2xx or 3xx.
    pub errors: u64,
    /// What else is to be said.
    #[serde(default)]
    pub more: BTreeMap<String, f64>,
}

struct Bench<'a> {
    host: &'a str,
    pid: u32,
    people: &'a People,
    /// How long each row is measured.
    time: Duration,
    rows: Vec<Row>,
}

/// Runs all of it against `http://HOST`.
pub async fn run(url: &str, file: &Path, pid: u32, results: &Path) -> Result<(), Box<dyn Error>> {
    let people: People = serde_json::from_slice(&fs::read(file)?)?;
    let host = url.trim_start_matches("http://");
    let seconds = std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let mut bench = Bench { host, pid, people: &people, time: Duration::from_secs(seconds), rows: Vec::new() };
    let before = memory(pid)?;
    bench.all().await.map_err(|error| error.to_string())?;
    let found = Results { rows: bench.rows, memory: [before, memory(pid)?] };
    fs::write(results, serde_json::to_vec_pretty(&found)?)?;
    Ok(())
}

impl Bench<'_> {
    async fn all(&mut self) -> Result<(), Problem> {
        let [admin, agent, manager] = [&self.people.customers[0], &self.people.agent, &self.people.manager];
        let case = self.people.cases.first().ok_or("a company without cases")?;
        let (common, rare) = (format!("/cases?search={}", data::COMMON), format!("/cases?search={}", data::rare(0)));
        self.page("case list", admin, 8, "/cases").await?;
        self.page("case", admin, 8, &format!("/cases/{case}")).await?;
        self.page("overview", admin, 8, "/").await?;
        self.page("people of a company", admin, 8, "/people").await?;
        self.page("people, vendor", manager, 8, "/people").await?;
        self.page("desk", agent, 8, "/desk").await?;
        self.page("ledger", admin, 8, "/ledger").await?;
        self.page("announcements", admin, 8, "/announcements").await?;
        self.page("search, common word", admin, 1, &common).await?;
        self.page("search, rare word", admin, 1, &rare).await?;
        self.page("search, desk, common word", agent, 1, &common.replace("/cases", "/desk")).await?;
        self.long_case(agent).await?;
        let body = format!(
            "form[organisation]={}&form[product]={}&form[title]=A+case&form[description]=It+stopped.&form[priority]=p3",
            self.people.company, self.people.product
        );
        self.measure("open a case", admin, 8, &|_| Ask::post("/fn/cases/open_case", body.clone())).await?;
        let cases = &self.people.cases;
        let reply =
            |n: usize| Ask::post("/fn/cases/reply", format!("id={}&text=Still+the+same+{n}.", cases[n % cases.len()]));
        self.measure("reply", admin, 8, &reply).await?;
        for streams in [100, 1_000] {
            self.live(streams).await?;
        }
        Ok(())
    }

    /// The case of 3,000 entries, found by its rare word.
    async fn long_case(&mut self, token: &str) -> Result<(), Problem> {
        let mut client = Client::open(self.host, token).await?;
        let (_, page) = client.ask(&Ask::get(format!("/desk?search={}", data::rare(0)))).await?;
        let page = String::from_utf8_lossy(&page);
        let case = page.split("href=\"/cases/").nth(1).and_then(|rest| rest.get(..36));
        let case = case.ok_or("the long case is not found by its word")?.to_owned();
        self.page("case of 3,000 entries", token, 8, &format!("/cases/{case}")).await
    }

    async fn page(&mut self, name: &str, token: &str, clients: usize, path: &str) -> Result<(), Problem> {
        let ask = Ask::get(path);
        self.measure(name, token, clients, &|_| ask.clone()).await
    }

    /// `clients` connections, each asking again as soon as it was answered.
    async fn measure(
        &mut self,
        name: &str,
        token: &str,
        clients: usize,
        ask: &(dyn Fn(usize) -> Ask + Sync),
    ) -> Result<(), Problem> {
        let counter = AtomicU64::new(0);
        let mut connections = Vec::new();
        for _ in 0..clients {
            let mut client = Client::open(self.host, token).await?;
            // Warms caches and the connection.
            client.ask(&ask(counter.fetch_add(1, Ordering::Relaxed) as usize)).await?;
            connections.push(client);
        }
        let (cpu, begun) = (cpu(self.pid)?, Instant::now());
        let until = begun + self.time;
        let one = |mut client: Client| {
            let counter = &counter;
            async move {
                let (mut times, mut errors, mut bytes) = (Vec::new(), 0, 0);
                while Instant::now() < until {
                    let ask = ask(counter.fetch_add(1, Ordering::Relaxed) as usize);
                    let asked = Instant::now();
                    let (status, body) = client.ask(&ask).await?;
                    times.push(asked.elapsed());
                    bytes = body.len();
                    errors += u64::from(!(status.is_success() || status.is_redirection()));
                }
                Ok::<_, Problem>((times, errors, bytes))
            }
        };
        let mut all = Vec::new();
        let (mut errors, mut bytes) = (0, 0);
        for found in futures::future::join_all(connections.into_iter().map(one)).await {
            let (times, wrong, last) = found?;
            all.extend(times);
            errors += wrong;
            bytes = last;
        }
        let seconds = begun.elapsed().as_secs_f64();
        let cores = (self::cpu(self.pid)? - cpu) / seconds;
        self.push(name, all, seconds, bytes, cores, errors, BTreeMap::new());
        Ok(())
    }

    /// So many open streams while ten cases a second are answered in their company.
    async fn live(&mut self, streams: usize) -> Result<(), Problem> {
        let heard = Arc::new(AtomicU64::new(0));
        let (time, customers) = (self.time + Duration::from_secs(2), &self.people.customers);
        let mut listeners = Vec::new();
        for number in 0..streams {
            let client = Client::open(self.host, &customers[number % customers.len()]).await?;
            let heard = heard.clone();
            listeners.push(tokio::spawn(client.listen(time, move |bytes| {
                let events = bytes.windows(11).filter(|part| part == b"event: case").count();
                heard.fetch_add(events as u64, Ordering::Relaxed);
            })));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let late = Arc::new(Mutex::new(Vec::new()));
        let (cpu, begun) = (cpu(self.pid)?, Instant::now());
        let mut posts = Vec::new();
        let mut beat = tokio::time::interval(Duration::from_millis(100));
        let mut number = 0;
        while begun.elapsed() < self.time {
            beat.tick().await;
            number += 1;
            let (host, token) = (self.host.to_owned(), self.people.agent.clone());
            let case = self.people.cases[number % self.people.cases.len()];
            let late = late.clone();
            posts.push(tokio::spawn(async move {
                let mut client = Client::open(&host, &token).await?;
                let asked = Instant::now();
                let ask = Ask::post("/fn/cases/reply", format!("id={case}&text=Answer+{number}."));
                let (status, _) = client.ask(&ask).await?;
                late.lock().unwrap_or_else(PoisonError::into_inner).push(asked.elapsed());
                Ok::<_, Problem>(!status.is_success() && !status.is_redirection())
            }));
        }
        let mut errors = 0;
        for post in posts {
            errors += u64::from(post.await??);
        }
        let seconds = begun.elapsed().as_secs_f64();
        let cores = (self::cpu(self.pid)? - cpu) / seconds;
        let mut ended = 0.0;
        for listener in listeners {
            ended += f64::from(u8::from(listener.await?.is_err()));
        }
        let more = BTreeMap::from([
            ("heard".to_owned(), heard.load(Ordering::Relaxed) as f64 / streams as f64),
            ("ended".to_owned(), ended),
        ]);
        let times = std::mem::take(&mut *late.lock().unwrap_or_else(PoisonError::into_inner));
        self.push(&format!("answer, {streams} live readers"), times, seconds, 0, cores, errors, more);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a row")]
    fn push(
        &mut self,
        name: &str,
        mut times: Vec<Duration>,
        seconds: f64,
        bytes: usize,
        cores: f64,
        errors: u64,
        more: BTreeMap<String, f64>,
    ) {
        times.sort_unstable();
        let at = |share: f64| {
            let place = (times.len() as f64 * share) as usize;
            times.get(place.min(times.len().saturating_sub(1))).map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
        };
        let (rate, p50, p99) = (times.len() as f64 / seconds, at(0.5), at(0.99));
        println!(
            "{name:<34} {rate:>8.0}/s  p50 {p50:>8.2} ms  p99 {p99:>8.2} ms  {bytes:>8} B  {cores:>5.2} cores  {errors} errors {more:?}"
        );
        self.rows.push(Row { name: name.to_owned(), rate, p50, p99, bytes, cores, errors, more });
    }
}

/// The memory of a process that is in use, in MiB.
fn memory(pid: u32) -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}

/// Seconds of a core that a process has used.
fn cpu(pid: u32) -> Result<f64, Problem> {
    /// Ticks of the kernel a second (`getconf CLK_TCK`), the same on every Linux.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(") ").next().ok_or("no fields")?.split(' ').collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(11) + ticks(12)) / TICKS)
}
