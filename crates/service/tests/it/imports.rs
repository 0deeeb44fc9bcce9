//! Imports: what a dry run says, what a commit does, and what neither does.

use std::{collections::BTreeMap, path::PathBuf};

use domain::{
    FieldError,
    access::{Reach, Role},
    cases::{CaseFilter, Side, Status, StreamItem},
    contracts::AdminReason,
    imports::{ImportReport, Problem, RecordKind, Verdict, VerdictCounts},
    rollout::Phase,
};
use service::imports::{Importer, Source, Strictness};
use testkit::{World, on_both};

fn sample(name: &str) -> Source {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/samples").join(name);
    Source::open(&path).expect("a sample")
}

fn source(world: &World, lines: &[&str]) -> Source {
    let path = world.directory.path().join("lines.jsonl");
    std::fs::write(&path, lines.join("\n")).expect("a file");
    Source::open(&path).expect("a source")
}

fn importer(world: &World) -> Importer {
    Importer::of_system(&world.services)
}

async fn dry_run(world: &World, source: &Source) -> ImportReport {
    importer(world).dry_run(source, &mut |_| {}, &|_| {}).await.expect("a dry run")
}

async fn commit(world: &World, source: &Source) -> ImportReport {
    importer(world).commit(source, Strictness::AllOrNothing, &|_| {}).await.expect("a commit")
}

async fn newest_event(world: &World) -> i64 {
    store::audit::head(&world.services.db).await.expect("the newest event")
}

fn problems(report: &ImportReport) -> Vec<(u64, Problem)> {
    report
        .rows
        .iter()
        .filter_map(|row| match &row.verdict {
            Verdict::Conflict(problem) | Verdict::Reject(problem) => Some((row.line, problem.clone())),
            _ => None,
        })
        .collect()
}

on_both! {
    /// K1, K20: what was promised is done, nothing is sent, and once is enough.
    async fn j01_an_import_is_silent_and_happens_once(world: World) {
        let file = sample("import.jsonl");
        let before = newest_event(&world).await;
        let dry = dry_run(&world, &file).await;
        assert_eq!(problems(&dry), []);
        let kinds: BTreeMap<RecordKind, u64> = dry.by_kind.iter().map(|(kind, counts)| (*kind, counts.total())).collect();
        assert_eq!(kinds[&RecordKind::Organisation], 2);
        assert_eq!(kinds[&RecordKind::Case], 40);
        // Claire stands in the contract too: her user record adds to the same person.
        assert_eq!(dry.counts, VerdictCounts { create: 54, update: 1, ..Default::default() });
        assert_eq!(newest_event(&world).await, before, "a dry run writes nothing");

        let done = commit(&world, &file).await;
        assert!(done.committed);
        assert_eq!(done.counts, dry.counts);
        assert_eq!(world.mails().await, [], "no import sends mail");
        let omar = world.vendor("Omar Agent", Role::ProgrammeManager).await;
        let omar = world.context(omar).await;
        let granted = omar.authorize(domain::access::Permission::OrganisationReadAll, &domain::access::Place::vendor()).await.expect("allowed");
        let companies = store::organisations::list(&world.services.db, &granted, None, None, 10).await.expect("a list");
        let counts: Vec<_> = companies.iter().map(|row| (row.name.as_str(), row.people, row.open_cases)).collect();
        assert_eq!(counts, [("Brasserie du Nord", 4, 2), ("Harbour Logistics", 4, 2)]);

        let after = newest_event(&world).await;
        let again = commit(&world, &file).await;
        assert_eq!(again.counts, VerdictCounts { unchanged: 55, ..Default::default() });
        assert_eq!(newest_event(&world).await, after, "a second run changes nothing");
        let csv = dry_run(&world, &sample("import-csv")).await;
        assert_eq!(csv.counts.writes() + csv.counts.refused(), 0, "the same records in CSV are the same: {csv:?}");
        assert_eq!(store::audit::verify(&world.services.db).await.expect("readable"), None, "the chain holds");
    }

    /// J14, J15: found by its old number, with authors, dates and files; an open one goes on here.
    async fn j14_old_cases_are_found_and_go_on(world: World) {
        commit(&world, &sample("import-csv")).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let omar = world.context(omar).await;
        let filter = CaseFilter { search: "E-001874001".into(), ..Default::default() };
        let found = service::cases::list(&omar, &filter).await.expect("a list");
        assert_eq!(found.rows.len(), 1);
        let case = service::cases::detail(&omar, found.rows[0].id).await.expect("a case");
        assert_eq!((case.row.status, case.row.opened_at.to_string().as_str()), (Status::Closed, "2018-03-05T09:12:00Z"));
        assert_eq!(case.row.requestor, "Luc Bernard");
        assert!(case.row.number.starts_with("GUI-"));
        assert_eq!(case.stream.len(), 4);
        assert!(matches!(&case.stream[2], StreamItem::Note(_)), "internal stays internal");
        let StreamItem::Entry(first) = &case.stream[0] else { panic!("an entry") };
        assert!(first.imported && first.side == Side::Customer && first.author == "Luc Bernard");
        assert_eq!(first.files[0].name, "erreur.txt");
        assert_eq!(service::cases::find_by_legacy_number(&omar, "E-001874001").await, Ok(case.row.id));
        let words = CaseFilter { search: "index manquait".into(), ..Default::default() };
        assert_eq!(service::cases::list(&omar, &words).await.expect("a list").rows.len(), 1, "old texts are searched");
        assert!(case.seen_event > 0, "the live stream goes on after the import");

        let all = sample("import.jsonl");
        commit(&world, &all).await;
        let open = CaseFilter { status: "open".into(), ..Default::default() };
        let open = service::cases::list(&omar, &open).await.expect("a list");
        assert_eq!(open.rows.len(), 4);
        assert!(open.rows.iter().all(|row| row.status == Status::InProgress));
        service::cases::reply(&omar, open.rows[0].id, "Nous continuons ici.", &[], service::cases::Reply::Ask, "").await.expect("answered");
        assert_eq!(dry_run(&world, &all).await.counts.writes(), 0, "work done here is no change of the record");
    }

    /// R13-R15: rules A and B choose; billing contacts and products out of scope do not; two rules, one account.
    async fn j02_rules_a_and_b_choose_administrators(world: World) {
        let atlas = world.product("atlas").await;
        world.product("pulse").await;
        let other = world.organisation("Another", &[atlas]).await;
        world.enrol(other, &[atlas], Phase::Draft).await;
        let file = source(&world, &[
            r#"{"type":"organisation","id":"A","name":"Alpha","programme":"spring"}"#,
            r#"{"type":"contract","id":"C1","organisation":"A","number":"N-1","products":["atlas"]}"#,
            r#"{"type":"contract","id":"C2","organisation":"A","number":"N-2","products":["pulse"]}"#,
            r#"{"type":"contact","contract":"C1","kind":"deployment","name":"Dora Both","email":"dora@alpha.example"}"#,
            r#"{"type":"contact","contract":"C1","kind":"deployment","name":"Ben Deploy","email":"ben@alpha.example"}"#,
            r#"{"type":"contact","contract":"C1","kind":"billing","name":"Bill Money","email":"bill@alpha.example"}"#,
            r#"{"type":"contact","contract":"C2","kind":"deployment","name":"Pia Pulse","email":"pia@alpha.example"}"#,
            r#"{"type":"user","id":"1","organisation":"A","name":"Dora Both","email":"DORA@alpha.example","admin":true,"record":"console row 7"}"#,
            r#"{"type":"user","id":"2","organisation":"A","name":"Al Admin","email":"al@alpha.example","admin":true}"#,
            r#"{"type":"user","id":"3","organisation":"A","name":"Una User","email":"una@alpha.example","products":["atlas"],"reach":"organisation"}"#,
        ]);
        let report = commit(&world, &file).await;
        assert!(report.committed, "{:?}", problems(&report));
        let manager = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let manager = world.context(manager).await;
        let granted = manager.authorize(domain::access::Permission::OrganisationReadAll, &domain::access::Place::vendor()).await.expect("allowed");
        let companies = store::organisations::list(&world.services.db, &granted, Some("alpha"), None, 10).await.expect("a list");
        assert_eq!(companies[0].phase, Some(Phase::Draft));
        let place = domain::access::Place::organisation(companies[0].id, domain::rollout::Gate::open());
        let granted = manager.authorize(domain::access::Permission::PersonList, &place).await.expect("allowed");
        let members = store::people::list_members(&world.services.db, &granted, world.services.now()).await.expect("members");
        assert_eq!(members.len(), 6, "one account for two records");
        let roles = |name: &str| members.iter().find(|member| member.name == name).expect("a member").roles.clone();
        let admin = |name: &str| roles(name).into_iter().find(|role| role.role == Role::SupportSystemAdmin);

        let rule_b = AdminReason::DeploymentContact { contract: "N-1".into(), product: "ATLAS".into() };
        let dora = admin("Dora Both").expect("an admin");
        assert_eq!(dora.reach, Reach::Organisation);
        assert_eq!(dora.reasons.len(), 2);
        assert!(dora.reasons.contains(&AdminReason::KnownAdmin { record: "console row 7".into() }));
        assert!(dora.reasons.contains(&rule_b));
        assert_eq!(admin("Ben Deploy").expect("an admin").reasons, [rule_b]);
        assert_eq!(admin("Al Admin").expect("an admin").reasons, [AdminReason::KnownAdmin { record: "2".into() }]);
        assert!(admin("Bill Money").is_none() && admin("Pia Pulse").is_none());
        assert_eq!(roles("Bill Money")[0].role, Role::ContractContact);
        let una = &roles("Una User")[0];
        assert_eq!((una.role, una.reach, una.products.clone()), (Role::ProductSupportUser, Reach::Organisation, Some(vec!["ATLAS".to_owned()])));
        assert_eq!(world.mails().await, []);
    }

    /// Everything that is wrong is named with its line, and changes nothing.
    async fn j01_broken_files_are_reported_row_by_row(world: World) {
        let path = world.directory.path().join("broken.jsonl");
        let long = format!(r#"{{"type":"organisation","id":"L","name":"{}"}}"#, "x".repeat(3 * 1024 * 1024));
        let mut bytes: Vec<u8> = Vec::new();
        for line in [
            br#"{"type":"organisation","id":"A","name":"Alpha"}"#.as_slice(),
            b"{\"type\":\"organisation\",\"id\":\"B\",\"name\":\"caf\xe9\"}",
            long.as_bytes(),
            b"{not json",
            br#"{"type":"ticket","id":"1"}"#,
            br#"{"type":"user","id":"1","organisation":"A","name":"Ana","email":"ana@alpha.example"}"#,
            br#"{"type":"user","id":"2","organisation":"A","name":"Ana","email":"ANA@alpha.example"}"#,
            br#"{"type":"user","id":"1","organisation":"A","name":"Bob","email":"bob@alpha.example"}"#,
            br#"{"type":"user","id":"3","organisation":"Z","name":"Zoe","email":"zoe@alpha.example"}"#,
            br#"{"type":"user","id":"4","organisation":"A","name":"Max","email":"max at alpha"}"#,
            br#"{"type":"user","id":"5","organisation":"A","name":"Tim","email":"tim@alpha.example","products":["nope"]}"#,
            br#"{"type":"user","id":"6","organisation":"A","nome":"Tom","email":"tom@alpha.example"}"#,
            br#"{"type":"case","id":"7","organisation":"A","title":"t","requestor":"R","status":"closed","opened_at":"2018-01-01","entries":[{"author":"R","side":"customer","at":"2018-01-01","body":"b","files":["files/none.txt"]}]}"#,
            br#"{"type":"contact","contract":"C9","kind":"owner","name":"Cy","email":"cy@alpha.example"}"#,
            br#"{"type":"organisation","id":"P","name":"Plan","programme":"autumn"}"#,
        ] {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        std::fs::write(&path, bytes).expect("a file");
        let file = Source::open(&path).expect("a source");
        let before = newest_event(&world).await;
        let report = commit(&world, &file).await;
        assert!(!report.committed);
        assert_eq!(newest_event(&world).await, before, "nothing was written");
        let found = problems(&report);
        let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        let on = |line: u64| found.iter().find(|(at, _)| *at == line).map(|(_, problem)| problem.clone()).expect("a problem");
        assert_eq!(on(2), Problem::NotUtf8);
        assert_eq!(on(3), Problem::LineTooLong { max_bytes: 1024 * 1024 });
        assert!(matches!(on(4), Problem::Syntax { .. }));
        assert_eq!(on(5), Problem::UnknownKind { kind: "ticket".into() });
        assert_eq!(on(7), Problem::Duplicate { first_line: 6 });
        assert_eq!(on(8), Problem::Duplicate { first_line: 6 });
        assert_eq!(on(9), Problem::UnknownOrganisation { id: "Z".into() });
        assert_eq!(on(10), Problem::Field { field: "email".into(), error: FieldError::NotAnEmail });
        assert_eq!(on(11), Problem::UnknownProduct { key: "nope".into() });
        assert_eq!(on(12), Problem::UnknownField { field: "nome".into() });
        assert_eq!(on(13), Problem::MissingFile { path: "files/none.txt".into() });
        assert_eq!(on(14), Problem::UnknownContract { id: "C9".into() });
        assert_eq!(on(15), Problem::UnknownProgramme { key: "autumn".into() });

        let some = importer(&world).commit(&file, Strictness::SkipRefused, &|_| {}).await.expect("a commit");
        assert!(some.committed && some.counts.create == 2, "what is well can be taken alone");
    }

    async fn j01_a_csv_bundle_with_a_wrong_header_changes_nothing(world: World) {
        let folder = world.directory.path().join("bundle");
        std::fs::create_dir(&folder).expect("a folder");
        let file = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
        file("organisations.csv", "id;name\nA;Alpha\n");
        file("users.csv", "id,organisation,fullname,email\n1,A,Ana,ana@alpha.example\n");
        file("cases.csv", "id,organisation,title,requestor,status,opened_at\n7,A,\"Two\nlines\",R,open,2018-01-01\n8,A,T,R,open,2018-01-01\n");
        file("entries.csv", "case,author,side,at,body\n8,R,customer,2018-01-01,\"a \"\"b\"\"\nc\"\n9,R,customer,2018-01-01,b\n8,R,nobody,2018-01-01,b\n");
        let report = commit(&world, &Source::open(&folder).expect("a source")).await;
        assert!(!report.committed);
        let found: Vec<_> = report.rows.iter().filter(|row| row.verdict.is_refusal()).map(|row| (row.file.as_str(), row.line)).collect();
        assert_eq!(found, [("entries.csv", 5), ("users.csv", 1), ("cases.csv", 2), ("cases.csv", 4), ("entries.csv", 4)]);
        let all: Vec<_> = problems(&report).into_iter().map(|(_, problem)| problem).collect();
        assert_eq!(all[1], Problem::MissingColumn { column: "name".into() });
        assert_eq!(all[3], Problem::BadEntry { line: 5 });
        assert_eq!(all[4], Problem::UnknownCase { id: "9".into() });
    }

    /// A second, newer export brings what happened meanwhile, and leaves alone what people did here.
    async fn a_newer_export_adds_what_is_new(world: World) {
        let case = |status: &str, more: &str| format!(
            r#"{{"type":"case","id":"7","organisation":"A","title":"t","requestor":"R","status":"{status}","opened_at":"2018-01-01","entries":[{{"author":"R","side":"customer","at":"2018-01-01","body":"first"}}{more}]}}"#
        );
        let company = r#"{"type":"organisation","id":"A","name":"Alpha"}"#;
        commit(&world, &source(&world, &[company, &case("open", "")])).await;
        let more = r#",{"author":"V","side":"vendor","at":"2018-01-02","body":"second"}"#;
        let newer = source(&world, &[company, &case("closed", more)]);
        let report = commit(&world, &newer).await;
        assert_eq!(report.counts, VerdictCounts { update: 1, unchanged: 1, ..Default::default() });
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let omar = world.context(omar).await;
        let id = service::cases::find_by_legacy_number(&omar, "7").await.expect("found");
        let seen = service::cases::detail(&omar, id).await.expect("a case");
        assert_eq!((seen.row.status, seen.stream.len()), (Status::Closed, 2));
        let moved = source(&world, &[r#"{"type":"organisation","id":"B","name":"Beta"}"#, &case("open", "").replace("\"A\"", "\"B\"")]);
        assert_eq!(problems(&commit(&world, &moved).await), [(2, Problem::CannotChange { field: "organisation".into() })]);
    }

    /// R14: imported first, enrolled on the board afterwards: rule B chooses all the same, and keeps every reason.
    async fn r14_enrolling_asks_rule_b(world: World) {
        let atlas = world.product("atlas").await;
        world.product("pulse").await;
        let programme = world.enrol(world.organisation("Another", &[atlas]).await, &[atlas], Phase::Draft).await;
        commit(&world, &source(&world, &[
            r#"{"type":"organisation","id":"A","name":"Alpha"}"#,
            r#"{"type":"contract","id":"C1","organisation":"A","number":"N-1","products":["atlas"]}"#,
            r#"{"type":"contract","id":"C2","organisation":"A","number":"N-2","products":["pulse"]}"#,
            r#"{"type":"contact","contract":"C1","kind":"deployment","name":"Dora Both","email":"dora@alpha.example"}"#,
            r#"{"type":"contact","contract":"C1","kind":"deployment","name":"Ben Deploy","email":"ben@alpha.example"}"#,
            r#"{"type":"contact","contract":"C1","kind":"deployment","name":"Gone Girl","email":"gone@alpha.example"}"#,
            r#"{"type":"contact","contract":"C1","kind":"deployment","name":"Una User","email":"una@alpha.example"}"#,
            r#"{"type":"contact","contract":"C2","kind":"deployment","name":"Pia Pulse","email":"pia@alpha.example"}"#,
            r#"{"type":"user","id":"1","organisation":"A","name":"Dora Both","email":"dora@alpha.example","admin":true,"record":"row 7"}"#,
        ])).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let company = service::people::page(&mia, None, "alpha").await.expect("a page").companies[0].0;
        let person = |email: &'static str| {
            let db = world.services.db.clone();
            async move { store::people::find_by_email(&db, email).await.expect("a lookup").expect("a person") }
        };
        // Taken out, and taken away, by hand: both stay so.
        service::people::remove(&mia, company, person("gone@alpha.example").await).await.expect("removed");
        let una = person("una@alpha.example").await;
        let role = domain::people::RoleForm { role: Role::SupportSystemAdmin.key().into(), ..Default::default() };
        let grant = service::people::grant_role(&mia, company, una, &role).await.expect("given");
        service::people::revoke_role(&mia, company, una, grant).await.expect("taken");

        let before = newest_event(&world).await;
        assert_eq!(service::rollout::enrol(&mia, programme, &[company]).await, Ok(1));
        assert_eq!(newest_event(&world).await, before + 3, "the company, and two administrators");
        let members = service::people::list(&mia, company).await.expect("members");
        let admin = |name: &str| {
            let member = members.iter().find(|member| member.name == name).expect("a member");
            member.roles.iter().find(|role| role.role == Role::SupportSystemAdmin).map(|role| role.reasons.clone())
        };
        let rule_b = AdminReason::DeploymentContact { contract: "N-1".into(), product: "ATLAS".into() };
        assert_eq!(admin("Dora Both"), Some(vec![AdminReason::KnownAdmin { record: "row 7".into() }, rule_b.clone()]));
        assert_eq!(admin("Ben Deploy"), Some(vec![rule_b]));
        assert_eq!((admin("Pia Pulse"), admin("Una User")), (None, None));
        assert!(members.iter().all(|member| member.name != "Gone Girl"));
        assert_eq!(world.mails().await, [], "enrolling is silent");
    }

    /// R14: the same when a later record of the company names the programme; another programme than its own is refused.
    async fn r14_a_record_that_enrols_asks_rule_b(world: World) {
        let atlas = world.product("atlas").await;
        world.enrol(world.organisation("Another", &[atlas]).await, &[atlas], Phase::Draft).await;
        let contact = r#"{"type":"contact","contract":"C1","kind":"deployment","name":"Ben Deploy","email":"ben@alpha.example"}"#;
        commit(&world, &source(&world, &[
            r#"{"type":"organisation","id":"A","name":"Alpha"}"#,
            r#"{"type":"contract","id":"C1","organisation":"A","number":"N-1","products":["atlas"]}"#,
            contact,
        ])).await;
        let named = |key: &str| format!(r#"{{"type":"organisation","id":"A","name":"Alpha","programme":"{key}"}}"#);
        let report = commit(&world, &source(&world, &[&named("spring")])).await;
        assert!(report.committed, "{:?}", problems(&report));
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let company = service::people::page(&mia, None, "alpha").await.expect("a page").companies[0].0;
        let members = service::people::list(&mia, company).await.expect("members");
        assert!(members[0].roles.iter().any(|role| role.role == Role::SupportSystemAdmin));

        let autumn = domain::rollout::ProgrammeForm {
            key: "autumn".into(),
            name: "Autumn".into(),
            contact: "care@nordlys.example".into(),
            products: vec![atlas.to_string()],
            dates: domain::rollout::DatesForm {
                setup: "2026-09-01".into(),
                validation: "2026-09-02".into(),
                enablement: "2026-09-03".into(),
                launch: "2026-09-04".into(),
            },
        };
        service::rollout::create_programme(&mia, &autumn).await.expect("a programme");
        let moved = commit(&world, &source(&world, &[&named("autumn")])).await;
        assert_eq!(problems(&moved), [(1, Problem::CannotChange { field: "programme".into() })]);
        assert!(!moved.committed);
    }
}
