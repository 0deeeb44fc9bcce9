//! The first page of a customer.

use domain::{
    Failure,
    access::{Reach, Role},
    calls::CallbackForm,
    cases::{CaseFilter, CaseForm},
    chat::{ChatForm, ChatHours},
    failure::Denial,
    overview::{Door, Overview},
    rollout::Phase,
};
use service::{calls, cases, chat, overview::overview};
use testkit::on_both;

on_both! {
    /// R11, R21: three doors on one page, all three ending in one list.
    async fn r11_three_doors_lead_into_one_history(world: World) {
        world.phone_line("emea", "Europe/Paris").await;
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        let text = || "Le tableau de bord reste vide".to_owned();
        let case = CaseForm {
            organisation: company.to_string(),
            product: product.to_string(),
            title: text(),
            description: text(),
            priority: "p1".into(),
            impact: String::new(),
        };
        cases::open(&ana, &case, &[]).await.expect("opened");
        let form = ChatForm { organisation: company.to_string(), product: String::new(), text: text() };
        let chat = chat::start(&ana, &form).await.expect("started");
        let form = CallbackForm { organisation: company.to_string(), phone: "+33123456789".into(), topic: text(), ..Default::default() };
        calls::request(&ana, &form).await.expect("asked");

        let seen = overview(&ana, None).await.expect("a page").expect("a customer");
        assert_eq!((seen.organisation_name.as_str(), seen.live_chat, seen.calls.len()), ("Brasserie du Nord", Some(chat), 1));
        assert_eq!((seen.case, seen.open_cases), (Door::Open(()), Door::Open([1, 0, 2, 0])));
        assert!(matches!(seen.chat, Door::Open(ChatHours::Open { .. })));
        assert!(matches!(seen.call, Door::Open(lines) if lines.len() == 1));
        let channels: Vec<_> = seen.latest.iter().map(|case| case.channel.key()).collect();
        assert_eq!(channels, ["callback", "chat", "web"], "one history");

        let other = world.organisation("Other", &[]).await;
        assert_eq!(overview(&ana, Some(other)).await, Err(Failure::NotFound));
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        assert_eq!(overview(&world.context(omar).await, None).await, Ok(None));
    }

    /// R22, R26, K2: before launch every door is there and says when it opens.
    async fn r26_closed_doors_say_when_they_open(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        world.enrol(company, &[], Phase::Validation).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        let seen = overview(&world.context(ana).await, None).await.expect("a page").expect("a customer");
        let date = |denial: &Denial| match denial {
            Denial::NotOpenYet { opens_on, .. } => *opens_on,
            Denial::Role { .. } => None,
        };
        let launch = Some("2026-05-11".parse().expect("a day"));
        assert!(matches!(&seen.case, Door::Closed(denial) if date(denial) == launch));
        assert!(matches!(&seen.chat, Door::Closed(denial) if date(denial) == launch));
        assert!(matches!(&seen.call, Door::Closed(denial) if date(denial) == launch));
        assert!(matches!(&seen.open_cases, Door::Closed(denial) if date(denial) == launch));
        assert_eq!(seen.rollout.map(|rollout| (rollout.phase, rollout.steps.len())), Some((Phase::Validation, 4)));
    }

    /// K5: the overview of one company shows nothing of another.
    async fn k5_the_overview_of_a_company_is_that_company_only(world: World) {
        let (one, two) = (world.organisation("One", &[]).await, world.organisation("Two", &[]).await);
        let three = world.organisation("Three", &[]).await;
        world.enrol(three, &[], Phase::Setup).await;
        let ana = world.member(one, "Ana Lopez", Role::SupportUser, Reach::Own, None).await;
        for other in [two, three] {
            world.join(ana, other).await;
            world.grant(ana, Role::SupportUser, Some(other), Reach::Own, None).await;
        }
        let ana = world.context(ana).await;
        let form = CallbackForm {
            organisation: one.to_string(),
            phone: "+33123456789".into(),
            topic: "VPN".into(),
            ..Default::default()
        };
        calls::request(&ana, &form).await.expect("asked");
        let seen = async |organisation| overview(&ana, Some(organisation)).await.expect("a page").expect("a customer");
        let shown = |page: Overview| (page.latest.len(), page.calls.len(), page.open_cases);
        assert_eq!(shown(seen(one).await), (1, 1, Door::Open([0, 0, 1, 0])));
        assert_eq!(shown(seen(two).await), (0, 0, Door::Open([0, 0, 0, 0])));
        assert!(matches!(seen(three).await.open_cases, Door::Closed(Denial::NotOpenYet { .. })));
        let within = |organisation: String| CaseFilter { organisation, ..Default::default() };
        assert_eq!(cases::list(&ana, &within(two.to_string())).await.expect("a list").rows.len(), 0);
        assert_eq!(cases::list(&ana, &within(String::new())).await.expect("a list").rows.len(), 1);
        let stranger = world.organisation("Stranger", &[]).await;
        assert_eq!(cases::list(&ana, &within(stranger.to_string())).await, Err(Failure::NotFound));
        assert_eq!(cases::list(&ana, &within("x".into())).await, Err(Failure::NotFound));
    }
}
