//! What real systems export: every fault that was found in files of theirs, with its kind (B01-B15, D5, D7, D8, T05, T06,
//! T19, F7).

use std::path::{Path, PathBuf};

use domain::{
    CaseId, PersonId,
    access::{Reach, Role},
    cases::{CaseDetail, Status, StreamItem},
    imports::{
        FileFormat, FileProblem, FileRefusal, ImportReport, OtherSource, Problem, Remarked, RowVerdict, Verdict,
        VerdictCounts,
    },
    people::MembershipState,
    rollout::Phase,
};
use service::imports::{OpenError, Source, Strictness};
use testkit::{World, on_both};

use crate::imports::{commit, dry_run, importer, newest_event, one_case, problems, source};

const COMPANY: &str = r#"{"type":"organisation","id":"R-1","name":"Atelier Rosier"}"#;

fn bundle(world: &World, files: &[(&str, &[u8])]) -> Source {
    let folder = folder(world, files);
    Source::open(&folder).expect("a source")
}

fn folder(world: &World, files: &[(&str, &[u8])]) -> PathBuf {
    let folder = world.directory.path().join(format!("bundle-{}", files.len()));
    std::fs::remove_dir_all(&folder).ok();
    std::fs::create_dir(&folder).expect("a folder");
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).expect("a file");
    }
    folder
}

/// Commits and leaves out what is refused.
async fn skip(world: &World, source: &Source) -> ImportReport {
    importer(world).commit(source, Strictness::SkipRefused, &mut |_| {}, &|_| {}).await.expect("a commit")
}

fn remarks(report: &ImportReport) -> Vec<(u64, String, Remarked)> {
    let of = |row: &RowVerdict| {
        row.remarks.iter().map(|remark| (row.line, remark.field.clone(), remark.what.clone())).collect::<Vec<_>>()
    };
    let mut found: Vec<_> = report.rows.iter().flat_map(of).collect();
    found.sort_by_key(|(line, ..)| *line);
    found
}

fn case(fields: &str) -> String {
    format!(
        r#"{{"type":"case","organisation":"R-1","requestor":"Zoe Rosier","opened_at":"2019-03-05T10:00:00+01:00",{fields}}}"#
    )
}

async fn agent(world: &World) -> service::Context {
    let omar = match person(world, "omar@example.com").await {
        Some(omar) => omar,
        None => world.vendor("Omar Agent", Role::Agent).await,
    };
    world.context(omar).await
}

async fn detail(world: &World, reference: &str) -> CaseDetail {
    let omar = agent(world).await;
    let id: CaseId = one_case(&omar, reference).await;
    service::cases::detail(&omar, id).await.expect("a case")
}

fn bodies(case: &CaseDetail) -> Vec<String> {
    case.stream
        .iter()
        .filter_map(|item| match item {
            StreamItem::Entry(entry) => Some(entry.body.clone()),
            _ => None,
        })
        .collect()
}

async fn person(world: &World, email: &str) -> Option<PersonId> {
    store::people::find_by_email(&world.services.db, email).await.expect("asked")
}

async fn memberships(world: &World, person: PersonId) -> Vec<MembershipState> {
    let found = store::imports::list_memberships(&world.services.db, &[person]).await.expect("memberships");
    found.into_iter().map(|member| member.state).collect()
}

on_both! {
    /// B05, B10: what is left out is said, the record is taken, and a second run of the file changes nothing.
    async fn b05_a_record_with_an_unreadable_option_is_taken_with_a_remark(world: World) {
        let file = source(&world, &[
            COMPANY,
            r#"{"type":"user","id":"RU-1","organisation":"R-1","name":"Person 1","email":"p1@rosier.example","phone":"n/a","locale":"de"}"#,
            r#"{"type":"user","id":"RU-2","organisation":"R-1","name":"Person 2","email":"p2@rosier.example","phone":"+33 (0)1 23 45 67 89"}"#,
            r#"{"type":"organisation","id":"R-2","name":"Plan","region":"Grand Est","programme":"autumn"}"#,
            &case(r#""id":"RC-1","title":"t","status":"closed","product":"Atlas-Pro","priority":"high","closed_at":"soon""#),
        ]);
        let report = commit(&world, &file).await;
        assert!(report.committed, "{:?}", problems(&report));
        assert_eq!((report.counts.create, report.counts.remarked), (5, 3));
        let fields: Vec<_> = remarks(&report).into_iter().map(|(line, field, _)| (line, field)).collect();
        let wanted = [(2, "phone"), (2, "locale"), (4, "region"), (4, "programme"), (5, "closed_at"), (5, "priority"), (5, "product")];
        assert_eq!(fields, wanted.map(|(line, field)| (line, field.to_owned())));
        let p2 = person(&world, "p2@rosier.example").await.expect("a person");
        let facts = store::people::find(&world.services.db, p2).await.expect("facts");
        assert_eq!(facts.phone.as_deref(), Some("+33123456789"));
        let again = commit(&world, &file).await;
        assert_eq!(again.counts, VerdictCounts { unchanged: 5, ..Default::default() });
        assert!(remarks(&again).is_empty(), "nothing is done, so nothing is left out");
    }

    /// A record that names products and none that is known would mean every product: it is refused.
    async fn unknown_products_never_widen_a_role(world: World) {
        world.product("atlas").await;
        let user = |products: &str| format!(r#"{{"type":"user","id":"1","organisation":"R-1","name":"U","email":"u@rosier.example","products":[{products}]}}"#);
        let report = dry_run(&world, &source(&world, &[COMPANY, &user(r#""Nope""#)])).await;
        assert_eq!(problems(&report), [(2, Problem::UnknownProduct { key: "Nope".into() })]);
        let report = dry_run(&world, &source(&world, &[COMPANY, &user(r#""Atlas","nope""#)])).await;
        assert_eq!(report.counts.create, 2);
        assert!(matches!(remarks(&report).as_slice(), [(2, field, Remarked::LeftOut { .. })] if field == "products"));
    }

    /// B01: both databases of names, columns and keys.
    async fn b01_a_column_or_key_that_stands_twice_is_refused(world: World) {
        let users = b"id,organisation,name,email,phone, Email\nRU-1,R-1,Zoe,zoe@rosier.example,,\nRU-2,R-1,Yan,,,yan@elsewhere.example\n";
        let file = bundle(&world, &[("organisations.csv", b"id,name\nR-1,A\n"), ("users.csv", users)]);
        let before = newest_event(&world).await;
        let report = skip(&world, &file).await;
        assert!(!report.committed, "T05: a whole file is never left out");
        assert_eq!((report.refused_files, report.rows_not_read), (1, 2));
        assert!(matches!(&problems(&report)[..], [(1, Problem::WholeFile { rows: 2, why: FileRefusal::Header(header) })] if header.twice == [("email".to_owned(), 4, 6)]));
        assert_eq!(newest_event(&world).await, before, "nothing was written");
        let twice = source(&world, &[COMPANY, r#"{"type":"user","id":"1","organisation":"R-1","name":"Z","email":"a@b.example","email":"c@d.example"}"#]);
        assert_eq!(problems(&dry_run(&world, &twice).await), [(2, Problem::DoubleKey { key: "email".into() })]);
    }

    /// B02, B03
    async fn b02_empty_rows_and_trailing_separators_are_nothing(world: World) {
        let file = bundle(&world, &[
            ("organisations.csv", "\u{feff};;\r\nid;name;region;;\r\nR-1;Atelier;emea;;\r\n;;\r\n\"\";\" \"\r\n\r\n".as_bytes()),
            ("users.csv", "id;organisation;name;email;phone;\r\nRU-1;R-1;Zoé;zoe@rosier.example\r\n;;;;;\r\nRU-2;R-1;Yan;yan@rosier.example;;;\r\n".as_bytes()),
            ("entries.csv", b"case;author;side;at;body\r\n;;;;\r\n\r\n"),
        ]);
        let last = std::sync::Mutex::new(0);
        let report = importer(&world)
            .commit(&file, Strictness::AllOrNothing, &mut |_| {}, &|done| *last.lock().expect("no panic") = done.percent())
            .await
            .expect("a commit");
        assert!(report.committed, "{:?}", problems(&report));
        assert_eq!(report.counts, VerdictCounts { create: 3, ..Default::default() });
        assert_eq!(*last.lock().expect("no panic"), 100, "progress ends at its end");
        let under = bundle(&world, &[("organisations.csv", b"id,name,\nR-1,A,x\nR-2,B,\n")]);
        let report = dry_run(&world, &under).await;
        assert_eq!(problems(&report), [(2, Problem::CellWithoutColumn { column: 3, value: "x".into() })]);
        assert_eq!(report.counts.create, 1);
    }

    /// B04: text is read however it is written; what is no text is named once, for the whole file.
    async fn b04_a_file_is_read_or_refused_as_a_whole_for_how_it_is_written(world: World) {
        let text = "id;organisation;name;email\r\nRU-1;R-1;Zoé Rosier – atelier;zoe@rosier.example\r\nRU-2;R-1;Yan;yan@rosier.example\r\n";
        let utf16 = |text: &str| [b"\xff\xfe".to_vec(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
        for bytes in [
            utf16(&text.replace(';', "\t")),
            [b"\xfe\xff".to_vec(), text.encode_utf16().flat_map(u16::to_be_bytes).collect()].concat(),
            format!("sep=;\r\n{text}").into_bytes(),
            text.replace(';', "\t").into_bytes(),
            text.replace("\r\n", "\r").into_bytes(),
            format!("sep=|\n{}", text.replace(';', "|")).into_bytes(),
            text.replace(';', "|").into_bytes(),
            // As a spreadsheet saves such a file again.
            format!("\"sep=;\",,,\r\n{}", text.replace(';', ",")).into_bytes(),
            format!("sep=;;;;\r\n{text}").into_bytes(),
            text.replace(';', "\" ;\"").replace("\r\n", "\"\r\n\"").trim_end_matches('"').replacen("id", "\"id", 1).into_bytes(),
        ] {
            let file = bundle(&world, &[("organisations.csv", b"id,name\nR-1,A\n"), ("users.csv", &bytes)]);
            let report = dry_run(&world, &file).await;
            assert_eq!(report.counts, VerdictCounts { create: 3, ..Default::default() }, "{:?}", problems(&report));
        }
        for (bytes, format, rows) in [
            (b"id;organisation;name;email\r\nRU-1;R-1;Zo\xe9;zoe@rosier.example\r\nRU-2;R-1;Yan;yan@rosier.example\r\n".as_slice(), FileFormat::Windows1252, 2),
            (b"PK\x03\x04\x14\x00\x06\x00\x08\x00", FileFormat::Zip, 0),
            (b"\x1f\x8b\x08\x00", FileFormat::Compressed, 0),
        ] {
            let file = bundle(&world, &[("organisations.csv", b"id,name\nR-1,A\n"), ("users.csv", bytes)]);
            let report = skip(&world, &file).await;
            let why = FileRefusal::Format(format);
            // Where a line is to blame, the verdict names it.
            let line = if format == FileFormat::Windows1252 { 2 } else { 1 };
            assert_eq!((problems(&report), report.committed), (vec![(line, Problem::WholeFile { rows, why })], false));
        }
        let path = world.directory.path().join("prod.jsonl.gz");
        std::fs::write(&path, b"\x1f\x8b\x08\x00\xff\xff\n\xff\n").expect("a file");
        let report = dry_run(&world, &Source::open(&path).expect("a source")).await;
        assert_eq!(report.counts.total(), 1, "once, not row by row");
        // Entries of a file in UTF-16 are found again where they stand in it.
        let file = bundle(&world, &[
            ("organisations.csv", b"id,name\nR-1,A\n"),
            ("cases.csv", b"id,organisation,title,requestor,status,opened_at\n7,R-1,T,Zoe,open,2019-01-01\n"),
            ("entries.csv", &utf16("case\tauthor\tside\tat\tbody\r\n7\tZoé\tcustomer\t2019-01-01\t\"é\r\n画\"\r\n")),
        ]);
        assert!(commit(&world, &file).await.committed);
        assert_eq!(bodies(&detail(&world, "7").await), ["é\n画"]);
    }

    /// The array of a `.json` file, and objects over several lines.
    async fn b18_json_is_read_as_an_array_too(world: World) {
        let path = world.directory.path().join("array.json");
        std::fs::write(&path, format!("[\n  {COMPANY},\n  {{\n\"type\": \"user\",\n\"id\":\"1\"\n}}\n]\n")).expect("a file");
        let report = dry_run(&world, &Source::open(&path).expect("a source")).await;
        assert_eq!((report.counts.create, report.counts.reject), (1, 1));
        assert!(matches!(&problems(&report)[..], [(3, Problem::Field(bad))] if bad.field == "organisation"));
        // Lines that were cut out of an array.
        std::fs::write(&path, format!("{COMPANY},\n{}\n", case(r#""id":"1","title":"t","status":"open""#))).expect("a file");
        assert_eq!(dry_run(&world, &Source::open(&path).expect("a source")).await.counts.create, 2);
    }

    /// T05: after a bracket that is missing, nothing says where the next record begins: what comes after it is not left out
    /// as one record.
    async fn t05_an_array_that_is_no_json_stops_the_commit(world: World) {
        let path = world.directory.path().join("array.json");
        let user = r#"{"type":"user","id":"2","organisation":"R-1","name":"Zoe","email":"zoe@rosier.example"}"#;
        let before = newest_event(&world).await;
        for (text, line) in [
            (format!("[\n{COMPANY},\n{{\"type\":\"user\",\n\"id\":\"1\",\n{user}\n]\n"), 5),
            (format!("[\n{COMPANY},\n{user},\n{{\"type\":\"us"), 4),
            (format!("[\n{COMPANY},\n{{\"type\":\"user\",}},\n{user}\n]\n"), 3),
        ] {
            std::fs::write(&path, &text).expect("a file");
            let report = skip(&world, &Source::open(&path).expect("a source")).await;
            let found = problems(&report);
            assert!(matches!(&found[..], [(at, Problem::WholeFile { why: FileRefusal::Json(_), .. })] if *at == line), "{text} {found:?}");
            assert!(!report.committed);
        }
        assert_eq!(newest_event(&world).await, before, "nothing was written");
    }

    /// T06, T20
    async fn t06_files_that_are_not_read_are_named(world: World) {
        let table = b"id,name\nR-1,A\n".as_slice();
        let users = b"id,organisation,name,email\n1,R-1,Zoe,zoe@rosier.example\n".as_slice();
        let file = bundle(&world, &[
            ("Organisations.CSV", table), ("Users.csv", users), ("users (1).csv", users), ("entry.csv", b""), ("users.xlsx", b"PK"),
            (".~lock.users.csv", b""), ("notes.txt", b"x"), ("settings.json", b"{}"),
        ]);
        let report = skip(&world, &file).await;
        assert!(!report.committed);
        assert_eq!(report.counts.create, 2, "letter case does not matter");
        let mut named: Vec<_> = report.rows.iter().filter(|row| row.verdict.is_refusal()).map(|row| (row.file.clone(), row.verdict.clone())).collect();
        named.sort_by(|one, other| one.0.cmp(&other.0));
        let not_read = |file: &str, nearest: &str| {
            let why = FileRefusal::NotRead { nearest: Some(nearest.to_owned()) };
            (file.to_owned(), Verdict::Reject(Problem::WholeFile { rows: 0, why }))
        };
        assert_eq!(named, [not_read("entry.csv", "entries.csv"), not_read("users (1).csv", "users.csv"), not_read("users.xlsx", "users.csv")]);
        let said = |path: &Path| Source::open(path).map(|_| ()).expect_err("nothing to read").to_string();
        let folder = folder(&world, &[("users (1).csv", users), ("entries.csv", b"")]);
        assert!(said(&folder).contains("users (1).csv"));
        assert!(said(&folder.join("users (1).csv")).contains("give the folder that holds it"));
        assert!(matches!(Source::open(Path::new("/nowhere/nope.jsonl")), Err(OpenError::Unreadable { .. })));
    }

    /// B09, B08
    async fn b09_long_titles_and_empty_names_lose_no_case(world: World) {
        let long = "Relance : ".repeat(30);
        let file = source(&world, &[
            COMPANY,
            &case(&format!(r#""id":"L","title":"{long}","status":"closed","description":"It was slow.""#)),
            &case(r#""id":"E","title":"","status":"closed","description":"l\u0092écran\u0000 reste noir\u000bdepuis lundi""#).replace("Zoe Rosier", " "),
        ]);
        let report = commit(&world, &file).await;
        assert!(report.committed && report.counts.remarked == 2, "{:?}", problems(&report));
        let cut = detail(&world, "L").await;
        assert!(cut.row.title.ends_with('…') && cut.row.title.chars().count() <= 200);
        assert_eq!(bodies(&cut), [format!("{}\n\nIt was slow.", long.trim())]);
        let empty = detail(&world, "E").await;
        assert_eq!((empty.row.title.as_str(), empty.row.requestor.as_str()), ("l’écran reste noir", "Unknown / Inconnu"));
        assert!(matches!(remarks(&report).iter().find(|(_, field, _)| field == "description"), Some((3, _, Remarked::Cleaned { count: 3 }))));
        assert_eq!(dry_run(&world, &file).await.counts.unchanged, 3);
    }

    /// B11: the case is taken, what is missing is said, and a later import brings it without a second entry.
    async fn b11_an_attachment_never_loses_its_case(world: World) {
        let files = world.directory.path().join("files");
        std::fs::create_dir_all(&files).expect("a folder");
        let write = |name: &str, bytes: &[u8]| std::fs::write(files.join(name), bytes).expect("a file");
        write("empty.log", b"");
        write("Capture 2019-03-05 10:12:01.png", b"\x89PNG\r\n\x1a\n");
        write("releve\u{301}.txt", b"x");
        write("run.sh", b"#!/bin/sh\n");
        write("large.bin", &vec![7; 21 * 1024 * 1024]);
        let all = r#""files/empty.log","files/Capture 2019-03-05 10:12:01.png","files/relevé.txt","files/run.sh","files/large.bin","files\\gone.txt","../../etc/passwd""#;
        let record = case(&format!(r#""id":"RC-1","title":"t","status":"closed","entries":[{{"author":"Zoe","side":"customer","at":"2019-03-05T11:00:00Z","body":"see","files":[{all}]}},{{"author":"Zoe","side":"customer","at":"2019-03-05T12:00:00Z","body":"","files":["files/gone.txt"]}}]"#));
        let report = commit(&world, &source(&world, &[COMPANY, &record])).await;
        assert!(report.committed, "{:?}", problems(&report));
        let what: Vec<_> = remarks(&report).into_iter().filter_map(|(_, _, what)| match what {
            Remarked::File(problem) => Some(problem),
            _ => None,
        }).collect();
        use FileProblem::{Empty, Missing, Outside, Program, TooLarge};
        assert_eq!(what, [Empty, Program, TooLarge, Missing, Outside, Missing]);
        let seen = detail(&world, "RC-1").await;
        let StreamItem::Entry(first) = &seen.stream[0] else { panic!("an entry") };
        let names: Vec<_> = first.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(first.body.starts_with("see\n\n[file empty.log was not imported: empty"), "{}", first.body);
        assert!(bodies(&seen)[1].starts_with("[file gone.txt was not imported: missing"));

        write("gone.txt", b"found again");
        let newer = record.replace(r#""title":"t""#, r#""title":"u""#);
        commit(&world, &source(&world, &[COMPANY, &newer])).await;
        let seen = detail(&world, "RC-1").await;
        assert_eq!((seen.stream.len(), seen.row.title.as_str()), (2, "u"), "the same entries");
        let StreamItem::Entry(second) = &seen.stream[1] else { panic!("an entry") };
        assert_eq!(second.files.len(), 1, "with the file that was missing");
    }

    /// B14: an id belongs to the system it came from.
    async fn b14_two_systems_with_one_id_are_a_conflict(world: World) {
        let desk = |id: &str, source: &str, title: &str, opened: &str| {
            format!(r#"{{"type":"case","id":"{id}","organisation":"R-1","requestor":"Z","status":"closed","opened_at":"{opened}","title":"{title}"{source}}}"#)
        };
        let (a, b) = (r#","source":"Desk A""#, r#","source":"Desk B""#);
        let first = source(&world, &[
            COMPANY,
            &desk("1001", a, "Printer jams", "2019-03-05"),
            &desk("1002", "", "VPN slow", "2019-03-05"),
        ]);
        assert!(commit(&world, &first).await.committed);
        let other = |title: &str, known_source: &str, known_title: &str, source: &str, id: &str| {
            let other = OtherSource {
                id: id.into(), known_source: known_source.into(), known_title: known_title.into(), source: source.into(), title: title.into(),
            };
            Problem::OtherSource(Box::new(other))
        };
        let second = source(&world, &[&desk("1001", b, "Invoice 77", "2019-03-05"), &desk("1002", "", "Licence ended", "2021-01-01")]);
        assert_eq!(problems(&dry_run(&world, &second).await), [
            (1, other("Invoice 77", "Desk A", "Printer jams", "Desk B", "1001")),
            (2, other("Licence ended", "", "VPN slow", "", "1002")),
        ]);
        let same = source(&world, &[&desk("1001", a, "Printer jams again", "2019-03-05"), &desk("1002", a, "VPN slow", "2019-03-05")]);
        assert_eq!(commit(&world, &same).await.counts.update, 2, "a newer export, and one that says now where it comes from");
        let company = |more: &str| format!(r#"{{"type":"organisation","id":"R-1"{more}}}"#);
        let taken = source(&world, &[&company(r#","name":"Brick Ltd","source":"Desk B""#)]);
        assert_eq!(problems(&dry_run(&world, &taken).await), [(1, other("Brick Ltd", "", "Atelier Rosier", "Desk B", "R-1"))]);
        let renamed = source(&world, &[&company(r#","name":"Atelier Rosier SA""#)]);
        assert_eq!(commit(&world, &renamed).await.counts.update, 1);
    }

    /// B15
    async fn b15_html_bodies_become_text(world: World) {
        let html = case(r#""id":"H","title":"t","status":"closed","description":"<div dir=\"auto\">Hello,<br>it is <b>empty</b>.&nbsp;See <a href=\"https://docs.example/x\">here</a>.</div>","entries":[{"author":"O","side":"vendor","at":"2019-03-06","body":"<p>Fixed</p>"}]"#);
        let report = commit(&world, &source(&world, &[COMPANY, &html])).await;
        assert_eq!(report.html, 2);
        assert_eq!(bodies(&detail(&world, "H").await), ["Hello,\nit is empty. See here (https://docs.example/x).", "Fixed"]);
        let newer = html.replace(r#""title":"t""#, r#""title":"u""#);
        commit(&world, &source(&world, &[COMPANY, &newer])).await;
        assert_eq!(detail(&world, "H").await.stream.len(), 2, "the same entries");
        // What a system escaped in one line, without a tag.
        let line = case(r#""id":"E","title":"Probl&egrave;me d&#39;impression","status":"closed","description":"C&#39;est r&eacute;solu""#);
        commit(&world, &source(&world, &[COMPANY, &line])).await;
        let escaped = detail(&world, "E").await;
        assert_eq!((escaped.row.title.as_str(), bodies(&escaped)), ("Problème d'impression", vec!["C'est résolu".to_owned()]));
        let written = case(r#""id":"W","title":"<br> in a title &amp; co","status":"closed","description":"write &eacute; for é""#);
        commit(&world, &source(&world, &[COMPANY, &written])).await;
        let kept = detail(&world, "W").await;
        assert_eq!((kept.row.title.as_str(), bodies(&kept)), ("<br> in a title &amp; co", vec!["write &eacute; for é".to_owned()]));
    }

    /// F7, T19
    async fn f7_people_of_the_vendor_do_not_become_customers(world: World) {
        world.product("atlas").await;
        for role in Role::ALL.into_iter().filter(|role| role.kind() == domain::access::RoleKind::Vendor) {
            let name = format!("{} V", role.key());
            let vendor = world.vendor(&name, role).await;
            let email = world.context(vendor).await.actor.email.clone();
            let lines = [
                COMPANY.to_owned(),
                r#"{"type":"contract","id":"C","organisation":"R-1","products":["atlas"]}"#.to_owned(),
                format!(r#"{{"type":"user","id":"u-{}","organisation":"R-1","name":"V","email":"{}","admin":true}}"#, role.key(), email.to_uppercase()),
                format!(r#"{{"type":"contact","contract":"C","kind":"deployment","name":"V","email":"{email}"}}"#),
                format!(r#"{{"type":"contact","contract":"C","kind":"billing","name":"V","email":"{email}"}}"#),
            ];
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let report = skip(&world, &source(&world, &lines)).await;
            let refused: Vec<_> = problems(&report).into_iter().map(|(line, problem)| (line, matches!(problem, Problem::VendorPerson { .. }))).collect();
            assert_eq!(refused, [(3, true), (4, true), (5, true)], "{}", role.key());
            assert_eq!(memberships(&world, vendor).await, [], "{}", role.key());
        }
        let other = world.organisation("Elsewhere", &[]).await;
        let zoe = world.member(other, "Zoe Elsewhere", Role::SupportUser, Reach::Own, None).await;
        let email = world.context(zoe).await.actor.email.clone();
        let user = format!(r#"{{"type":"user","id":"z","organisation":"R-1","name":"Zoe","email":"{email}"}}"#);
        let report = dry_run(&world, &source(&world, &[COMPANY, &user])).await;
        assert!(matches!(remarks(&report).as_slice(), [(2, _, Remarked::ActiveElsewhere { organisation })] if organisation == "Elsewhere"));
    }

    /// D8: an open case keeps its agent and says who waits for whom.
    async fn d8_open_cases_keep_their_agent_and_their_state(world: World) {
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let email = world.context(omar).await.actor.email.clone();
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let manager = world.context(mia).await.actor.email.clone();
        let open = |id: &str, status: &str, agent: &str| case(&format!(r#""id":"{id}","title":"t","status":"{status}","agent":"{agent}""#));
        let file = source(&world, &[
            COMPANY, &open("1", "open", &email), &open("2", "new", ""), &open("3", "pending", &email), &open("4", "open", "gone@nordlys.example"), &open("5", "hold", &manager),
        ]);
        let report = commit(&world, &file).await;
        assert!(report.committed, "{:?}", problems(&report));
        let all: Vec<_> = remarks(&report).into_iter().map(|(line, _, what)| (line, what)).collect();
        assert_eq!(all, [(5, Remarked::NoAgent), (6, Remarked::NoAgent)], "a manager works on no cases");
        let omar = world.context(omar).await;
        for (id, status, agent) in [
            ("1", Status::InProgress, true), ("2", Status::AwaitingAssignment, false), ("3", Status::PendingResponse, true),
            ("4", Status::AwaitingAssignment, false), ("5", Status::AwaitingAssignment, false),
        ] {
            let seen = service::cases::detail(&omar, one_case(&omar, id).await).await.expect("a case");
            assert_eq!((seen.row.status, seen.row.agent.is_some()), (status, agent), "{id}");
        }
        let taken = source(&world, &[COMPANY, &open("2", "open", &email)]);
        commit(&world, &taken).await;
        let seen = service::cases::detail(&omar, one_case(&omar, "2").await).await.expect("a case");
        assert_eq!((seen.row.status, seen.row.agent.is_some()), (Status::InProgress, true), "a newer export moves it");
    }

    /// D7: billing and technical contacts are records of the contract.
    async fn d7_contacts_without_access_are_no_members(world: World) {
        world.product("atlas").await;
        let contact = |kind: &str| format!(r#"{{"type":"contact","contract":"C","kind":"{kind}","name":"{kind}","email":"{kind}@rosier.example","phone":"+33 1 23 45 67 89"}}"#);
        let file = source(&world, &[
            COMPANY,
            r#"{"type":"contract","id":"C","organisation":"R-1","products":["atlas"]}"#,
            &contact("owner"), &contact("deployment"), &contact("billing"), &contact("technical"),
            r#"{"type":"user","id":"t","organisation":"R-1","name":"Technical","email":"technical@rosier.example"}"#,
        ]);
        let report = commit(&world, &file).await;
        assert!(report.committed, "{:?}", problems(&report));
        for (kind, members, grants) in [("owner", 1, 1), ("deployment", 1, 1), ("billing", 0, 0), ("technical", 1, 1)] {
            let id = person(&world, &format!("{kind}@rosier.example")).await.expect("a person");
            let held = store::imports::list_grants(&world.services.db, &[id], world.services.now()).await.expect("grants");
            assert_eq!((memberships(&world, id).await.len(), held.len()), (members, grants), "{kind}");
            assert!(kind != "technical" || held[0].role == Role::SupportUser, "the user record gives the role");
        }
        assert_eq!(dry_run(&world, &file).await.counts.unchanged, 7);
        let renamed = source(&world, &[&contact("billing").replace(r#""name":"billing""#, r#""name":"Paul Petit""#)]);
        assert_eq!(commit(&world, &renamed).await.counts.update, 1);
        let id = person(&world, "billing@rosier.example").await.expect("a person");
        assert_eq!(store::people::find(&world.services.db, id).await.expect("facts").name, "Paul Petit");
    }

    /// D5: an import corrects the address of a person who never signed in, and no other address.
    async fn d5_an_import_corrects_an_address_that_was_never_signed_in_with(world: World) {
        let atlas = world.product("atlas").await;
        world.enrol(world.organisation("Another", &[atlas]).await, &[atlas], Phase::Draft).await;
        let user = |email: &str| format!(r#"{{"type":"user","id":"1","organisation":"R-1","name":"Zoe","email":"{email}"}}"#);
        commit(&world, &source(&world, &[COMPANY, &user("zeo@rosier.example")])).await;
        let zoe = person(&world, "zeo@rosier.example").await.expect("a person");
        let right = source(&world, &[COMPANY, &user("zoe@rosier.example")]);
        let report = commit(&world, &right).await;
        assert!(report.committed, "{:?}", problems(&report));
        assert_eq!(remarks(&report), [(2, "email".to_owned(), Remarked::AddressCorrected { before: "zeo@rosier.example".into() })]);
        assert_eq!((person(&world, "zoe@rosier.example").await, person(&world, "zeo@rosier.example").await), (Some(zoe), None));
        assert_eq!(memberships(&world, zoe).await, [MembershipState::Known]);
        assert_eq!(world.mails().await, []);

        let elsewhere = world.organisation("Elsewhere", &[]).await;
        let ana = world.member(elsewhere, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let email = world.context(ana).await.actor.email.clone();
        let hers = |email: &str| format!(r#"{{"type":"user","id":"2","organisation":"R-1","name":"Ana","email":"{email}"}}"#);
        commit(&world, &source(&world, &[COMPANY, &hers(&email)])).await;
        let moved = source(&world, &[COMPANY, &hers("ana.other@rosier.example")]);
        assert_eq!(problems(&dry_run(&world, &moved).await), [(2, Problem::CannotChange { field: "email".into(), value: "ana.other@rosier.example".into() })], "she came in by it");
    }
}

/// What the inputs of other people's systems get, file by file: nothing is passed over in silence.
mod shapes {
    use super::*;

    on_both! {
        /// T36
        async fn t36_exports_of_other_systems_are_told_all_their_columns_at_once(world: World) {
            for (name, header, missing) in [
                ("users.csv", "login;firstname;lastname;email;active;", vec!["id", "organisation", "name"]),
                ("cases.csv", "Ticket ID,Ticket Name,Ticket Status,Create Date", vec!["id", "organisation", "title", "requestor", "status", "opened_at"]),
                ("cases.csv", "Summary,Issue key,Status,Labels,Labels", vec!["id", "organisation", "title", "requestor", "opened_at"]),
            ] {
                let file = bundle(&world, &[(name, format!("{header}\na;b;c\n").as_bytes())]);
                let report = dry_run(&world, &file).await;
                let found = problems(&report);
                let [(1, Problem::WholeFile { rows: 1, why: FileRefusal::Header(header) })] = &found[..] else { panic!("{found:?}") };
                assert_eq!(header.missing, missing);
                assert!(!header.unknown.is_empty() && !header.found.is_empty());
            }
        }
    }
}
