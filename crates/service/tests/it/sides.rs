//! F7: no one gives themselves a role, an account stays on its side of the desk, and administrators do not appear unseen.

use domain::{
    Failure, OrganisationId,
    access::{Granted, Permission, Reach, Role, RoleKind},
    cases::{CaseForm, Side, StreamItem},
    failure::Conflict,
    locale::Locale,
    people::RoleForm,
    rollout::Phase,
};
use service::{Context, cases, mail::Letter, people, session::Origin};
use testkit::{PASSWORD, World, on_both};

use super::members::{TYPED, form, token};

fn notices<'a>(mails: &'a [Letter], to: &str) -> Vec<&'a Letter> {
    mails.iter().filter(|mail| mail.to == to && !mail.text.contains("/invitation/")).collect()
}

/// The people of the matrix: one account for each of the eight roles.
async fn cast(world: &World, company: OrganisationId) -> Vec<(Role, Context)> {
    let mut cast = Vec::new();
    for role in Role::ALL {
        let name = role.key().replace('_', "");
        let person = match role.kind() {
            RoleKind::Vendor => world.vendor(&name, role).await,
            RoleKind::Customer => world.member(company, &name, role, Reach::Organisation, None).await,
        };
        cast.push((role, world.context(person).await));
    }
    cast
}

on_both! {
    /// F7: the matrix of the eight roles with their own address, in their own company and in another.
    async fn f7_no_one_adds_themselves_to_a_company(world: World) {
        let (ours, theirs) = (world.organisation("Nord", &[]).await, world.organisation("Sud", &[]).await);
        for (role, context) in cast(&world, ours).await {
            for company in [ours, theirs] {
                let added = people::add(&context, &form(company, &context.actor.email, Role::SupportSystemAdmin)).await;
                assert!(
                    matches!(added, Err(Failure::Conflict(Conflict::OwnRole) | Failure::Forbidden(_) | Failure::NotFound)),
                    "{} adds itself: {added:?}", role.key()
                );
                let admin = RoleForm { role: Role::SupportSystemAdmin.key().into(), ..Default::default() };
                let granted = people::grant_role(&context, company, context.actor.person, &admin).await;
                assert!(
                    matches!(granted, Err(Failure::Conflict(Conflict::OwnRole) | Failure::Forbidden(_) | Failure::NotFound)),
                    "{} gives itself a role: {granted:?}", role.key()
                );
            }
            let again = world.context(context.actor.person).await;
            assert_eq!(again.actor.grants.len(), 1, "{} has what it had", role.key());
        }
    }

    /// F7: the vendor's people are members of no company, by any actor's hand; and the other way round.
    async fn f7_an_account_stays_on_its_side(world: World) {
        let company = world.organisation("Nord", &[]).await;
        let cast = cast(&world, company).await;
        let context = |wanted: Role| {
            let (_, context) = cast.iter().find(|(role, _)| *role == wanted).expect("one of the cast");
            context
        };
        let agent = context(Role::Agent).actor.email.clone();
        for giver in [Role::SupportSystemAdmin, Role::ProgrammeManager, Role::Operator] {
            let added = people::add(context(giver), &form(company, &agent, Role::SupportUser)).await;
            assert_eq!(added, Err(Failure::Conflict(Conflict::WorksForVendor)), "{}", giver.key());
        }
        let customer = context(Role::SupportUser).actor.email.clone();
        let made = people::create_vendor_user(&world.services, &customer, "Sam User", "agent", PASSWORD, Locale::Fr).await;
        assert_eq!(made, Err(Failure::Conflict(Conflict::WorksForCompany)));

        // Invited first, at the vendor's afterwards: neither way round.
        let admin = context(Role::SupportSystemAdmin);
        let nora = people::add(admin, &form(company, "nora@example.com", Role::SupportUser)).await.expect("added");
        let mails = world.mails().await;
        let made = people::create_vendor_user(&world.services, "nora@example.com", "Nora", "agent", PASSWORD, Locale::Fr).await;
        assert_eq!(made, Err(Failure::Conflict(Conflict::WorksForCompany)), "she was invited");
        world.grant(nora, Role::Agent, None, Reach::Organisation, None).await;
        let link = token(&mails, "nora@example.com");
        let accepted = people::accept_invitation(&world.services, &link, &TYPED, &Origin::default()).await.map(|_| ());
        assert_eq!(accepted, Err(Failure::Conflict(Conflict::WorksForVendor)));

        // Who left one side may come to the other.
        people::remove_vendor_user(&world.services, &agent).await.expect("ended");
        people::add(admin, &form(company, &agent, Role::SupportUser)).await.expect("a customer now");
    }

    /// F7: an address at a domain of the vendor's is no customer's, whether it has an account or not, by whatever door.
    async fn f7_an_address_of_the_vendor_is_no_customers(world: World) {
        let company = world.organisation("Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo = world.member(company, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        let pam = world.vendor("Pam Manager", Role::ProgrammeManager).await;
        let (ana, pam) = (world.context(ana).await, world.context(pam).await);
        let theirs = Failure::Conflict(Conflict::WorksForVendor);
        for email in ["omar.privat@nordlys.example", "Omar@Mail.Nordlys.Example", "omar@ｎordlys.example"] {
            for giver in [&ana, &pam] {
                let added = people::add(giver, &form(company, email, Role::SupportUser)).await;
                assert_eq!(added, Err(theirs.clone()), "{email}");
                let proposed = people::correct_address(giver, company, ugo, email).await;
                assert_eq!(proposed, Err(theirs.clone()), "{email}");
            }
        }
        let vera = people::add(&ana, &form(company, "vera@example.com", Role::SupportUser)).await.expect("added");
        let link = token(&world.mails().await, "vera@example.com");
        let corrected = people::correct_address(&ana, company, vera, "vera@nordlys.example").await;
        assert_eq!(corrected, Err(theirs.clone()));
        people::add(&ana, &form(company, "omar@notnordlys.example", Role::SupportUser)).await.expect("another domain");

        // One that was there before its domain was the vendor's: it neither comes in nor gets a role.
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        let proof = Granted::to_system(Permission::PersonCreate, None);
        store::people::update_address(&tx, &proof, ugo, "ugo@nordlys.example", "ugo@nordlys.example").await.expect("moved");
        store::people::confirm_address(&tx, vera, "vera@nordlys.example", "vera@nordlys.example", world.services.now())
            .await
            .expect("moved");
        tx.commit().await.expect("a commit");
        let admin = RoleForm { role: Role::SupportSystemAdmin.key().into(), ..Default::default() };
        let granted = people::grant_role(&ana, company, ugo, &admin).await;
        assert_eq!(granted, Err(theirs.clone()));
        assert_eq!(people::count_customers_at_own_domains(&world.services).await, Ok(2), "an operator hears of it");
        let accepted = people::accept_invitation(&world.services, &link, &TYPED, &Origin::default()).await.map(|_| ());
        assert_eq!(accepted, Err(theirs));
        people::remove(&ana, company, ugo).await.expect("to remove one is allowed");
    }

    /// F7: what is written belongs to the side of the role that allowed it.
    async fn f7_an_entry_stands_on_the_side_of_the_grant(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        // An account of before, that is on both sides.
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        world.join(mia, company).await;
        world.grant(mia, Role::SupportSystemAdmin, Some(company), Reach::Organisation, None).await;
        let case = CaseForm {
            organisation: company.to_string(),
            product: product.to_string(),
            title: "Écran vide".into(),
            description: "Depuis ce matin.".into(),
            priority: "p3".into(),
            impact: "small".into(),
        };
        let case = cases::open(&world.context(ana).await, &case, &[]).await.expect("opened");
        let mia = world.context(mia).await;
        cases::reply(&mia, case, "Encore vide.", &[], cases::Reply::Propose).await.expect("written");
        cases::close(&mia, case, domain::cases::CloseReason::Confirmed).await.expect("closed");
        let seen = cases::detail(&mia, case).await.expect("a case");
        let sides: Vec<_> = seen.stream.iter().filter_map(|item| match item {
            StreamItem::Entry(entry) => Some(entry.side),
            StreamItem::Note(_) => None,
        }).collect();
        assert_eq!(sides, [Side::Customer; 3], "she may not work on cases for the vendor");
        assert_eq!(seen.row.agent, None);
    }

    /// F7: whichever door an administrator comes by, the present ones hear of it, once.
    async fn f7_administrators_do_not_appear_unseen(world: World) {
        let company = world.organisation("Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo = world.member(company, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        let pam = world.vendor("Pam Manager", Role::ProgrammeManager).await;
        let (ana, pam) = (world.context(ana).await, world.context(pam).await);
        service::jobs::run_due(&world.services).await.expect("jobs");
        world.mails().await;

        people::add(&pam, &form(company, "vera@example.com", Role::SupportSystemAdmin)).await.expect("added");
        let mails = world.mails().await;
        assert_eq!(notices(&mails, "ana@example.com").len(), 1, "added");
        assert!(notices(&mails, "ana@example.com")[0].text.contains("vera@example.com"));

        let admin = RoleForm { role: Role::SupportSystemAdmin.key().into(), ..Default::default() };
        people::grant_role(&pam, company, ugo, &admin).await.expect("given");
        let mails = world.mails().await;
        let told = notices(&mails, "ana@example.com");
        assert_eq!(told.len(), 1, "given");
        assert!(told[0].text.contains("Ugo Petit") && told[0].text.contains("Nordlys"), "{}", told[0].text);
        let until = RoleForm { until: "2026-12-31".into(), ..admin.clone() };
        people::grant_role(&ana, company, ugo, &until).await.expect("an end");
        assert_eq!(notices(&world.mails().await, "ana@example.com").len(), 0, "no news");

        // What an import leaves: a role in the table, and no mail.
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        let proof = Granted::to_system(Permission::ImportRun, None);
        let known = store::people::NewPerson {
            id: world.services.id(),
            name: "Wim Import",
            email: "wim@example.com",
            normalised: "wim@example.com",
            phone: None,
            locale: Locale::Fr,
            now: world.services.now(),
        };
        let wim = known.id;
        store::people::insert(&tx, &proof, known).await.expect("a person");
        let member = store::people::NewMembership {
            id: world.services.id(),
            person: wim,
            organisation: company,
            name: "Wim Import",
            source: store::people::Source::Import,
            now: world.services.now(),
        };
        store::people::insert_membership(&tx, &proof, member).await.expect("a member");
        tx.commit().await.expect("a commit");
        world.grant(wim, Role::SupportSystemAdmin, Some(company), Reach::Organisation, None).await;
        service::jobs::run_due(&world.services).await.expect("jobs");
        assert!(world.mails().await.is_empty(), "he was not told himself");
        people::invite_waiting(&pam, company).await.expect("invited");
        assert_eq!(notices(&world.mails().await, "ana@example.com").len(), 1, "invited");

        // An import that makes an active member an administrator: a job tells.
        let sam = world.member(company, "Sam User", Role::SupportUser, Reach::Own, None).await;
        world.grant(sam, Role::SupportSystemAdmin, Some(company), Reach::Organisation, None).await;
        service::jobs::run_due(&world.services).await.expect("jobs");
        assert_eq!(notices(&world.mails().await, "ana@example.com").len(), 1, "by a job");
        service::jobs::run_due(&world.services).await.expect("jobs");
        assert!(world.mails().await.is_empty(), "once");
    }

    /// F7, J01: in DRAFT no one is told, and when SETUP begins no one is mailed about people invited at the same moment.
    async fn f7_no_one_is_told_of_administrators_in_draft(world: World) {
        let company = world.organisation("Nord", &[]).await;
        world.enrol(company, &[], Phase::Draft).await;
        let pam = world.vendor("Pam Manager", Role::ProgrammeManager).await;
        let pam = world.context(pam).await;
        for email in ["vera@example.com", "wim@example.com"] {
            people::add(&pam, &form(company, email, Role::SupportSystemAdmin)).await.expect("added");
        }
        service::jobs::run_due(&world.services).await.expect("jobs");
        assert!(world.mails().await.is_empty());
        service::rollout::move_phase(&pam, company, Phase::Setup, "Ready", false).await.expect("moved");
        let mails = world.mails().await;
        assert_eq!(mails.len(), 2, "two invitations and nothing else");
    }
}
