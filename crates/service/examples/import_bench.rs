//! Makes an import of many users and old cases, and measures how long and how much memory it takes:
//! `cargo run --release -p service --example import_bench -- [users] [cases] [folder]`, by default 50,000 and 100,000, on
//! SQLite in a new folder, or on the PostgreSQL database that `GUICHET_BENCH_DATABASE` names.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a tool for developers")]

use std::{
    fs::File,
    io::{BufWriter, Write},
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use service::{
    Limits, Parts, RandomIds, Secrets, Services, Settings, SystemClock,
    files::FileStore,
    imports::{Importer, Source, Strictness},
    live::Bus,
    session::{Hasher, KnownActors},
};
use store::Db;

const COMPANIES: usize = 500;

fn generate(path: &Path, users: usize, cases: usize) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let day = |number: usize| format!("20{:02}-{:02}-{:02}", 15 + number % 10, 1 + number % 12, 1 + number % 28);
    writeln!(out, r#"{{"type":"product","key":"atlas","name":"Atlas"}}"#)?;
    writeln!(out, r#"{{"type":"product","key":"pulse","name":"Pulse"}}"#)?;
    for n in 0..COMPANIES {
        writeln!(out, r#"{{"type":"organisation","id":"A{n}","name":"Company {n}"}}"#)?;
        writeln!(out, r#"{{"type":"contract","id":"C{n}","organisation":"A{n}","products":["atlas","pulse"]}}"#)?;
        writeln!(
            out,
            r#"{{"type":"contact","contract":"C{n}","kind":"deployment","name":"Contact {n}","email":"user{n}@company.example"}}"#
        )?;
    }
    for n in 0..users {
        let (company, admin) = (n % COMPANIES, n < COMPANIES);
        writeln!(
            out,
            r#"{{"type":"user","id":"U{n}","organisation":"A{company}","name":"User Number {n}","email":"user{n}@company.example","admin":{admin}}}"#
        )?;
    }
    for n in 0..cases {
        let (user, company, day) = (n % users.max(1), n % users.max(1) % COMPANIES, day(n));
        let status = if n % 50 == 0 { "open" } else { "closed" };
        let words = "The report shows no line since the last release although the query returns rows when run by hand";
        writeln!(
            out,
            r#"{{"type":"case","id":"K{n}","number":"E-{n:09}","source":"Extranet","organisation":"A{company}","product":"atlas","title":"Problem {n} with the weekly report","requestor":"User Number {user}","requestor_email":"user{user}@company.example","status":"{status}","opened_at":"{day}T08:00:00Z","entries":[{{"author":"User Number {user}","email":"user{user}@company.example","side":"customer","at":"{day}T08:00:00Z","body":"{words} (reference {n})."}},{{"author":"Agent Smith","side":"vendor","at":"{day}T10:00:00Z","body":"Thank you. Which version is it, and does it happen in another browser? {words}."}},{{"author":"User Number {user}","side":"customer","at":"{day}T12:00:00Z","body":"Version 4.{company}. It works after a restart, thank you."}}]}}"#
        )?;
    }
    out.flush()
}

/// The most memory this process ever held, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let users = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(50_000);
    let cases = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = arguments.next().map_or_else(|| std::env::temp_dir().join("guichet-import-bench"), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("import.jsonl");
    generate(&file, users, cases).expect("a file");
    let url = std::env::var("GUICHET_BENCH_DATABASE").unwrap_or_else(|_| {
        let path = folder.join("bench.db");
        for suffix in ["", "-wal", "-shm"] {
            std::fs::remove_file(format!("{}{suffix}", path.display())).ok();
        }
        Db::sqlite_url(&path)
    });
    let db = Db::open(&url).await.expect("a database");
    db.migrate().await.expect("migrations");
    let services = Services::new(Parts {
        db,
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        settings: Settings {
            public_url: "http://localhost:3000".into(),
            vendor: "Nordlys".into(),
            mail_from: "support@nordlys.example".into(),
            vendor_domains: Vec::new(),
            accent: "#0f766e".into(),
            logo: false,
            image_hosts: Vec::new(),
            mass_mail_hold: jiff::SignedDuration::ZERO,
            case_prefix: "GUI".into(),
            company_storage_bytes: 1024 * 1024 * 1024,
        },
        secrets: Secrets { link_key: [7; 32] },
        files: FileStore::directory(&folder.join("files")).expect("a file store"),
        mailer: Arc::new(testkit::MemoryMailer::default()),
        hasher: Hasher::cheap().expect("a hasher"),
        limits: Limits::new(NonZeroU32::MAX, NonZeroU32::MAX, NonZeroU32::MAX),
        bus: Bus::default(),
        known: KnownActors::default(),
    });
    let importer = Importer::of_system(&services);
    let source = Source::open(&file).expect("a source");
    println!("{users} users, {cases} cases, {} MiB; before: {} MiB of memory", source.bytes() >> 20, peak());

    let start = Instant::now();
    let report = importer.dry_run(&source, &mut |_| {}, &|_| {}).await.expect("a dry run");
    println!("dry run: {:.1} s, peak {} MiB, {:?}", start.elapsed().as_secs_f32(), peak(), report.counts);
    let start = Instant::now();
    let report = importer.commit(&source, Strictness::AllOrNothing, &mut |_| {}, &|_| {}).await.expect("a commit");
    println!("commit:  {:.1} s, peak {} MiB, {:?}", start.elapsed().as_secs_f32(), peak(), report.counts);
    let start = Instant::now();
    let report = importer.commit(&source, Strictness::AllOrNothing, &mut |_| {}, &|_| {}).await.expect("a commit");
    println!("again:   {:.1} s, peak {} MiB, {:?}", start.elapsed().as_secs_f32(), peak(), report.counts);
}
