//! Programmes, moves of phases and dates, gates, the timeline (R22-R33).

use std::sync::atomic::Ordering;

use domain::{
    Failure, FieldError, FieldErrors, OrganisationId,
    access::{Reach, Role},
    cases::{CaseFilter, CaseForm},
    failure::{Conflict, Denial},
    people::PeopleFilter,
    rollout::{BoardFilter, Capability, Change, DatesForm, Phase, ProgrammeForm, StepState},
};
use service::{
    cases::{self, Reply},
    rollout,
};
use testkit::on_both;

fn form(organisation: impl ToString, product: impl ToString) -> CaseForm {
    CaseForm {
        organisation: organisation.to_string(),
        product: product.to_string(),
        title: "Le tableau de bord reste vide".into(),
        description: "Depuis ce matin.".into(),
        priority: "p3".into(),
        impact: "small".into(),
    }
}

fn dates() -> DatesForm {
    DatesForm {
        setup: "2026-02-02".into(),
        validation: "2026-03-02".into(),
        enablement: "2026-04-06".into(),
        launch: "2026-05-11".into(),
    }
}

on_both! {
    /// C12: a programme moves with as many statements for fourteen companies as for two, and one request enrols 500 companies
    /// at most.
    async fn c12_a_programme_of_many_companies_moves_in_a_few_statements(world: World) {
        let product = world.product("atlas").await;
        let max = world.vendor("Max Manager", Role::ProgrammeManager).await;
        let max = world.context(max).await;
        let mut programme = None;
        let mut asked = Vec::new();
        for round in [2, 12] {
            for number in 0..round {
                let company = world.organisation(&format!("Compagnie {round}-{number}"), &[product]).await;
                programme = Some(world.enrol(company, &[product], Phase::Draft).await);
            }
            let programme = programme.expect("a programme");
            let before = world.statements.load(Ordering::Relaxed);
            rollout::shift_programme(&max, programme, 7, "A week later").await.expect("moved");
            asked.push(world.statements.load(Ordering::Relaxed) - before);
        }
        assert_eq!(asked[0], asked[1]);

        let many = vec![OrganisationId::from(uuid::Uuid::nil()); 501];
        let refused = rollout::enrol(&max, programme.expect("a programme"), &many).await;
        assert_eq!(refused, Err(Failure::field("companies", FieldError::TooMany { max: 500 })));
    }

    /// R2, R24, J06: set up, enrol silently, invite with SETUP; the members see where they are.
    async fn r24_a_programme_from_draft_to_setup(world: World) {
        let product = world.product("atlas").await;
        let (a, b) = (world.organisation("Alpha", &[product]).await, world.organisation("Beta", &[product]).await);
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let other = world.organisation("Gamma", &[product]).await;
        let gus = world.member(other, "Gus Gamma", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let (gus, mia) = (world.context(gus).await, world.context(mia).await);

        let typed = ProgrammeForm {
            key: "spring-2026".into(),
            name: "Printemps 2026".into(),
            contact: "care@nordlys.example".into(),
            products: vec![product.to_string()],
            dates: dates(),
        };
        let programme = rollout::create_programme(&mia, &typed).await.expect("a programme");
        assert_eq!(rollout::create_programme(&mia, &typed).await, Err(Failure::Conflict(Conflict::AlreadyTaken)));
        assert!(matches!(rollout::create_programme(&gus, &typed).await, Err(Failure::Forbidden(_))));
        assert_eq!(rollout::tools(&mia, "alph").await.expect("tools").candidates.len(), 1);
        assert_eq!(rollout::enrol(&mia, programme, &[a, b]).await, Ok(2));
        assert_eq!(rollout::enrol(&mia, programme, &[a, b]).await, Ok(0), "again changes nothing");
        assert!(rollout::tools(&mia, "").await.expect("tools").candidates.iter().all(|(id, _)| *id == other));
        let ana = world.member(a, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        assert!(world.mails().await.is_empty(), "enrolling is silent");

        let moved = rollout::move_phase(&mia, a, Phase::Setup, "Everything imported", false).await.expect("moved");
        assert_eq!((moved.before, moved.after), (Phase::Draft, Phase::Setup));
        let again = rollout::move_phase(&mia, a, Phase::Setup, "Again", false).await;
        assert_eq!(again, Err(Failure::Conflict(Conflict::PhaseChange)));
        for wrong in ["", " \u{200b}", &"x".repeat(301)] {
            assert!(matches!(rollout::move_phase(&mia, a, Phase::Validation, wrong, false).await, Err(Failure::Invalid(_))));
        }
        assert!(matches!(rollout::move_phase(&ana, a, Phase::Launch, "me", true).await, Err(Failure::Forbidden(_))));

        let seen = rollout::timeline(&ana, a).await.expect("hers").expect("in a programme");
        let states: Vec<_> = seen.steps.iter().map(|step| step.state).collect();
        assert_eq!(states, [StepState::Current, StepState::Ahead, StepState::Ahead, StepState::Ahead]);
        assert_eq!((seen.contact.as_str(), seen.organisation_name.as_str()), ("care@nordlys.example", "Alpha"));
        assert_eq!(seen.next().map(|(step, days)| (step.phase, days)), Some((Phase::Validation, Some(0))));
        assert_eq!(rollout::timeline(&ana, b).await, Err(Failure::NotFound));
        assert!(rollout::timeline(&mia, b).await.is_ok(), "the vendor sees what the customer sees");

        let board = rollout::board(&mia, programme, &BoardFilter::default()).await.expect("a board");
        assert_eq!(board.companies.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["Alpha", "Beta"]);
        assert_eq!((board.funnel.companies, board.funnel.known, board.funnel.activated), (2, 1, 1));
        assert_eq!(board.phases.first(), Some(&(Phase::Draft, 1)));
        let setup = BoardFilter { phase: "setup".into(), search: "ALP".into(), ..Default::default() };
        assert_eq!(rollout::board(&mia, programme, &setup).await.expect("a board").companies.len(), 1);
        assert!(matches!(rollout::board(&ana, programme, &setup).await, Err(Failure::Forbidden(_))));
    }

    /// J11
    async fn j11_launch_needs_an_admin_or_a_reason(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Alpha", &[product]).await;
        world.enrol(company, &[product], Phase::Enablement).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let refused = rollout::move_phase(&mia, company, Phase::Launch, "It is May", false).await;
        assert_eq!(refused, Err(Failure::Conflict(Conflict::LaunchWithoutAdmin)));
        assert!(matches!(rollout::move_phase(&mia, company, Phase::Launch, " ", true).await, Err(Failure::Invalid(_))));
        rollout::move_phase(&mia, company, Phase::Launch, "Their admin starts on Monday", true).await.expect("launched");
        let history = rollout::history(&mia, company).await.expect("a history");
        let [latest, ..] = history.as_slice() else { panic!("no history") };
        assert_eq!(latest.actor.as_deref(), Some("Mia Manager"));
        let Change::Phase { before, after, reason, overridden, .. } = &latest.change else { panic!("{latest:?}") };
        assert_eq!((*before, *after, *overridden), (Phase::Enablement, Phase::Launch, true));
        assert_eq!(reason, "Their admin starts on Monday");

        // With an admin who came in, nothing has to be passed over.
        let other = world.organisation("Beta", &[product]).await;
        world.enrol(other, &[product], Phase::Enablement).await;
        world.member(other, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        rollout::move_phase(&mia, other, Phase::Launch, "Ready", false).await.expect("launched");
    }

    /// J12, R5: dates move, refusals and the timeline follow, the history is kept.
    async fn j12_dates_move_and_are_remembered(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Alpha", &[product]).await;
        let programme = world.enrol(company, &[product], Phase::Validation).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let (ana, mia) = (world.context(ana).await, world.context(mia).await);

        let late = DatesForm { launch: "2026-05-25".into(), ..dates() }.parse().expect("in order");
        rollout::move_dates(&mia, company, &late, "Holidays").await.expect("moved");
        let wrong: Vec<_> = late.iter().map(|(phase, date)| if *phase == Phase::Launch { (*phase, "2026-04-01".parse().expect("a day")) } else { (*phase, *date) }).collect();
        let refused = rollout::move_dates(&mia, company, &wrong, "Sooner").await;
        assert_eq!(refused, Err(Failure::Invalid(FieldErrors::one("launch", FieldError::OutOfOrder))));
        assert!(matches!(rollout::move_dates(&ana, company, &late, "mine").await, Err(Failure::Forbidden(_))));

        // A wave moves by 14 days; what has begun stays.
        assert_eq!(rollout::shift_programme(&mia, programme, 14, "Two weeks more").await, Ok(1));
        let seen = rollout::timeline(&ana, company).await.expect("hers").expect("in a programme");
        let days: Vec<_> = seen.steps.iter().filter_map(|step| step.starts_on).map(|day| day.to_string()).collect();
        assert_eq!(days, ["2026-02-02", "2026-03-02", "2026-04-20", "2026-06-08"]);
        assert_eq!(seen.moves.len(), 2);
        assert!(seen.moves.iter().all(|moved| moved.actor.is_none()), "who did it is the vendor's to tell");
        let Some(Change::Dates { before, after, reason }) = seen.moves.last().map(|moved| &moved.change) else { panic!("no move") };
        assert_eq!((DatesForm::new(before).launch.as_str(), DatesForm::new(after).launch.as_str()), ("2026-05-11", "2026-05-25"));
        assert!(reason.is_empty());
        let Some(Failure::Forbidden(Denial::NotOpenYet { opens_on, .. })) = cases::open(&world.context(ana.actor.person).await, &form(company, product), &[]).await.err() else { panic!("opened") };
        assert_eq!(opens_on.map(|day| day.to_string()), Some("2026-06-08".into()));
        let moves = rollout::history(&mia, company).await.expect("a history");
        assert_eq!(moves.len(), 2);
    }

    /// J13: set back, no new case; those that run go on.
    async fn j13_rollback_keeps_running_cases(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Alpha  Nord", &[product]).await;
        world.enrol(company, &[product], Phase::Enablement).await;
        let bob = world.member(company, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        rollout::move_phase(&mia, company, Phase::Launch, "Ready", false).await.expect("launched");
        let context = world.context(bob).await;
        let case = cases::open(&context, &form(company, product), &[]).await.expect("opened");
        // D2: no slip of a select closes a company.
        let slip = rollout::move_phase(&mia, company, Phase::Enablement, "Mail is not ready", false).await;
        assert_eq!(slip, Err(Failure::field("name", FieldError::Required)));
        let wrong = rollout::set_back(&mia, company, Phase::Enablement, "Mail is not ready", "Alpha Sud").await;
        assert_eq!(wrong, Err(Failure::field("name", FieldError::NotTheName)));
        assert_eq!(rollout::company(&mia, company).await.expect("a company").active, 1, "whom it closes for");
        rollout::set_back(&mia, company, Phase::Enablement, "Mail is not ready", " ALPHA\u{a0}nord ").await.expect("set back");

        let context = world.context(bob).await;
        let refused = cases::open(&context, &form(company, product), &[]).await.err();
        assert!(matches!(refused, Some(Failure::Forbidden(Denial::NotOpenYet { capability: Capability::CaseOpen, .. }))));
        cases::reply(&context, case, "Encore vide.", &[], Reply::Answer).await.expect("answered");
        assert_eq!(cases::list(&context, &CaseFilter::default()).await.expect("a list").rows.len(), 1);
        let back = rollout::move_phase(&mia, company, Phase::Draft, "Forget it", false).await;
        assert_eq!(back, Err(Failure::Conflict(Conflict::PhaseChange)), "people were told");
    }

    /// domain.md 3.4: hundreds of companies come in pages, the funnel counts all.
    async fn the_board_pages(world: World) {
        let product = world.product("atlas").await;
        let mut programme = None;
        for number in 0..60 {
            let company = world.organisation(&format!("Company {:02}", number / 2), &[product]).await;
            programme = Some(world.enrol(company, &[product], Phase::Setup).await);
        }
        let programme = programme.expect("a programme");
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let first = rollout::board(&mia, programme, &BoardFilter::default()).await.expect("a board");
        assert_eq!((first.companies.len(), first.funnel.companies), (50, 60));
        let after = first.companies.next.clone().expect("a second page");
        let second = rollout::board(&mia, programme, &BoardFilter { after, ..Default::default() }).await.expect("a board");
        assert_eq!((second.companies.len(), second.companies.next.clone()), (10, None));
        let mut all: Vec<_> = first.companies.iter().chain(second.companies.iter()).map(|row| row.organisation).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 60, "each once, also those of the same name");
    }

    /// A company at work with the portal is not closed by joining a programme: it is live in it.
    async fn a_company_at_work_joins_live(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Alpha", &[product]).await;
        let programme = world.enrol(world.organisation("Beta", &[product]).await, &[product], Phase::Setup).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        cases::open(&world.context(ana).await, &form(company, product), &[]).await.expect("before");
        world.mails().await;
        assert_eq!(rollout::enrol(&mia, programme, &[company]).await, Ok(1));
        assert!(world.mails().await.is_empty(), "enrolling is silent");
        cases::open(&world.context(ana).await, &form(company, product), &[]).await.expect("and after");
        let board = rollout::board(&mia, programme, &BoardFilter::default()).await.expect("a board");
        let row = board.companies.iter().find(|row| row.organisation == company).expect("on the board");
        assert_eq!((row.phase, row.launched_before), (Phase::Launch, true));
    }

    /// Names are found whatever the accents and capitals, on both databases.
    async fn accented_names_are_found(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Énergie du Cœur", &[product]).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        for typed in ["Énergie", "énergie", "ENERGIE", "coeur", "cœur"] {
            assert_eq!(rollout::tools(&mia, typed).await.expect("tools").candidates.len(), 1, "{typed}");
            let page = service::people::page(&mia, &PeopleFilter { search: typed.into(), ..Default::default() }).await.expect("a page");
            assert_eq!(page.companies.len(), 1, "{typed}");
        }
        let programme = world.enrol(company, &[product], Phase::Setup).await;
        let filter = BoardFilter { search: "énergie".into(), ..Default::default() };
        assert_eq!(rollout::board(&mia, programme, &filter).await.expect("a board").companies.len(), 1);
        let nothing = BoardFilter { search: "\\%_".into(), ..Default::default() };
        assert_eq!(rollout::board(&mia, programme, &nothing).await.expect("a board").companies.len(), 0, "searched as it is, not a pattern");
    }

    /// A move of days without a reason is refused beside the field that the form has.
    async fn r5_a_reason_is_asked_for_by_its_name(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Alpha", &[product]).await;
        world.enrol(company, &[product], Phase::Setup).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let days = dates().parse().expect("in order");
        let refused = rollout::move_dates(&mia, company, &days, " ").await;
        assert_eq!(refused, Err(Failure::field("why", FieldError::Required)));
    }

    /// The board offers a limited number of companies, and says that there are more.
    async fn candidates_are_searched(world: World) {
        for number in 0..51 {
            world.organisation(&format!("Company {number:02}"), &[]).await;
        }
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let tools = rollout::tools(&mia, "").await.expect("tools");
        assert_eq!((tools.candidates.len(), tools.more), (50, true));
        let found = rollout::tools(&mia, "company 50").await.expect("tools");
        assert_eq!((found.candidates.len(), found.more), (1, false));
    }

    /// B8: with two managers acting concurrently, each move is decided on where the company is, and the ledger tells one story.
    async fn b8_concurrent_moves_are_decided_one_after_the_other(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Alpha", &[product]).await;
        let programme = world.enrol(company, &[product], Phase::Setup).await;
        let (mia, max) = (
            world.vendor("Mia Manager", Role::ProgrammeManager).await,
            world.vendor("Max Manager", Role::ProgrammeManager).await,
        );
        let (mia, max) = (world.context(mia).await, world.context(max).await);
        let (one, two) = tokio::join!(
            rollout::move_phase(&mia, company, Phase::Validation, "Ready", false),
            rollout::move_phase(&max, company, Phase::Validation, "Ready", false),
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        let refused = if one.is_ok() { two } else { one };
        assert_eq!(refused, Err(Failure::Conflict(Conflict::PhaseChange)), "it is there already");

        let days = dates().parse().expect("in order");
        let moved_at_once = tokio::join!(
            rollout::shift_programme(&mia, programme, 7, "A week later"),
            rollout::move_dates(&max, company, &days, "As planned"),
        );
        assert!(moved_at_once.0.is_ok() && moved_at_once.1.is_ok(), "{moved_at_once:?}");
        let history = rollout::history(&mia, company).await.expect("a history");
        let moves: Vec<_> = history
            .iter()
            .filter_map(|change| match &change.change {
                Change::Phase { before, after, .. } => Some((*before, *after)),
                _ => None,
            })
            .collect();
        assert_eq!(moves, [(Phase::Setup, Phase::Validation)], "one story");
        let days: Vec<_> = history
            .iter()
            .filter_map(|change| match &change.change {
                Change::Dates { before, after, .. } => Some((before.clone(), after.clone())),
                _ => None,
            })
            .collect();
        // The newest first: each begins where the one before ended.
        assert!(days.windows(2).all(|pair| pair[0].0 == pair[1].1), "{days:?}");
    }
}
