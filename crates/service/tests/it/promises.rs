//! What pages say of days and of cases before the launch (D2, D6).

use domain::{
    Failure,
    access::{Reach, Role},
    cases::{CaseFilter, CloseReason},
    failure::Denial,
    overview::Door,
    rollout::{Phase, StepState},
};
use jiff::SignedDuration;
use service::{cases, overview, rollout};
use testkit::on_both;

on_both! {
    /// D2: a day that has passed is on no page of the customer and in no mail.
    async fn d2_no_page_promises_a_day_of_the_past(world: World) {
        let company = world.organisation("Nord", &[]).await;
        world.enrol(company, &[], Phase::Setup).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        // 12 May: Validation and Enablement should have been, and the launch was yesterday.
        world.clock.advance(SignedDuration::from_hours(71 * 24));
        let ana = world.context(ana).await;
        let seen = overview::overview(&ana, None).await.expect("a page").expect("a customer");
        let late = |denial: &Denial| matches!(denial, Denial::NotOpenYet { opens_on: None, delayed: true, .. });
        assert!(matches!(&seen.case, Door::Closed(denial) if late(denial)));
        assert!(matches!(&seen.chat, Door::Closed(denial) if late(denial)));
        assert!(matches!(&seen.call, Door::Closed(denial) if late(denial)));
        let steps = seen.rollout.expect("a rollout").steps;
        for step in steps.iter().chain(&rollout::own_timeline(&ana, None).await.expect("a page").expect("a rollout").steps) {
            let promised = step.state == StepState::Ahead && step.starts_on.is_some();
            assert!(!promised && (step.delayed == (step.state == StepState::Ahead)), "{step:?}");
        }
        let form = domain::people::PersonForm {
            organisation: company.to_string(),
            name: "Ugo Petit".into(),
            email: "ugo@example.com".into(),
            role: domain::people::RoleForm { role: Role::SupportUser.key().into(), ..Default::default() },
            ..Default::default()
        };
        service::people::add(&ana, &form).await.expect("added");
        let mails = world.mails().await;
        let invitation = mails.iter().find(|mail| mail.to == "ugo@example.com").expect("an invitation");
        assert!(!invitation.text.contains("11 mai"), "{}", invitation.text);

        // The vendor still sees what was planned, to correct it.
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let company = rollout::company(&mia, company).await.expect("a company");
        assert_eq!(company.dates.iter().find(|(phase, _)| *phase == Phase::Launch).map(|(_, day)| day.to_string()), Some("2026-05-11".into()));
    }

    /// D6: a case of a company before its launch is marked, says why, and nothing an agent does to cases works on it.
    async fn d6_a_case_before_the_launch_is_not_worked_on(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let form = domain::cases::CaseForm {
            organisation: company.to_string(),
            product: product.to_string(),
            title: "Écran vide".into(),
            description: "Depuis ce matin.".into(),
            priority: "p3".into(),
            impact: "small".into(),
        };
        // As an import leaves it: the case is there before the company is launched.
        let case = cases::open(&world.context(ana).await, &form, &[]).await.expect("opened");
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let omar = world.context(omar).await;
        let listed = cases::list(&omar, &CaseFilter::default()).await.expect("a list");
        assert!(!listed.rows[0].before_launch);
        world.enrol(company, &[product], Phase::Validation).await;

        let listed = cases::list(&omar, &CaseFilter::default()).await.expect("a list");
        assert!(listed.rows[0].before_launch, "the list marks it");
        let seen = cases::detail(&omar, case).await.expect("a case");
        assert!(matches!(seen.not_open, Some(Denial::NotOpenYet { opens_on: Some(_), .. })), "the page says why: {:?}", seen.not_open);
        assert!(!seen.may_reply && !seen.may_close && !seen.may_work);
        let refusals = [
            cases::reply(&omar, case, "Bonjour", &[], cases::Reply::Answer).await,
            cases::note(&omar, case, "Une note").await,
            cases::assign_to_me(&omar, case).await,
            cases::close(&omar, case, CloseReason::Confirmed).await,
            cases::reopen(&omar, case).await,
        ];
        for refused in refusals {
            assert!(matches!(refused, Err(Failure::Forbidden(Denial::NotOpenYet { .. }))), "{refused:?}");
        }

        // J13: one that was launched before goes on.
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        rollout::move_phase(&mia, company, Phase::Launch, "Ready", false).await.expect("launched");
        rollout::set_back(&mia, company, Phase::Validation, "Not ready", "Nord").await.expect("set back");
        assert!(!cases::list(&omar, &CaseFilter::default()).await.expect("a list").rows[0].before_launch);
        cases::assign_to_me(&omar, case).await.expect("taken");
        cases::note(&omar, case, "Une note").await.expect("noted");
    }

    /// C4: a product that does not exist is a field, and one that is named twice is one.
    async fn c4_a_programme_is_about_products_that_exist(world: World) {
        let product = world.product("atlas").await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let form = |products: Vec<String>| domain::rollout::ProgrammeForm {
            key: "autumn".into(),
            name: "Autumn".into(),
            contact: "care@nordlys.example".into(),
            products,
            dates: domain::rollout::DatesForm {
                setup: "2026-09-01".into(),
                validation: "2026-10-01".into(),
                enablement: "2026-11-01".into(),
                launch: "2026-12-01".into(),
            },
        };
        let nothing = domain::ProductId::from(uuid::Uuid::from_u128(7)).to_string();
        let refused = rollout::create_programme(&mia, &form(vec![product.to_string(), nothing])).await;
        assert_eq!(refused, Err(Failure::field("products", domain::FieldError::NotAChoice)));
        rollout::create_programme(&mia, &form(vec![product.to_string(), product.to_string()])).await.expect("once");
        let programmes = rollout::programmes(&mia).await.expect("programmes");
        assert_eq!(programmes[0].products, ["ATLAS"]);
    }
}
