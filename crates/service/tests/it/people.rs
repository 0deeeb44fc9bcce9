//! Adding, inviting, accepting, giving roles, removing.

use domain::{
    Failure, FieldError,
    access::{Reach, Role},
    failure::{Conflict, Denial},
    locale::Locale,
    people::{InvitationState, MembershipState, PeopleFilter, PersonForm, RoleEnd, RoleForm},
    rollout::Phase,
};
use jiff::SignedDuration;
use service::{
    people::{self, Acceptance},
    session::{self, Origin},
};
use testkit::{PASSWORD, on_both};

use super::members::{TYPED, form, state, to, token};

on_both! {
    /// J07, R17, R18: every admin of the company is told of a new user, and no one of another company; the user is invited.
    async fn r17_j07_admins_hear_of_new_users(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let other = world.organisation("Cave du Sud", &[product]).await;
        world.enrol(company, &[product], Phase::Setup).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        world.member(company, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        world.member(company, "Sam User", Role::SupportUser, Reach::Own, None).await;
        let carl = world.member(other, "Carl Sud", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let (ana, carl) = (world.context(ana).await, world.context(carl).await);

        let ugo = people::add(&ana, &form(company, "Ugo@Example.com", Role::SupportUser)).await.expect("added");
        let mails = world.mails().await;
        assert_eq!(to(&mails), ["Ugo@example.com", "ana@example.com", "bob@example.com"]);
        let notice = mails.iter().find(|mail| mail.to == "bob@example.com").expect("a notice");
        assert!(notice.text.contains("Ugo Petit") && notice.text.contains("Ana Lopez"), "{}", notice.text);
        let invitation = mails.iter().find(|mail| mail.to == "Ugo@example.com").expect("an invitation");
        assert!(invitation.text.contains("lundi 11 mai 2026"), "R26: {}", invitation.text);
        assert_eq!(state(&world, ugo, company).await, Some(MembershipState::Invited));

        let again = people::add(&ana, &form(company, "ugo@example.com", Role::SupportUser)).await;
        assert_eq!(again, Err(Failure::Conflict(Conflict::AlreadyMember)));
        assert_eq!(people::add(&carl, &form(company, "x@example.com", Role::SupportUser)).await, Err(Failure::NotFound));
        assert_eq!(people::list(&carl, company).await.map(|_| ()), Err(Failure::NotFound));
        assert!(world.mails().await.is_empty());

        let members = people::list(&ana, company).await.expect("members");
        assert_eq!(members.len(), 4);

        // The same person in another company: one account, two memberships.
        let same = people::add(&carl, &form(other, "ugo@example.com", Role::SupportUser)).await.expect("added");
        assert_eq!(same, ugo);
        assert_eq!(store::audit::verify(&world.services.db).await.expect("readable"), None, "the chain holds");
    }

    /// J01: in DRAFT the vendor prepares, and no one is told; contract contacts add users, but no admins (R28, R29).
    async fn no_one_is_told_in_draft(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        world.enrol(company, &[product], Phase::Draft).await;
        let pam = world.vendor("Pam Manager", Role::ProgrammeManager).await;
        let pam = world.context(pam).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo = people::add(&pam, &form(company, "ugo@example.com", Role::SupportSystemAdmin)).await.expect("added");
        assert_eq!(state(&world, ugo, company).await, Some(MembershipState::Known));
        assert!(matches!(people::resend_invitation(&pam, company, ugo).await, Err(Failure::Forbidden(_))));
        let ana = world.context(ana).await;
        let early = people::add(&ana, &form(company, "x@example.com", Role::SupportUser)).await;
        assert!(matches!(early, Err(Failure::Forbidden(Denial::NotOpenYet { .. }))), "{early:?}");
        people::remove(&pam, company, ugo).await.expect("removed");
        assert!(world.mails().await.is_empty(), "no mail was sent");

        let open = world.organisation("Cave du Sud", &[product]).await;
        world.enrol(open, &[product], Phase::Validation).await;
        let chloe = world.member(open, "Chloe Contact", Role::ContractContact, Reach::Own, None).await;
        let admin = world.member(open, "Dan Admin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let chloe = world.context(chloe).await;
        people::add(&chloe, &form(open, "vera@example.com", Role::SupportUser)).await.expect("added");
        let more = people::add(&chloe, &form(open, "max@example.com", Role::SupportSystemAdmin)).await;
        assert!(matches!(more, Err(Failure::Forbidden(Denial::Role { .. }))), "{more:?}");
        let more = people::remove(&chloe, open, admin).await;
        assert!(matches!(more, Err(Failure::Forbidden(Denial::Role { .. }))), "{more:?}");
    }

    /// J05, K4: looking ten times changes nothing; a form accepts, once; a new link ends the older ones.
    async fn k4_j05_invitations_survive_scanners(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        let ugo = people::add(&ana, &form(company, "ugo@example.com", Role::SupportUser)).await.expect("added");
        let link = token(&world.mails().await, "ugo@example.com");
        for _ in 0..10 {
            let seen = people::invitation_view(&world.services, &link).await.expect("a page");
            assert!(matches!(seen, InvitationState::Open(_)));
        }
        let short = Acceptance { password: "court", password_again: "autre", ..TYPED };
        let Err(Failure::Invalid(errors)) = people::accept_invitation(&world.services, &link, &short, &Origin::default()).await.map(|_| ()) else {
            panic!("a short password was taken")
        };
        assert_eq!(errors.get("password"), Some(&FieldError::TooShort { min: 12 }));
        assert_eq!(errors.get("password_again"), Some(&FieldError::Different));

        let session = people::accept_invitation(&world.services, &link, &TYPED, &Origin::default()).await.expect("accepted");
        let (actor, _) = session::find(&world.services, session.reveal()).await.expect("a lookup").expect("signed in");
        assert_eq!((actor.person, actor.name.as_str(), actor.locale), (ugo, "Ugo Petit-Jean", Locale::En));
        // T11: a second click ends as the first one did; a link alone opens nothing.
        let second = people::accept_invitation(&world.services, &link, &TYPED, &Origin::default()).await.expect("again");
        assert!(session::find(&world.services, second.reveal()).await.expect("a lookup").is_some());
        for password in ["", "un autre chat sur le mur"] {
            let other = Acceptance { password, password_again: password, ..TYPED };
            let refused = people::accept_invitation(&world.services, &link, &other, &Origin::default()).await.map(|_| ());
            assert_eq!(refused, Err(Failure::Conflict(Conflict::InvitationAccepted)));
        }
        assert!(matches!(people::invitation_view(&world.services, &link).await, Ok(InvitationState::Accepted { .. })));
        assert_eq!(people::resend_invitation(&ana, company, ugo).await, Err(Failure::Conflict(Conflict::InvitationAccepted)));
        session::sign_in(&world.services, "UGO@example.com", TYPED.password, &Origin::default()).await.expect("signed in");
        assert_eq!(people::invitation_view(&world.services, "AAAA").await, Err(Failure::NotFound));

        // Expired: refused, and renewed to the stored address, at most once in ten minutes.
        people::add(&ana, &form(company, "vera@example.com", Role::SupportUser)).await.expect("added");
        let old = token(&world.mails().await, "vera@example.com");
        people::renew_invitation(&world.services, &old).await.expect("the same answer");
        assert!(world.mails().await.is_empty(), "too soon");
        world.clock.advance(SignedDuration::from_hours(14 * 24));
        let late = people::accept_invitation(&world.services, &old, &TYPED, &Origin::default()).await.map(|_| ());
        assert_eq!(late, Err(Failure::Conflict(Conflict::InvitationExpired)));
        for _ in 0..3 {
            people::renew_invitation(&world.services, &old).await.expect("the same answer");
        }
        people::renew_invitation(&world.services, "AAAA").await.expect("the same answer");
        let mails = world.mails().await;
        assert_eq!(to(&mails), ["vera@example.com"]);
        let fresh = token(&mails, "vera@example.com");
        assert!(matches!(people::invitation_view(&world.services, &old).await, Ok(InvitationState::Expired { .. })));
        assert!(matches!(people::invitation_view(&world.services, &fresh).await, Ok(InvitationState::Open(_))));
    }

    /// A link is no password: a person with an account enters theirs, and keeps their name.
    async fn an_account_joins_a_second_company(world: World) {
        let (first, second) = (world.organisation("Nord", &[]).await, world.organisation("Sud", &[]).await);
        world.member(first, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        let ana = world.member(second, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        people::add(&ana, &form(second, "ugo@example.com", Role::SupportUser)).await.expect("added");
        let link = token(&world.mails().await, "ugo@example.com");
        let wrong = people::accept_invitation(&world.services, &link, &TYPED, &Origin::default()).await.map(|_| ());
        assert_eq!(wrong, Err(Failure::field("password", FieldError::WrongCredentials)));
        let right = Acceptance { password: PASSWORD, ..TYPED };
        let session = people::accept_invitation(&world.services, &link, &right, &Origin::default()).await.expect("accepted");
        let (actor, _) = session::find(&world.services, session.reveal()).await.expect("a lookup").expect("signed in");
        assert_eq!((actor.memberships.len(), actor.name.as_str()), (2, "Ugo Petit"));
    }

    /// J26, K7: the last admin can neither leave nor give up the role.
    async fn k7_j26_the_last_admin_stays(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana_id = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana_id).await;
        let last = Err(Failure::Conflict(Conflict::LastAdmin));
        assert_eq!(people::remove(&ana, company, ana_id).await, last);
        let grant = people::list(&ana, company).await.expect("members")[0].roles[0].grant;
        assert_eq!(people::revoke_role(&ana, company, ana_id, grant).await, last);

        // An invited administrator, who cannot sign in yet, does not count.
        people::add(&ana, &form(company, "ugo@example.com", Role::SupportSystemAdmin)).await.expect("added");
        assert_eq!(people::remove(&ana, company, ana_id).await, last);
        let link = token(&world.mails().await, "ugo@example.com");
        people::accept_invitation(&world.services, &link, &TYPED, &Origin::default()).await.expect("accepted");
        people::revoke_role(&ana, company, ana_id, grant).await.expect("there is another one");
        let refused = people::list(&world.context(ana_id).await, company).await;
        assert!(matches!(refused, Err(Failure::Forbidden(_))), "R19: immediately");
    }

    /// Two admins who remove each other at the same moment do not both succeed.
    async fn k7_admins_cannot_remove_each_other_concurrently(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana_id = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bob_id = world.member(company, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let (ana, bob) = (world.context(ana_id).await, world.context(bob_id).await);
        let (one, two) = tokio::join!(people::remove(&ana, company, bob_id), people::remove(&bob, company, ana_id));
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    }

    /// R19: roles change immediately, with their reach and products; the vendor's roles cannot be given.
    async fn r19_roles_change_immediately(world: World) {
        let (atlas, pulse) = (world.product("atlas").await, world.product("pulse").await);
        let company = world.organisation("Brasserie du Nord", &[atlas]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo = world.member(company, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let role = |role: Role, products: Vec<String>| RoleForm { role: role.key().into(), reach: "organisation".into(), products, ..Default::default() };

        let refused = people::grant_role(&ana, company, ugo, &role(Role::Operator, vec![])).await;
        assert_eq!(refused, Err(Failure::field("role", FieldError::NotAChoice)));
        let foreign = people::grant_role(&ana, company, ugo, &role(Role::ProductSupportUser, vec![pulse.to_string()])).await;
        assert_eq!(foreign, Err(Failure::field("products", FieldError::NotAChoice)));
        people::grant_role(&ana, company, ugo, &role(Role::SupportUser, vec![])).await.expect("wider");
        let limited = people::grant_role(&ana, company, ugo, &role(Role::ProductSupportUser, vec![atlas.to_string()])).await.expect("given");
        let members = people::list(&ana, company).await.expect("members");
        let roles: Vec<_> = members[1].roles.iter().map(|role| (role.role, role.reach, role.products.clone())).collect();
        assert_eq!(roles, [
            (Role::SupportUser, Reach::Organisation, None),
            (Role::ProductSupportUser, Reach::Organisation, Some(vec!["ATLAS".to_owned()])),
        ], "one of each: the wider one replaced the narrow one");
        people::revoke_role(&ana, company, ugo, limited).await.expect("taken");
        assert_eq!(people::revoke_role(&ana, company, ugo, limited).await, Err(Failure::NotFound));
        // F5: of the role that was taken before its mail left, only the end is told.
        assert_eq!(to(&world.mails().await), ["ugo@example.com"; 2]);
    }

    /// J27, R18, K9: a removed person is signed out immediately and told; the name stays in the history.
    async fn r18_j27_removal_is_immediate(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo = world.member(company, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        let session = session::sign_in(&world.services, "ugo@example.com", PASSWORD, &Origin::default()).await.expect("signed in");
        let case = domain::cases::CaseForm {
            organisation: company.to_string(),
            product: product.to_string(),
            title: "Écran vide".into(),
            description: "Depuis ce matin.".into(),
            priority: "p3".into(),
            impact: "small".into(),
        };
        let case = service::cases::open(&world.context(ugo).await, &case, &[]).await.expect("opened");
        world.mails().await;

        people::remove(&ana, company, ugo).await.expect("removed");
        assert!(session::find(&world.services, session.reveal()).await.expect("a lookup").is_none());
        assert!(session::sign_in(&world.services, "ugo@example.com", PASSWORD, &Origin::default()).await.is_err());
        assert_eq!(to(&world.mails().await), ["ugo@example.com"], "M12");
        assert_eq!(people::list(&ana, company).await.expect("members").len(), 1);
        assert_eq!(people::remove(&ana, company, ugo).await, Err(Failure::NotFound));
        let seen = service::cases::detail(&ana, case).await.expect("the case stays");
        assert_eq!(seen.row.requestor.as_str(), "Ugo Petit");
        service::cases::close(&ana, case, domain::cases::CloseReason::Confirmed).await.expect("closed");
        assert!(world.mails().await.is_empty(), "K9: no mail to former colleagues");

        // Taken back: a new invitation, the old roles are gone.
        people::add(&ana, &form(company, "ugo@example.com", Role::SupportUser)).await.expect("added again");
        assert_eq!(state(&world, ugo, company).await, Some(MembershipState::Invited));
        assert_eq!(to(&world.mails().await), ["ana@example.com", "ugo@example.com"]);
    }

    /// The first account of an installation is made at the command line.
    async fn vendor_users_are_made_without_an_invitation(world: World) {
        let make = |email: &'static str, role: &'static str| {
            people::create_vendor_user(&world.services, email, "Olga Operator", role, PASSWORD, Locale::Fr)
        };
        assert_eq!(make("olga@nordlys.example", "support_user").await, Err(Failure::field("role", FieldError::NotAChoice)));
        let olga = make("olga@nordlys.example", "operator").await.expect("made");
        assert!(world.context(olga).await.actor.is_vendor());
        session::sign_in(&world.services, "olga@nordlys.example", PASSWORD, &Origin::default()).await.expect("signed in");
        assert_eq!(make("Olga@nordlys.example", "agent").await, Err(Failure::Conflict(Conflict::AlreadyMember)));

        // D4: roles change, an account that was ended comes back, and every person is listed.
        people::set_vendor_role(&world.services, "OLGA@nordlys.example", "lead").await.expect("changed");
        let roles = |person| {
            let world = &world;
            async move { world.context(person).await.actor.grants.iter().map(|grant| grant.role).collect::<Vec<_>>() }
        };
        assert_eq!(roles(olga).await, [Role::Lead]);
        let wrong = people::set_vendor_role(&world.services, "olga@nordlys.example", "support_user").await;
        assert_eq!(wrong, Err(Failure::field("role", FieldError::NotAChoice)));
        people::remove_vendor_user(&world.services, "olga@nordlys.example").await.expect("ended");
        assert_eq!(people::list_vendor_users(&world.services).await.expect("a list"), []);
        let gone = people::set_vendor_role(&world.services, "olga@nordlys.example", "agent").await;
        assert_eq!(gone, Err(Failure::NotFound));
        let fresh = "un chat sur le toit";
        let back = people::create_vendor_user(&world.services, "olga@nordlys.example", "Olga Back", "agent", fresh, Locale::En).await;
        assert_eq!(back, Ok(olga), "the same person, with the same history");
        assert_eq!(roles(olga).await, [Role::Agent]);
        let old = session::sign_in(&world.services, "olga@nordlys.example", PASSWORD, &Origin::default()).await;
        assert!(old.is_err(), "the password of before");
        session::sign_in(&world.services, "olga@nordlys.example", fresh, &Origin::default()).await.expect("signed in");
        let listed = people::list_vendor_users(&world.services).await.expect("a list");
        let rows: Vec<_> = listed.iter().map(|row| (row.name.as_str(), row.roles.as_slice())).collect();
        assert_eq!(rows, [("Olga Back", [Role::Agent].as_slice())]);
        let seen = people::page(&world.context(olga).await, &PeopleFilter::default()).await.expect("a page");
        assert_eq!(seen.staff, listed, "in the portal too");
        assert!(world.mails().await.is_empty());
    }

    /// CVE-2026-40570: adding an address one knows tells nothing of the person behind it, until they accept.
    async fn cve_2026_40570_an_address_does_not_tell_whose_it_is(world: World) {
        let (first, second) = (world.organisation("Nord", &[]).await, world.organisation("Sud", &[]).await);
        world.member(first, "Gabrielle Petit-Secret", Role::SupportUser, Reach::Own, None).await;
        session::sign_in(&world.services, "gabrielle@example.com", PASSWORD, &Origin::default()).await.expect("signed in");
        let ana = world.member(second, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        let typed = PersonForm { name: "G. Petit".into(), ..form(second, "gabrielle@example.com", Role::SupportSystemAdmin) };
        let person = people::add(&ana, &typed).await.expect("added");
        let mails = world.mails().await;
        let notice = mails.iter().find(|mail| mail.to == "ana@example.com").expect("M5");
        assert!(notice.text.contains("G. Petit") && !notice.text.contains("Secret"), "{}", notice.text);

        let shown = |members: Vec<domain::people::MemberRow>| {
            let member = members.into_iter().find(|member| member.person == person).expect("a member");
            (member.name, member.phone, member.last_seen_at.is_some())
        };
        let before = people::list(&ana, second).await.expect("members");
        assert_eq!(shown(before), ("G. Petit".into(), None, false));
        let contacts = store::people::list_contacts(&world.services.db, second, world.services.now()).await.expect("contacts");
        assert!(contacts.iter().all(|contact| !contact.name.contains("Secret")), "{contacts:?}");
        let ledger = service::audit::list(&ana, Some(second), None).await.expect("a ledger");
        assert!(ledger.rows.iter().all(|row| row.about.as_deref() != Some("Gabrielle Petit-Secret")), "{ledger:?}");

        let right = Acceptance { password: PASSWORD, ..TYPED };
        let link = token(&mails, "gabrielle@example.com");
        people::accept_invitation(&world.services, &link, &right, &Origin::default()).await.expect("accepted");
        let after = people::list(&ana, second).await.expect("members");
        assert_eq!(shown(after), ("Gabrielle Petit-Secret".into(), Some("+33123456789".into()), true));
    }

    /// R28, R29: contract contacts look after users until the launch.
    async fn r29_contract_contacts_act_until_launch(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        world.enrol(company, &[], Phase::Launch).await;
        world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let chloe = world.member(company, "Chloe Contact", Role::ContractContact, Reach::Own, None).await;
        let ugo = world.member(company, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        let chloe = world.context(chloe).await;
        let late = people::add(&chloe, &form(company, "vera@example.com", Role::SupportUser)).await;
        let Err(Failure::Forbidden(Denial::Role { administrators, .. })) = late else { panic!("{late:?}") };
        assert_eq!(administrators.len(), 1, "K2: whom to ask");
        assert!(matches!(people::remove(&chloe, company, ugo).await, Err(Failure::Forbidden(_))));
        assert!(matches!(people::invite_waiting(&chloe, company).await, Err(Failure::Forbidden(_))));
        assert_eq!(people::list(&chloe, company).await.expect("members").len(), 3);
    }

    /// R19: a role holds up to its last day, is replaced with its end, and does not make a company safe (K7).
    async fn r19_a_role_ends_by_itself(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana_id = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo = world.member(company, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana_id).await;
        let until = |role: Role, day: &str| RoleForm { role: role.key().into(), until: day.into(), ..Default::default() };
        let past = people::grant_role(&ana, company, ugo, &until(Role::SupportUser, "2026-03-01")).await;
        assert_eq!(past, Err(Failure::field("until", FieldError::InThePast)));
        people::grant_role(&ana, company, ugo, &until(Role::SupportSystemAdmin, "2026-03-02")).await.expect("for today");

        let last = Err(Failure::Conflict(Conflict::LastAdmin));
        let grants = people::list(&ana, company).await.expect("members");
        let role = |name: &str, role: Role| {
            let member = grants.iter().find(|member| member.name == name).expect("a member");
            member.roles.iter().find(|held| held.role == role).cloned().expect("the role")
        };
        assert_eq!(role("Ugo Petit", Role::SupportSystemAdmin).until.map(|day| day.to_string()), Some("2026-03-02".into()));
        let own = role("Ana Lopez", Role::SupportSystemAdmin).grant;
        assert_eq!(people::revoke_role(&ana, company, ana_id, own).await, last, "Ugo is an admin for a day only");
        assert_eq!(people::remove(&ana, company, ana_id).await, last);
        let pam = world.vendor("Pam Manager", Role::ProgrammeManager).await;
        let pam = world.context(pam).await;
        let shorter = people::grant_role(&pam, company, ana_id, &until(Role::SupportSystemAdmin, "2026-12-31")).await;
        assert_eq!(shorter.map(|_| ()), last, "an end for the last one");

        assert!(people::list(&world.context(ugo).await, company).await.is_ok(), "he administers today");
        world.clock.advance(SignedDuration::from_hours(24));
        assert!(matches!(people::list(&world.context(ugo).await, company).await, Err(Failure::Forbidden(_))));
        let members = people::list(&ana, company).await.expect("members");
        let roles: Vec<_> = members[1].roles.iter().map(|held| (held.role, held.until)).collect();
        assert_eq!(roles, [(Role::SupportUser, None)], "what is over is gone from the list");

        // The end is replaced with the role.
        people::grant_role(&ana, company, ugo, &until(Role::SupportUser, "2026-06-30")).await.expect("set");
        people::grant_role(&ana, company, ugo, &until(Role::SupportUser, "")).await.expect("taken back");
        let members = people::list(&ana, company).await.expect("members");
        assert_eq!(members[1].roles.iter().map(|held| held.until).collect::<Vec<_>>(), [None]);
    }

    /// Ending a vendor account leaves a person who works nowhere else without any access.
    async fn a_role_at_the_vendors_ends_by_itself(world: World) {
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let session = session::sign_in(&world.services, "omar@example.com", PASSWORD, &Origin::default()).await.expect("signed in");
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        let proof = domain::access::Granted::to_system(domain::access::Permission::RoleGrant, None);
        let now = world.services.now();
        for grant in store::people::list_standing(&tx, omar, None, now).await.expect("roles") {
            store::people::revoke_grant(&tx, &proof, grant.id, now).await.expect("revoked");
        }
        let grant = store::people::NewGrant {
            id: world.services.id(),
            person: omar,
            role: Role::Agent,
            organisation: None,
            reach: Reach::Organisation,
            products: None,
            reasons: &[],
            until: Some(RoleEnd { day: "2026-03-02".parse().expect("a day"), at: now + SignedDuration::from_hours(1) }),
            now,
        };
        store::people::insert_grant(&tx, &proof, grant).await.expect("a role for an hour");
        tx.commit().await.expect("a commit");
        assert!(world.context(omar).await.actor.is_vendor());
        world.clock.advance(SignedDuration::from_hours(1));
        assert!(session::find(&world.services, session.reveal()).await.expect("a lookup").is_none());
    }

    /// People who were imported after SETUP are invited by hand, with one action and only once.
    async fn r25_who_waits_is_invited(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let pam = world.vendor("Pam Manager", Role::ProgrammeManager).await;
        let pam = world.context(pam).await;
        world.enrol(company, &[product], Phase::Draft).await;
        for email in ["ugo@example.com", "vera@example.com"] {
            people::add(&pam, &form(company, email, Role::SupportUser)).await.expect("added");
        }
        assert!(matches!(people::invite_waiting(&pam, company).await, Err(Failure::Forbidden(_))), "in DRAFT no one is told");
        let late = world.organisation("Cave du Sud", &[product]).await;
        world.enrol(late, &[product], Phase::Draft).await;
        people::add(&pam, &form(late, "ugo@example.com", Role::SupportUser)).await.expect("added");
        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        let proof = domain::access::Granted::to_system(domain::access::Permission::ProgrammeControl, None);
        let enrolment = store::rollout::find_enrolment(&tx, late).await.expect("a lookup").expect("enrolled");
        store::rollout::update_phase(&tx, &proof, enrolment.id, Phase::Setup, world.services.now()).await.expect("moved");
        tx.commit().await.expect("a commit");

        assert_eq!(service::rollout::company(&pam, late).await.expect("a company").waiting, 1);
        assert_eq!(people::invite_waiting(&pam, late).await, Ok(1));
        assert_eq!(to(&world.mails().await), ["ugo@example.com"], "of this company only");
        assert_eq!(people::invite_waiting(&pam, late).await, Ok(0), "no one is left the second time");
        assert!(world.mails().await.is_empty());
        let ledger = service::audit::list(&pam, Some(late), None).await.expect("a ledger");
        assert_eq!(ledger.rows[0].verb, domain::audit::Verb::InvitationSent);
    }

    /// K3: another link, but not more than one in ten minutes, no matter who asks.
    async fn k3_a_new_link_needs_a_pause(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        let ugo = people::add(&ana, &form(company, "ugo@example.com", Role::SupportUser)).await.expect("added");
        world.mails().await;
        world.clock.advance(SignedDuration::from_mins(4));
        assert_eq!(people::resend_invitation(&ana, company, ugo).await, Err(Failure::TooMany { retry_after_seconds: 360 }));
        world.clock.advance(SignedDuration::from_mins(6));
        people::resend_invitation(&ana, company, ugo).await.expect("sent");
        assert_eq!(to(&world.mails().await), ["ugo@example.com"]);
    }

    /// A membership is moved from where it was seen: concurrent accepting, renewing and removing do not undo each other.
    async fn a_membership_moves_from_where_it_was(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        let ugo = people::add(&ana, &form(company, "ugo@example.com", Role::SupportUser)).await.expect("added");
        let link = token(&world.mails().await, "ugo@example.com");
        world.clock.advance(SignedDuration::from_mins(10));
        let origin = Origin::default();
        let (accepted, renewed) = tokio::join!(
            people::accept_invitation(&world.services, &link, &TYPED, &origin),
            people::renew_invitation(&world.services, &link),
        );
        let expected = if accepted.is_ok() { MembershipState::Active } else { MembershipState::Invited };
        assert_eq!(state(&world, ugo, company).await, Some(expected), "{renewed:?}");

        let tx = store::write_tx(&world.services.db).await.expect("a transaction");
        let (from, to) = (MembershipState::Known, MembershipState::Active);
        let moved = store::people::set_membership_state(&tx, ugo, company, from, to, world.services.now()).await;
        assert!(!moved.expect("an answer"), "it is somewhere else");
    }

    /// K9, R19: who loses sight of a case waits for nothing there; what they still see goes on.
    async fn k9_what_is_out_of_sight_is_called_off(world: World) {
        world.phone_line("emea", "Europe/Paris").await;
        let (atlas, pulse) = (world.product("atlas").await, world.product("pulse").await);
        let company = world.organisation("Brasserie du Nord", &[atlas, pulse]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo_id = world.member(company, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let (ana, ugo, omar) = (world.context(ana).await, world.context(ugo_id).await, world.context(omar).await);
        let chat_about = |product: domain::ProductId| domain::chat::ChatForm {
            organisation: company.to_string(),
            product: product.to_string(),
            text: "Depuis ce matin.".into(),
        };
        let call_about = |product: domain::ProductId| domain::calls::CallbackForm {
            organisation: company.to_string(),
            product: product.to_string(),
            phone: "+33 1 99 00 11 22".into(),
            when: "now".into(),
            topic: "Le VPN tombe".into(),
            ..Default::default()
        };
        service::chat::start(&ugo, &chat_about(pulse)).await.expect("a chat");
        service::calls::request(&ugo, &call_about(pulse)).await.expect("a call");
        let kept = service::calls::request(&ugo, &call_about(atlas)).await.expect("a call");

        // Narrowed to Atlas: first the narrow role, then the wide one goes.
        let narrow = RoleForm { role: Role::ProductSupportUser.key().into(), products: vec![atlas.to_string()], ..Default::default() };
        people::grant_role(&ana, company, ugo_id, &narrow).await.expect("given");
        assert_eq!(service::calls::list_open(&omar, "").await.expect("calls").len(), 2, "the wide role is there still");
        let members = people::list(&ana, company).await.expect("members");
        let wide = members[1].roles.iter().find(|held| held.role == Role::SupportUser).expect("the wide role").grant;
        people::revoke_role(&ana, company, ugo_id, wide).await.expect("taken");
        assert!(service::chat::list_live(&omar, "").await.expect("chats").is_empty());
        let open = service::calls::list_open(&omar, "").await.expect("calls");
        assert_eq!(open.iter().map(|call| call.case).collect::<Vec<_>>(), [kept]);
        let narrowed = world.context(ugo_id).await;
        assert_eq!(service::chat::current(&narrowed).await, Ok(None));
        assert_eq!(service::calls::mine(&narrowed).await.expect("calls").len(), 1);

        service::chat::start(&narrowed, &chat_about(atlas)).await.expect("a chat");
        people::remove(&ana, company, ugo_id).await.expect("removed");
        assert!(service::chat::list_live(&omar, "").await.expect("chats").is_empty());
        assert!(service::calls::list_open(&omar, "").await.expect("calls").is_empty());
        let case = service::cases::detail(&omar, kept).await.expect("the case stays");
        let mut last = case.stream.iter().filter_map(|item| match item {
            domain::cases::StreamItem::Entry(entry) => Some(entry.body.as_str()),
            domain::cases::StreamItem::Note(_) => None,
        });
        assert_eq!(last.next_back(), Some("callback_cancelled"));
        assert_eq!(store::audit::verify(&world.services.db).await.expect("readable"), None, "the chain holds");
    }
}
