//! Imports: what a dry run says, what a commit does, and what neither does.

use std::{collections::BTreeMap, path::PathBuf};

use domain::{
    Failure, FieldError, ImportId,
    access::{Granted, Permission, Reach, Role},
    audit::Verb,
    cases::{CaseFilter, Priority, Side, Status, StreamItem},
    contracts::AdminReason,
    failure::Conflict,
    imports::{
        FileRefusal, ImportReport, ImportState, ImportView, Problem, RecordKind, RowVerdict, Syntax, UploadProblem,
        Verdict, VerdictCounts,
    },
    locale::Locale,
    people::PeopleFilter,
    rollout::Phase,
};
use jiff::SignedDuration;
use service::{
    Context,
    imports::{self, Importer, Part, Source, Strictness, Upload},
};
use store::imports::{Bulk, LegacyLine};
use testkit::{World, on_both};

fn sample(name: &str) -> Source {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/samples").join(name);
    Source::open(&path).expect("a sample")
}

pub(crate) fn source(world: &World, lines: &[&str]) -> Source {
    let path = world.directory.path().join("lines.jsonl");
    std::fs::write(&path, lines.join("\n")).expect("a file");
    Source::open(&path).expect("a source")
}

pub(crate) fn importer(world: &World) -> Importer {
    Importer::of_system(&world.services)
}

pub(crate) async fn dry_run(world: &World, source: &Source) -> ImportReport {
    importer(world).dry_run(source, &mut |_| {}, &|_| {}).await.expect("a dry run")
}

pub(crate) async fn commit(world: &World, source: &Source) -> ImportReport {
    importer(world).commit(source, Strictness::AllOrNothing, &mut |_| {}, &|_| {}).await.expect("a commit")
}

pub(crate) async fn newest_event(world: &World) -> i64 {
    store::audit::head(&world.services.db).await.expect("the newest event")
}

pub(crate) fn problems(report: &ImportReport) -> Vec<(u64, Problem)> {
    report
        .rows
        .iter()
        .filter_map(|row| match &row.verdict {
            Verdict::Conflict(problem) | Verdict::Reject(problem) => Some((row.line, problem.clone())),
            _ => None,
        })
        .collect()
}

/// The one case that the system before knew by this number or id.
pub(crate) async fn one_case(context: &service::Context, reference: &str) -> domain::CaseId {
    match service::cases::find_by_legacy(context, reference).await.expect("found") {
        service::cases::Legacy::Case(id) => id,
        service::cases::Legacy::Several => unreachable!("one case"),
    }
}

/// The companies called Alpha.
fn alpha() -> PeopleFilter {
    PeopleFilter { search: "alpha".into(), ..Default::default() }
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
        let agent = world.vendor("Olga Agent", Role::Agent).await;
        let agent = world.context(agent).await;
        let companies = service::people::page(&omar, &PeopleFilter::default()).await.expect("a page").companies;
        let mut counts = Vec::new();
        for (id, name) in companies {
            let people = service::people::list(&omar, id).await.expect("members").len();
            let open: u64 = service::cases::count_open(&agent, id).await.expect("a count").iter().sum();
            counts.push((name, people, open));
        }
        assert_eq!(counts, [("Brasserie du Nord".to_owned(), 3, 2), ("Harbour Logistics".to_owned(), 4, 2)]);

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
        let there = Ok(service::cases::Legacy::Case(case.row.id));
        assert_eq!(service::cases::find_by_legacy(&omar, "E-001874001").await, there);
        let words = CaseFilter { search: "index manquait".into(), ..Default::default() };
        assert_eq!(service::cases::list(&omar, &words).await.expect("a list").rows.len(), 1, "old texts are searched");
        assert!(case.seen_event > 0, "the live stream goes on after the import");

        let all = sample("import.jsonl");
        commit(&world, &all).await;
        let open = CaseFilter { status: "open".into(), ..Default::default() };
        let open = service::cases::list(&omar, &open).await.expect("a list");
        assert_eq!(open.rows.len(), 4);
        assert!(open.rows.iter().all(|row| row.status == Status::AwaitingAssignment), "D8: no agent is not in progress");
        service::cases::reply(&omar, open.rows[0].id, "Nous continuons ici.", &[], service::cases::Reply::Ask).await.expect("answered");
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
        let company = service::people::page(&manager, &alpha()).await.expect("a page").companies[0].0;
        let gate = store::rollout::find_gate(&world.services.db, company).await.expect("a gate");
        assert_eq!(gate.phase(), Some(Phase::Draft));
        let place = domain::access::Place::organisation(company, domain::rollout::Gate::open());
        let granted = manager.authorize(domain::access::Permission::PersonList, &place).await.expect("allowed");
        let members = store::people::list_members(&world.services.db, &granted, world.services.now()).await.expect("members");
        assert_eq!(members.len(), 5, "one account for two records; a billing contact is no member (D7)");
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
        assert!(admin("Pia Pulse").is_none());
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
            br#"{"type":"organisation","id":"B","name":"Beta","name":"Gamma"}"#,
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
            br#"{"type":"case","id":"7","organisation":"A","title":"t","requestor":"R","status":"closed","opened_at":"2018-01-01","entries":[{"author":"R","side":"customer","at":"2018-01-01","body":"b","files":"files/none.txt","side":"x"}]}"#,
            br#"{"type":"contact","contract":"C9","kind":"owner","name":"Cy","email":"cy@alpha.example"}"#,
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
        assert_eq!(lines, [2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14]);
        let on = |line: u64| found.iter().find(|(at, _)| *at == line).map(|(_, problem)| problem.clone()).expect("a problem");
        assert_eq!(on(2), Problem::DoubleKey { key: "name".into() });
        assert_eq!(on(3), Problem::LineTooLong { max_bytes: 1024 * 1024 });
        assert!(matches!(on(4), Problem::Syntax(Syntax::Json { column: 2, .. })));
        assert_eq!(on(5), Problem::UnknownKind { kind: "ticket".into() });
        assert!(matches!(on(7), Problem::Duplicate { first_line: 6, field, value } if field == "email" && value.eq_ignore_ascii_case("ana@alpha.example")));
        assert_eq!(on(8), Problem::Duplicate { first_line: 6, field: "id".into(), value: "1".into() });
        assert_eq!(on(9), Problem::UnknownOrganisation { id: "Z".into() });
        assert!(matches!(on(10), Problem::Field(bad) if bad.field == "email" && bad.value == "max at alpha" && bad.error == FieldError::NotAnEmail));
        assert_eq!(on(11), Problem::UnknownProduct { key: "nope".into() });
        assert!(matches!(on(12), Problem::UnknownFields { fields, .. } if fields == ["nome"]));
        assert_eq!(on(13), Problem::DoubleKey { key: "entries[0].side".into() });
        assert_eq!(on(14), Problem::UnknownContract { id: "C9".into() });

        let some = importer(&world).commit(&file, Strictness::SkipRefused, &mut |_| {}, &|_| {}).await.expect("a commit");
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
        assert_eq!(found, [("entries.csv", 5), ("users.csv", 1), ("cases.csv", 4), ("entries.csv", 4)]);
        let all: Vec<_> = problems(&report).into_iter().map(|(_, problem)| problem).collect();
        assert!(matches!(&all[1], Problem::WholeFile { rows: 1, why: FileRefusal::Header(header) } if header.missing == ["name"] && header.unknown == ["fullname"]));
        assert_eq!(all[2], Problem::BadEntry { line: 5 });
        assert_eq!(all[3], Problem::UnknownCase { id: "9".into() });
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
        let id = one_case(&omar, "7").await;
        let seen = service::cases::detail(&omar, id).await.expect("a case");
        assert_eq!((seen.row.status, seen.stream.len()), (Status::Closed, 2));
        let moved = source(&world, &[r#"{"type":"organisation","id":"B","name":"Beta"}"#, &case("open", "").replace("\"A\"", "\"B\"")]);
        assert_eq!(problems(&commit(&world, &moved).await), [(2, Problem::CannotChange { field: "organisation".into(), value: "B".into() })]);
    }

    /// Two concurrent imports of the same file: one writes, the other is told to wait; nothing is written twice.
    async fn one_import_writes_at_a_time(world: World) {
        let file = sample("import.jsonl");
        let commit = async || importer(&world).commit(&file, Strictness::AllOrNothing, &mut |_| {}, &|_| {}).await;
        let (one, two) = tokio::join!(commit(), commit());
        let busy = |outcome: &Result<ImportReport, Failure>| *outcome == Err(Failure::Conflict(Conflict::ImportUnderWay));
        let done = |outcome: &Result<ImportReport, Failure>| outcome.as_ref().is_ok_and(|report| report.committed);
        assert!(busy(&one) && done(&two) || done(&one) && busy(&two), "{one:?} {two:?}");
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let omar = world.context(omar).await;
        let filter = CaseFilter { search: "E-001874001".into(), ..Default::default() };
        assert_eq!(service::cases::list(&omar, &filter).await.expect("a list").rows.len(), 1);
        assert_eq!(dry_run(&world, &file).await.counts.writes(), 0);
    }

    /// A run that was killed loses its turn after two minutes; one that comes back after that writes nothing more.
    async fn who_is_cut_off_loses_the_turn(world: World) {
        let proof = Granted::to_system(Permission::ImportRun, None);
        let killed: ImportId = world.services.id();
        let now = world.services.now();
        let tx = store::imports::begin(&world.services.db).await.expect("a transaction");
        let until = now + SignedDuration::from_mins(2);
        assert!(store::imports::take_lease(&tx, &proof, killed, now, until).await.expect("asked"));
        tx.commit(Vec::new()).await.expect("a commit");
        let file = source(&world, &[r#"{"type":"organisation","id":"A","name":"Alpha"}"#]);
        let commit = || async { importer(&world).commit(&file, Strictness::AllOrNothing, &mut |_| {}, &|_| {}).await };
        assert_eq!(commit().await, Err(Failure::Conflict(Conflict::ImportUnderWay)));
        world.clock.advance(SignedDuration::from_mins(3));
        assert!(commit().await.expect("a commit").committed);

        // Another import takes the lease while this one reads its file. It has a runtime of its own, which
        // a pool of PostgreSQL connections does not bear.
        if !world.services.db.is_sqlite() {
            return;
        }
        let file = source(&world, &[r#"{"type":"organisation","id":"B","name":"Beta"}"#]);
        let services = world.services.clone();
        let steal = move |_| {
            let services = services.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async {
                    let thief: ImportId = services.id();
                    let at = services.now() + SignedDuration::from_mins(5);
                    let tx = store::imports::begin(&services.db).await.expect("a transaction");
                    let proof = Granted::to_system(Permission::ImportRun, None);
                    let until = at + SignedDuration::from_mins(2);
                    store::imports::take_lease(&tx, &proof, thief, at, until).await.expect("taken");
                    tx.commit(Vec::new()).await.expect("a commit");
                });
            })
            .join()
            .expect("stolen");
        };
        let before = newest_event(&world).await;
        let late = importer(&world).commit(&file, Strictness::AllOrNothing, &mut |_| {}, &steal).await;
        assert_eq!(late, Err(Failure::Conflict(Conflict::ImportOvertaken)));
        assert_eq!(newest_event(&world).await, before, "nothing was written");
    }

    /// An id that was free when a batch was planned and is taken when it is written is an error, not a second object.
    async fn an_imported_id_stands_for_one_object(world: World) {
        commit(&world, &source(&world, &[r#"{"type":"organisation","id":"A","name":"Alpha"}"#])).await;
        let proof = Granted::to_system(Permission::ImportRun, None);
        let insert = |known| {
            let legacy = LegacyLine {
                kind: RecordKind::Organisation,
                id: "A".into(),
                source: String::new(),
                object: uuid::Uuid::nil(),
                fingerprint: [1; 32],
                known,
            };
            let bulk = Bulk { legacy: vec![legacy], ..Default::default() };
            let (db, proof, now) = (&world.services.db, &proof, world.services.now());
            async move {
                let tx = store::imports::begin(db).await.expect("a transaction");
                store::imports::insert(&tx, proof, bulk, now).await?;
                tx.commit(Vec::new()).await.map(|_| ())
            }
        };
        assert!(matches!(insert(false).await, Err(store::StoreError::Duplicate)));
        insert(true).await.expect("a new fingerprint of a known one");
        let found = store::imports::find_legacy(&world.services.db, RecordKind::Organisation, &["A".to_owned()]).await.expect("found");
        assert!(found["A"].fingerprint == [1; 32] && found["A"].object != uuid::Uuid::nil());
    }

    /// One person in two records: what the user record says counts, wherever the contact record stands.
    async fn a_contact_who_is_a_user_has_one_name_phone_and_language(world: World) {
        let head = [
            r#"{"type":"product","key":"atlas","name":"Atlas"}"#,
            r#"{"type":"organisation","id":"A","name":"Alpha"}"#,
            r#"{"type":"contract","id":"C","organisation":"A","products":["atlas"]}"#,
            r#"{"type":"contact","contract":"C","kind":"owner","name":"E. User","email":"eve@alpha.example"}"#,
        ];
        let user = r#"{"type":"user","id":"1","organisation":"A","name":"Eve User","email":"eve@alpha.example","phone":"+33 1 23 45 67 89","locale":"en"}"#;
        let mut lines = head.to_vec();
        lines.push(user);
        commit(&world, &source(&world, &lines)).await;
        let facts = || async {
            let id = store::people::find_by_email(&world.services.db, "eve@alpha.example").await.expect("asked").expect("known");
            let facts = store::people::find(&world.services.db, id).await.expect("a person");
            (facts.name, facts.phone.is_some(), facts.locale)
        };
        assert_eq!(facts().await, ("Eve User".into(), true, Locale::En), "in one batch");

        // In another batch; and a record without a language changes none.
        let newer = user.replace("Eve User", "Eva User").replace(r#","locale":"en""#, "");
        commit(&world, &source(&world, &[newer.as_str()])).await;
        assert_eq!(facts().await, ("Eva User".into(), true, Locale::En));
        let newer = newer.replace(r#""id":"1""#, r#""id":"1","locale":"fr""#);
        commit(&world, &source(&world, &[newer.as_str()])).await;
        assert_eq!(facts().await, ("Eva User".into(), true, Locale::Fr));
    }

    /// A user record that says other products or another reach changes the role it gave, and no other.
    async fn a_newer_export_changes_the_roles_that_an_import_gave(world: World) {
        let (atlas, pulse) = (world.product("atlas").await, world.product("pulse").await);
        let user = |more: &str| format!(r#"{{"type":"user","id":"1","organisation":"A","name":"Una User","email":"una@alpha.example"{more}}}"#);
        commit(&world, &source(&world, &[r#"{"type":"organisation","id":"A","name":"Alpha"}"#, &user(r#","products":["atlas"]"#)])).await;
        let una = store::people::find_by_email(&world.services.db, "una@alpha.example").await.expect("asked").expect("known");
        let standing = || async {
            let grants = store::imports::list_grants(&world.services.db, &[una], world.services.now()).await.expect("grants");
            let mut standing: Vec<_> = grants.into_iter().filter(|grant| !grant.revoked).collect();
            assert_eq!(standing.len(), 1, "{standing:?}");
            let grant = standing.remove(0);
            let mut products: Vec<_> = grant.products.into_iter().collect();
            products.sort();
            (grant.role, grant.reach, products)
        };
        assert_eq!(standing().await, (Role::ProductSupportUser, Reach::Own, vec![atlas]));
        let newer = source(&world, &[user(r#","products":["atlas","pulse"],"reach":"organisation""#).as_str()]);
        assert_eq!(commit(&world, &newer).await.counts.update, 1);
        assert_eq!(standing().await, (Role::ProductSupportUser, Reach::Organisation, vec![atlas, pulse]));
        commit(&world, &source(&world, &[&user("")])).await;
        assert_eq!(standing().await, (Role::SupportUser, Reach::Own, Vec::new()));

        // Changed by hand: stays.
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let company = store::imports::list_memberships(&world.services.db, &[una]).await.expect("memberships")[0].organisation;
        let form = domain::people::RoleForm { role: "support_user".into(), reach: "organisation".into(), ..Default::default() };
        service::people::grant_role(&mia, company, una, &form).await.expect("given");
        commit(&world, &source(&world, &[user(r#","locale":"en""#).as_str()])).await;
        assert_eq!(standing().await, (Role::SupportUser, Reach::Organisation, Vec::new()));
    }

    /// A case without work done here follows the old system in everything, files included; one with work done here only
    /// gets new entries, and a record that brings nothing new is no update.
    async fn a_newer_export_corrects_cases_and_brings_missing_files(world: World) {
        world.product("atlas").await;
        std::fs::create_dir_all(world.directory.path().join("files")).expect("a folder");
        std::fs::write(world.directory.path().join("files/log.txt"), "a log").expect("a file");
        let company = r#"{"type":"organisation","id":"A","name":"Alpha"}"#;
        let case = |title: &str, more: &str, files: &str| format!(
            r#"{{"type":"case","id":"7","organisation":"A","title":"{title}","requestor":"R","status":"open","opened_at":"2018-01-01"{more},"entries":[{{"author":"R","side":"customer","at":"2018-01-01","body":"first"{files}}}]}}"#
        );
        let import = async |line: &str| commit(&world, &source(&world, &[company, line])).await;
        import(&case("Wrnog", "", "")).await;
        let with_file = r#","files":["files/log.txt"]"#;
        let right = case("Right", r#","number":"E-77","product":"atlas","priority":"p1","requestor_email":"r@alpha.example""#, with_file);
        assert_eq!(import(&right).await.counts.update, 1);
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let omar = world.context(omar).await;
        let id = one_case(&omar, "E-77").await;
        let seen = service::cases::detail(&omar, id).await.expect("a case");
        assert_eq!((seen.row.title.as_str(), seen.row.product.as_deref(), seen.row.priority), ("Right", Some("ATLAS"), Priority::P1));
        let StreamItem::Entry(first) = &seen.stream[0] else { panic!("an entry") };
        assert_eq!((seen.stream.len(), first.files.len()), (1, 1));
        let found = async |words: &str| {
            let filter = CaseFilter { search: words.into(), ..Default::default() };
            service::cases::list(&omar, &filter).await.expect("a list").rows.len()
        };
        assert_eq!((found("right").await, found("wrnog").await), (1, 0), "found by what it is called now");

        // The same again needs no files: it is unchanged.
        std::fs::remove_file(world.directory.path().join("files/log.txt")).expect("removed");
        let again = import(&right).await;
        assert_eq!(again.counts, VerdictCounts { unchanged: 2, ..Default::default() }, "{:?}", problems(&again));

        std::fs::write(world.directory.path().join("files/log.txt"), "a log").expect("a file");
        service::cases::reply(&omar, id, "We go on here.", &[], service::cases::Reply::Answer).await.expect("answered");
        let before = newest_event(&world).await;
        assert_eq!(import(&right.replace("Right", "Other")).await.counts.unchanged, 2, "an honest verdict");
        assert_eq!(newest_event(&world).await, before);
        assert_eq!(service::cases::detail(&omar, id).await.expect("a case").row.title, "Right");
    }

    /// Invariant 3: products and enrolments too.
    async fn products_and_enrolments_are_in_the_ledger(world: World) {
        let atlas = world.product("atlas").await;
        let other = world.organisation("Another", &[atlas]).await;
        world.enrol(other, &[atlas], Phase::Draft).await;
        let file = source(&world, &[
            r#"{"type":"product","key":"pulse","name":"Pulse"}"#,
            r#"{"type":"organisation","id":"A","name":"Alpha","programme":"spring"}"#,
        ]);
        let before = newest_event(&world).await;
        commit(&world, &file).await;
        assert_eq!(newest_event(&world).await, before + 4, "product, company, enrolment, the import as a whole");
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let ledger = async |company| service::audit::list(&mia, company, None).await.expect("a ledger").rows;
        let verbs: Vec<_> = ledger(None).await.iter().take(2).map(|row| row.verb).collect();
        assert_eq!(verbs, [Verb::ImportCommitted, Verb::ProductImported]);
        let found = store::imports::find_legacy(&world.services.db, RecordKind::Organisation, &["A".to_owned()]).await;
        let company = found.expect("found")["A"].object.into();
        let rows = ledger(Some(company)).await;
        let verbs: Vec<_> = rows.iter().map(|row| row.verb).collect();
        assert_eq!(verbs, [Verb::EnrolmentCreated, Verb::OrganisationImported]);
        assert_eq!(rows[0].facts, [domain::audit::Fact::Named("Spring 2026".into())]);
        let renamed = source(&world, &[r#"{"type":"organisation","id":"A","name":"Alpha SA","programme":"spring"}"#]);
        let before = newest_event(&world).await;
        commit(&world, &renamed).await;
        assert_eq!(newest_event(&world).await, before + 2, "it is enrolled once");
    }

    /// A stray quote costs its own row; a case has a bounded number of bytes.
    async fn a_csv_bundle_is_read_row_by_row_in_bounded_memory(world: World) {
        let folder = world.directory.path().join("bundle");
        std::fs::create_dir(&folder).expect("a folder");
        let file = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
        file("organisations.csv", "id,name\nA,5\" disk\nB,\"Beta\nC,Gamma\nD,\"Delta \"\"D\"\"\"\n");
        file("cases.csv", "id,organisation,title,requestor,status,opened_at\n7,C,T,R,open,2018-01-01\n8,C,T,R,open,2018-01-01\n");
        let body = "x".repeat(199_000);
        let mut entries = String::from("case,author,side,at,body\n8,R,customer,2018-01-01,short\n");
        for _ in 0..50 {
            entries.push_str(&format!("7,R,customer,2018-01-01,{body}\n"));
        }
        file("entries.csv", &entries);
        let report = dry_run(&world, &Source::open(&folder).expect("a source")).await;
        let refused: Vec<_> = report.rows.iter().filter(|row| row.verdict.is_refusal()).map(|row| (row.file.as_str(), row.line)).collect();
        assert_eq!(refused, [("organisations.csv", 2), ("organisations.csv", 3), ("cases.csv", 2)]);
        assert_eq!(problems(&report)[2].1, Problem::CaseTooLarge { max_bytes: 8 * 1024 * 1024 });
        assert_eq!(report.counts.create, 3, "C, D and the small case");
    }

    /// What is imported and what is attached come in fields of their own; nothing takes the place of anything else.
    async fn an_upload_is_kept_as_it_came(world: World) {
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let long = format!("{}.txt", "画".repeat(150));
        let line = format!(
            r#"{{"type":"case","id":"7","organisation":"A","title":"t","requestor":"R","status":"open","opened_at":"2018-01-01","entries":[{{"author":"R","side":"customer","at":"2018-01-01","body":"b","files":["files/config.json","files/users.csv","files/{long}"]}}]}}"#
        );
        let records = format!("{}\n{line}\n", r#"{"type":"organisation","id":"A","name":"Alpha"}"#);
        let mut upload = Upload::begin(&mia).await.expect("begun");
        take(&mut upload, Part::Records, "Export 2026.jsonl", &records).await.expect("taken");
        take(&mut upload, Part::Attached, "config.json", "{}").await.expect("taken");
        take(&mut upload, Part::Attached, "users.csv", "id,name").await.expect("taken");
        take(&mut upload, Part::Attached, &format!("C:\\old\\{long}"), "a log").await.expect("taken");
        let refused = |outcome: Result<(), Failure>| match outcome {
            Err(Failure::Invalid(errors)) => errors.iter().map(|(_, error)| error.clone()).next(),
            _ => None,
        };
        let again = take(&mut upload, Part::Attached, "config.json", "[]").await;
        assert_eq!(refused(again), Some(FieldError::Upload(UploadProblem::SameName)));
        for (name, problem) in [
            ("more.json", UploadProblem::SeveralFiles),
            ("users.csv", UploadProblem::TwoShapes),
            ("data.xlsx", UploadProblem::UnknownFile),
        ] {
            let outcome = take(&mut upload, Part::Records, name, "").await;
            assert_eq!(refused(outcome), Some(FieldError::Upload(problem)), "{name}");
        }
        let id = upload.finish().expect("kept");
        let view = settled(&mia, id).await;
        let report = view.report.expect("a report");
        assert_eq!((view.state, report.counts.create), (ImportState::Checked, 2), "{:?}", problems(&report));
        imports::start_commit(&mia, id, Strictness::AllOrNothing).await.expect("begun");
        assert!(imports::start_commit(&mia, id, Strictness::AllOrNothing).await.is_err(), "once");
        assert_eq!(settled(&mia, id).await.state, ImportState::Done);
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let omar = world.context(omar).await;
        let case = one_case(&omar, "7").await;
        let seen = service::cases::detail(&omar, case).await.expect("a case");
        let StreamItem::Entry(first) = &seen.stream[0] else { panic!("an entry") };
        let mut names: Vec<_> = first.files.iter().map(|file| (file.name.chars().count(), file.size)).collect();
        names.sort_unstable();
        assert_eq!(names, [(9, 7), (11, 2), (150, 5)]);

        let mut tables = Upload::begin(&mia).await.expect("begun");
        take(&mut tables, Part::Records, "Organisations.csv", "id,name\n").await.expect("taken");
        let again = take(&mut tables, Part::Records, "organisations.csv", "").await;
        assert_eq!(refused(again), Some(FieldError::Upload(UploadProblem::SameName)));
        let json = take(&mut tables, Part::Records, "import.jsonl", "").await;
        assert_eq!(refused(json), Some(FieldError::Upload(UploadProblem::TwoShapes)));
        let empty = Upload::begin(&mia).await.expect("begun").finish().map(|_| ());
        assert_eq!(refused(empty), Some(FieldError::Upload(UploadProblem::NothingToImport)));
        imports::discard(&mia, id).await.expect("removed");
        assert_eq!(imports::list(&mia).await.expect("a list"), [], "what was not finished is gone");
    }

    /// Two clicks on the same button are one import.
    async fn two_clicks_are_one_import(world: World) {
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let mut upload = Upload::begin(&mia).await.expect("begun");
        take(&mut upload, Part::Records, "a.jsonl", r#"{"type":"organisation","id":"A","name":"Alpha"}"#).await.expect("taken");
        let id = upload.finish().expect("kept");
        settled(&mia, id).await;
        let (one, two) = tokio::join!(
            imports::start_commit(&mia, id, Strictness::AllOrNothing),
            imports::start_commit(&mia, id, Strictness::AllOrNothing),
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        let view = settled(&mia, id).await;
        assert_eq!((view.state, view.report.expect("a report").counts.create), (ImportState::Done, 1));
    }

    /// A run that was cut off is said to be, and goes on when it is asked to.
    async fn a_run_that_was_cut_off_can_go_on(world: World) {
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let mut upload = Upload::begin(&mia).await.expect("begun");
        take(&mut upload, Part::Records, "a.jsonl", r#"{"type":"organisation","id":"A","name":"Alpha"}"#).await.expect("taken");
        let id = upload.finish().expect("kept");
        settled(&mia, id).await;
        // As a process leaves it that is killed while it writes.
        let state = world.directory.path().join("imports").join(id.to_string()).join("state.json");
        let text = std::fs::read_to_string(&state).expect("a state").replace("\"checked\"", "\"running\"");
        std::fs::write(&state, text).expect("written");
        assert_eq!(imports::find(&mia, id).await.expect("a view").state, ImportState::Failed);
        imports::start_commit(&mia, id, Strictness::AllOrNothing).await.expect("begun");
        assert_eq!(settled(&mia, id).await.state, ImportState::Done);
    }

    /// Every verdict can be read, however many there are.
    async fn every_verdict_is_kept(world: World) {
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let mut upload = Upload::begin(&mia).await.expect("begun");
        let lines: String = (0..700).map(|n| format!("{{\"type\":\"organisation\",\"id\":\"{n}\",\"name\":\"N\"}}\n")).collect();
        take(&mut upload, Part::Records, "a.jsonl", &lines).await.expect("taken");
        let id = upload.finish().expect("kept");
        settled(&mia, id).await;
        let rows: Vec<RowVerdict> = imports::read_verdicts(&mia, id).await.expect("verdicts").collect();
        assert_eq!((rows.len(), rows[699].line, &rows[699].verdict), (700, 700, &Verdict::Create));
        let company = world.organisation("Alpha", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        assert!(matches!(imports::read_verdicts(&ana, id).await.map(|_| ()), Err(Failure::Forbidden(_))));
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
        let company = service::people::page(&mia, &alpha()).await.expect("a page").companies[0].0;
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
        let contact =
            r#"{"type":"contact","contract":"C1","kind":"deployment","name":"Ben Deploy","email":"ben@alpha.example"}"#;
        commit(
            &world,
            &source(
                &world,
                &[
                    r#"{"type":"organisation","id":"A","name":"Alpha"}"#,
                    r#"{"type":"contract","id":"C1","organisation":"A","number":"N-1","products":["atlas"]}"#,
                    contact,
                ],
            ),
        )
        .await;
        let named = |key: &str| format!(r#"{{"type":"organisation","id":"A","name":"Alpha","programme":"{key}"}}"#);
        let report = commit(&world, &source(&world, &[&named("spring")])).await;
        assert!(report.committed, "{:?}", problems(&report));
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let company = service::people::page(&mia, &alpha()).await.expect("a page").companies[0].0;
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
        assert_eq!(problems(&moved), [(1, Problem::CannotChange { field: "programme".into(), value: "autumn".into() })]);
        assert!(!moved.committed);
    }
}

/// Hands a file to an upload as a form does.
async fn take(upload: &mut Upload, part: Part, name: &str, text: &str) -> Result<(), Failure> {
    let body = futures::stream::iter([Ok::<_, std::io::Error>(text.as_bytes().to_vec())]);
    upload.take(part, name, body).await
}

/// The upload when nothing is under way any more.
async fn settled(context: &Context, id: ImportId) -> ImportView {
    for _ in 0..500 {
        let view = imports::find(context, id).await.expect("a view");
        if !view.state.is_running() {
            return view;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it never ends");
}
