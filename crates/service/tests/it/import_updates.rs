//! What a later import changes, said before it is done; commits at the command line, in the list of the portal.

use domain::{
    Failure, OrganisationId,
    access::{Reach, Role},
    failure::Conflict,
    imports::{Change, Changed, ImportReport, ImportState, ImportView, RecordKind, Verdict, VerdictCounts},
};
use service::imports::{self, Importer, Source, Strictness, commit_at_terminal};
use testkit::{World, on_both};

use crate::imports::{commit, dry_run, importer, newest_event, problems, source};

const COMPANY: &str = r#"{"type":"organisation","id":"R-1","name":"Atelier Rosier"}"#;

/// What the update on a line changes.
fn changes(report: &ImportReport, line: u64) -> Vec<(String, Changed)> {
    let row = report.rows.iter().find(|row| row.line == line).expect("a row");
    assert_eq!(row.verdict, Verdict::Update, "line {line}");
    row.changes.iter().map(|Change { field, what }| (field.clone(), what.clone())).collect()
}

fn value(field: &str, before: &str, after: &str) -> (String, Changed) {
    (field.to_owned(), Changed::Value { before: before.to_owned(), after: after.to_owned() })
}

async fn company(world: &World) -> OrganisationId {
    let ids = ["R-1".to_owned()];
    let found = store::imports::find_legacy(&world.services.db, RecordKind::Organisation, &ids).await.expect("asked");
    found["R-1"].object.into()
}

async fn at_terminal(
    world: &World,
    source: &Source,
    name: &str,
    stop: impl Future<Output = ()>,
) -> Result<Option<ImportReport>, Failure> {
    let importer = importer(world);
    commit_at_terminal(&importer, source, name, Strictness::AllOrNothing, &mut |_| {}, &|_| {}, stop).await
}

async fn listed(world: &World) -> Vec<ImportView> {
    let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
    imports::list(&world.context(mia).await).await.expect("a list")
}

on_both! {
    /// An update says each field with what it was and what it becomes, and after the commit that is so.
    async fn an_update_says_what_it_changes(world: World) {
        world.product("atlas").await;
        world.product("pulse").await;
        let user = |fields: &str| format!(r#"{{"type":"user","id":"u","organisation":"R-1","email":"zoe@rosier.example",{fields}}}"#);
        let contract = |fields: &str| format!(r#"{{"type":"contract","id":"k","organisation":"R-1",{fields}}}"#);
        let contact = |fields: &str| format!(r#"{{"type":"contact","id":"c","contract":"k","email":"yan@rosier.example",{fields}}}"#);
        let case = |fields: &str| format!(r#"{{"type":"case","id":"7","organisation":"R-1","requestor":"Zoe","opened_at":"2019-03-05T10:00:00Z",{fields}}}"#);
        let first = r#"{"author":"Zoe","side":"customer","at":"2019-03-05T10:00:00Z","body":"It is slow."}"#;
        let second = r#"{"author":"Omar","side":"vendor","at":"2019-03-06T10:00:00Z","body":"Fixed."}"#;
        let before = [
            COMPANY,
            &contract(r#""number":"N-1","products":["atlas"]"#),
            &contact(r#""kind":"billing","name":"Yan""#),
            &user(r#""name":"Zoe""#),
            &case(&format!(r#""title":"VPN slow","status":"open","entries":[{first}]"#)),
        ];
        assert!(commit(&world, &source(&world, &before)).await.committed);
        let after = source(&world, &[
            r#"{"type":"organisation","id":"R-1","name":"Rosier","region":"apac"}"#,
            &contract(r#""number":"N-1","plan":"gold","ends_on":"2027-01-31","products":["pulse"]"#),
            &contact(r#""kind":"owner","name":"Yann","phone":"+33 1 23 45 67 89""#),
            &user(r#""name":"Zoé","locale":"en","reach":"organisation","products":["atlas"]"#),
            &case(&format!(r#""title":"VPN slow","status":"closed","priority":"p1","entries":[{first},{second}]"#)),
        ]);
        let head = newest_event(&world).await;
        let report = dry_run(&world, &after).await;
        assert_eq!(newest_event(&world).await, head, "a dry run writes nothing");
        assert_eq!(changes(&report, 1), [value("name", "Atelier Rosier", "Rosier"), value("region", "emea", "apac")]);
        assert_eq!(changes(&report, 2), [value("plan", "standard", "gold"), value("ends_on", "", "2027-01-31"), value("products", "atlas", "atlas|pulse")]);
        assert_eq!(changes(&report, 3), [
            value("name", "Yan", "Yann"), value("kind", "", "owner"), value("phone", "", "+33123456789"), value("role", "", "contract_contact"),
        ]);
        assert_eq!(changes(&report, 4), [
            value("name", "Zoe", "Zoé"), value("locale", "fr", "en"), value("role", "support_user", "product_support_user"),
            value("reach", "own", "organisation"), value("products", "", "atlas"),
        ]);
        assert_eq!(changes(&report, 5), [
            value("status", "awaiting_assignment", "closed"), value("priority", "p3", "p1"), value("closed_at", "", "2019-03-06T10:00:00Z"),
            ("entries".to_owned(), Changed::Added { count: 1 }),
        ]);
        let done = commit(&world, &after).await;
        assert!(done.committed && done.counts.update == 5, "{:?}", problems(&done));
        assert_eq!(dry_run(&world, &after).await.counts.unchanged, 5);
        // The same but for a field: what was said to become is what is there.
        let again = source(&world, &[r#"{"type":"organisation","id":"R-1","name":"Rosier & Cie","region":"apac"}"#]);
        assert_eq!(changes(&dry_run(&world, &again).await, 1), [value("name", "Rosier", "Rosier & Cie")]);
    }

    /// What a person wrote, and a case that was worked on here, stay; the dry run says so.
    async fn an_update_says_what_stays(world: World) {
        commit(&world, &source(&world, &[COMPANY])).await;
        let company = company(&world).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let record = format!(r#"{{"type":"user","id":"1","organisation":"R-1","name":"Anna","email":"{}"}}"#, ana.actor.email);
        let file = source(&world, &[COMPANY, &record]);
        let kept = |here: &str, said: &str| ("name".to_owned(), Changed::Kept { here: here.to_owned(), said: said.to_owned() });
        assert_eq!(changes(&dry_run(&world, &file).await, 2), [kept("Ana Lopez", "Anna")]);
        assert!(commit(&world, &file).await.committed);
        let members = store::imports::list_memberships(&world.services.db, &[ana.actor.person]).await.expect("members");
        assert_eq!(members[0].name, "Ana Lopez");

        // A person of a record above, who is not stored yet.
        let twice = source(&world, &[
            COMPANY,
            r#"{"type":"contract","id":"k","organisation":"R-1","products":["atlas"]}"#,
            r#"{"type":"contact","contract":"k","kind":"owner","name":"Yan","email":"yan@rosier.example"}"#,
            r#"{"type":"user","id":"2","organisation":"R-1","name":"Yann","email":"yan@rosier.example"}"#,
        ]);
        world.product("atlas").await;
        assert_eq!(changes(&dry_run(&world, &twice).await, 4), [("email".to_owned(), Changed::Above)]);
    }

    /// A commit at the command line is one of the imports of the portal: who, when, how many.
    async fn a_commit_at_the_command_line_is_listed(world: World) {
        let file = source(&world, &[COMPANY, r#"{"type":"organisation","id":"R-2","name":"Beta"}"#]);
        let done = at_terminal(&world, &file, "export.jsonl", std::future::pending()).await.expect("a commit");
        assert!(done.is_some_and(|report| report.committed));
        let views = listed(&world).await;
        let [view] = &views[..] else { panic!("one import") };
        assert_eq!((view.name.as_str(), view.at_terminal, view.state, view.uploaded_at), ("export.jsonl", true, ImportState::Done, world.services.now()));
        let counts = view.report.as_ref().map(|report| (report.counts, report.rows.len()));
        assert_eq!(counts, Some((VerdictCounts { create: 2, ..Default::default() }, 0)));
        let id = view.id;
        let max = world.vendor("Max Second", Role::ProgrammeManager).await;
        let max = world.context(max).await;
        assert_eq!(imports::read_verdicts(&max, id).await.expect("verdicts").count(), 2);
        assert_eq!(imports::start_commit(&max, id, Strictness::AllOrNothing).await, Err(Failure::Conflict(Conflict::AlreadyTaken)));
        imports::discard(&max, id).await.expect("removed");

        let refused = source(&world, &[COMPANY, r#"{"type":"user"}"#]);
        let done = at_terminal(&world, &refused, "export.jsonl", std::future::pending()).await.expect("a commit");
        assert!(done.is_some_and(|report| !report.committed));
        assert_eq!(imports::list(&max).await.expect("a list"), [], "what wrote nothing is no import");
    }

    /// T17: an import that a signal ends gives the lease back at once, and shows as cut off.
    async fn t17_a_stopped_import_gives_the_lease_back(world: World) {
        let file = source(&world, &[COMPANY]);
        assert_eq!(at_terminal(&world, &file, "export.jsonl", std::future::ready(())).await, Ok(None));
        let views = listed(&world).await;
        let [view] = &views[..] else { panic!("one import") };
        assert_eq!((view.state, view.at_terminal), (ImportState::Failed, true));
        let again = importer(&world).commit(&file, Strictness::AllOrNothing, &mut |_| {}, &|_| {}).await.expect("it is free");
        assert_eq!(again.counts.create, 1);
    }

    /// The file of the records lies in the folder that attached files come from, and is none of them.
    async fn what_is_imported_is_attached_to_no_case(world: World) {
        let case = r#"{"type":"case","id":"7","organisation":"R-1","title":"t","requestor":"Zoe","status":"open","opened_at":"2019-01-01","entries":[{"author":"Zoe","side":"customer","at":"2019-01-01","body":"b","files":["lines.jsonl"]}]}"#;
        let report = commit(&world, &source(&world, &[COMPANY, case])).await;
        assert!(report.committed && report.counts.remarked == 1, "{:?}", problems(&report));
        assert!(Importer::of_system(&world.services).dry_run(&source(&world, &[COMPANY, case]), &mut |_| {}, &|_| {}).await.is_ok_and(|report| report.counts.unchanged == 2));
    }
}
