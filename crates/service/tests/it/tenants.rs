//! F3: no one acts on the people, the sessions or the mailboxes of another company.

use domain::{
    Failure,
    access::{Reach, Role},
    audit::Verb,
    failure::Conflict,
    people::{MembershipState, RoleForm},
    rollout::Phase,
};
use jiff::SignedDuration;
use service::{
    people,
    session::{self, Origin},
};
use testkit::{PASSWORD, World, on_both};

use super::members::form;

/// How many of the mails that wait go to an address.
async fn mails_to(world: &World, address: &str) -> usize {
    world.mails().await.iter().filter(|mail| mail.to == address).count()
}

on_both! {
    /// F3, A1: a membership that was never active ends no session, sends no second mail, and its removal tells nothing of what
    /// else the account is for.
    async fn f3_an_invitation_taken_back_touches_no_one_elsewhere(world: World) {
        let (ours, theirs) = (world.organisation("Nord", &[]).await, world.organisation("Sud", &[]).await);
        let emma = world.member(ours, "Emma Nord", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        world.member(theirs, "Gabrielle Sud", Role::SupportUser, Reach::Own, None).await;
        let emma = world.context(emma).await;
        let mut sessions = Vec::new();
        for _ in 0..2 {
            let signed_in = session::sign_in(&world.services, "gabrielle@example.com", PASSWORD, &Origin::default()).await;
            sessions.push(signed_in.expect("signed in"));
        }
        for _ in 0..10 {
            let person = people::add(&emma, &form(ours, "gabrielle@example.com", Role::SupportUser)).await.expect("added");
            people::remove(&emma, ours, person).await.expect("removed");
        }
        for session in &sessions {
            assert!(session::find(&world.services, session.reveal()).await.expect("a lookup").is_some(), "still signed in");
        }
        assert_eq!(mails_to(&world, "gabrielle@example.com").await, 0, "each invitation was taken back before it left");
        let ledger = service::audit::list(&emma, Some(ours), None).await.expect("a ledger");
        let removals: Vec<_> = ledger.rows.iter().filter(|row| row.verb == Verb::PersonRemoved).collect();
        assert_eq!(removals.len(), 10);
        let counted = |fact: &domain::audit::Fact| matches!(fact, domain::audit::Fact::Sessions(_));
        assert!(!removals.iter().any(|row| row.facts.iter().any(counted)), "{removals:?}");
    }

    /// F3, A1: the vendor's people cannot be added at all, and one who was, by a version of before, loses nothing.
    async fn f3_a_person_of_the_vendor_is_out_of_reach(world: World) {
        let company = world.organisation("Nord", &[]).await;
        let emma = world.member(company, "Emma Nord", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let emma = world.context(emma).await;
        let session = session::sign_in(&world.services, "omar@example.com", PASSWORD, &Origin::default()).await.expect("in");
        let added = people::add(&emma, &form(company, "omar@example.com", Role::SupportUser)).await;
        assert_eq!(added, Err(Failure::Conflict(Conflict::WorksForVendor)));
        assert_eq!(people::remove(&emma, company, omar).await, Err(Failure::NotFound));
        world.join(omar, company).await;
        people::remove(&emma, company, omar).await.expect("removed");
        let (actor, _) = session::find(&world.services, session.reveal()).await.expect("a lookup").expect("signed in");
        assert!(actor.is_vendor());
        assert_eq!(mails_to(&world, "omar@example.com").await, 1, "of the company he was an active member of");
    }

    /// F3: sessions end with the last way in, and with no other.
    async fn f3_sessions_end_with_the_last_way_in(world: World) {
        let (ours, theirs) = (world.organisation("Nord", &[]).await, world.organisation("Sud", &[]).await);
        let emma = world.member(ours, "Emma Nord", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let carl = world.member(theirs, "Carl Sud", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo = world.member(ours, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        world.join(ugo, theirs).await;
        let session = session::sign_in(&world.services, "ugo@example.com", PASSWORD, &Origin::default()).await.expect("in");
        people::remove(&world.context(emma).await, ours, ugo).await.expect("removed");
        let (actor, _) = session::find(&world.services, session.reveal()).await.expect("a lookup").expect("signed in");
        let left: Vec<_> = actor.memberships.iter().map(|membership| membership.organisation).collect();
        assert_eq!(left, [theirs], "of this company nothing is left, of the other everything");
        people::remove(&world.context(carl).await, theirs, ugo).await.expect("removed");
        assert!(session::find(&world.services, session.reveal()).await.expect("a lookup").is_none());
    }

    /// F3: ten minutes a company and three a day in all, by whatever door; who has to wait can be invited later.
    async fn f3_an_address_gets_three_invitations_a_day(world: World) {
        let mut admins = Vec::new();
        for name in ["Ada", "Bea", "Cleo", "Dora", "Eva"] {
            let company = world.organisation(&format!("Company of {name}"), &[]).await;
            let admin = world.member(company, name, Role::SupportSystemAdmin, Reach::Organisation, None).await;
            admins.push((company, world.context(admin).await));
        }
        let victim = "Victim@Elsewhere.example";
        let stored = "Victim@elsewhere.example";
        let (first, ada) = &admins[0];
        let person = people::add(ada, &form(first, victim, Role::SupportUser)).await.expect("added");
        assert_eq!(mails_to(&world, stored).await, 1);

        // Again and again through the same company: add, resend, renew, invite who waits.
        for _ in 0..5 {
            people::remove(ada, *first, person).await.expect("removed");
            people::add(ada, &form(first, victim, Role::SupportSystemAdmin)).await.expect("added again");
            assert_eq!(people::invite_waiting(ada, *first).await, Ok(0));
            let resent = people::resend_invitation(ada, *first, person).await;
            assert_eq!(resent, Err(Failure::TooMany { retry_after_seconds: 600 }));
            people::on_forgot(&world.services, person, None).await.expect("the same answer");
            let role = RoleForm { role: Role::SupportUser.key().into(), ..Default::default() };
            people::grant_role(ada, *first, person, &role).await.expect("a role");
        }
        assert_eq!(mails_to(&world, stored).await, 0, "ten minutes have not passed");
        let found = store::people::find_membership(&world.services.db, person, *first).await.expect("a lookup");
        assert_eq!(found.map(|member| member.state), Some(MembershipState::Known), "to be invited later");

        // Through others: two more, and then no more.
        for (company, admin) in &admins[1..] {
            people::add(admin, &form(company, "VICTIM@elsewhere.example", Role::SupportUser)).await.expect("added");
        }
        assert_eq!(mails_to(&world, stored).await, 2, "three a day in all");
        world.clock.advance(SignedDuration::from_hours(1));
        for (company, admin) in &admins {
            let _ = people::resend_invitation(admin, *company, person).await;
            let _ = people::invite_waiting(admin, *company).await;
        }
        assert_eq!(mails_to(&world, stored).await, 0, "an hour later neither");
        world.clock.advance(SignedDuration::from_hours(23));
        for (company, admin) in &admins {
            let _ = people::invite_waiting(admin, *company).await;
        }
        assert_eq!(mails_to(&world, stored).await, 3, "the three that had to wait, on the next day");
    }

    /// F3: until they accept, an administrator's address gets no mail about others either.
    async fn f3_an_invited_person_is_told_of_no_one(world: World) {
        let company = world.organisation("Nord", &[]).await;
        let emma = world.member(company, "Emma Nord", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let emma = world.context(emma).await;
        people::add(&emma, &form(company, "victim@elsewhere.example", Role::SupportSystemAdmin)).await.expect("added");
        assert_eq!(mails_to(&world, "victim@elsewhere.example").await, 1);
        for number in 0..5 {
            let email = format!("user{number}@example.com");
            people::add(&emma, &form(company, &email, Role::SupportSystemAdmin)).await.expect("added");
        }
        assert_eq!(mails_to(&world, "victim@elsewhere.example").await, 0);
    }

    /// C1: the list does not tell an address that has an account from one that has none.
    async fn c1_the_list_shows_no_stored_spelling(world: World) {
        let (ours, theirs) = (world.organisation("Nord", &[]).await, world.organisation("Sud", &[]).await);
        let carl = world.member(theirs, "Carl Sud", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        people::add(&world.context(carl).await, &form(theirs, "ViCtIm@example.com", Role::SupportUser)).await.expect("added");
        let emma = world.member(ours, "Emma Nord", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let emma = world.context(emma).await;
        for typed in ["vICTIM@example.com", "nOBODY@example.com"] {
            let person = people::add(&emma, &form(ours, typed, Role::SupportUser)).await.expect("added");
            let members = people::list(&emma, ours).await.expect("members");
            let shown = members.into_iter().find(|member| member.person == person).expect("a member").email;
            assert_eq!(shown, typed.to_lowercase());
        }
    }

    /// C15: two administrators who add one new address at the same moment both have the person.
    async fn c15_two_companies_add_one_address_concurrently(world: World) {
        let (one, two) = (world.organisation("Nord", &[]).await, world.organisation("Sud", &[]).await);
        let ada = world.member(one, "Ada Nord", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bea = world.member(two, "Bea Sud", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let (ada, bea) = (world.context(ada).await, world.context(bea).await);
        let (one, two) = (form(one, "ugo@elsewhere.example", Role::SupportUser), form(two, "ugo@elsewhere.example", Role::SupportUser));
        let (a, b) = tokio::join!(people::add(&ada, &one), people::add(&bea, &two));
        assert_eq!(a.expect("added"), b.expect("added too"), "one address is one person");
    }

    /// C21: a contract contact sees no cases, and cannot give access to the company's.
    async fn c21_a_contract_contact_gives_no_reach(world: World) {
        let company = world.organisation("Nord", &[]).await;
        world.enrol(company, &[], Phase::Validation).await;
        let chloe = world.member(company, "Chloe Contact", Role::ContractContact, Reach::Own, None).await;
        let emma = world.member(company, "Emma Nord", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let wide = |email| {
            let mut wide = form(company, email, Role::SupportUser);
            wide.role.reach = Reach::Organisation.key().into();
            wide
        };
        let refused = people::add(&world.context(chloe).await, &wide("vera@example.com")).await;
        assert_eq!(refused, Err(Failure::field("reach", domain::FieldError::NotAChoice)));
        people::add(&world.context(chloe).await, &form(company, "vera@example.com", Role::SupportUser)).await.expect("their own");
        people::add(&world.context(emma).await, &wide("wim@example.com")).await.expect("an administrator may");
        assert_eq!(
            people::add(&world.context(emma).await, &form(company, "vera@example.com", Role::SupportUser)).await,
            Err(Failure::Conflict(Conflict::AlreadyMember))
        );
    }

    /// U16, B9: who cannot sign in yet cannot help; who asks in one company is not sent to the administrators of another.
    async fn u16_b9_a_refusal_names_who_can_help_here(world: World) {
        let (ours, theirs) = (world.organisation("Nord", &[]).await, world.organisation("Sud", &[]).await);
        let emma = world.member(ours, "Emma Nord", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        people::add(&world.context(emma).await, &form(ours, "late@example.com", Role::SupportSystemAdmin)).await.expect("added");
        world.member(theirs, "Carl Sud", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo = world.member(ours, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        world.join(ugo, theirs).await;
        let ugo = world.context(ugo).await;
        let names = |failure: Option<Failure>| match failure {
            Some(Failure::Forbidden(domain::failure::Denial::Role { administrators, .. })) => {
                administrators.into_iter().map(|contact| contact.name).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(names(people::list(&ugo, ours).await.err()), ["Emma Nord"]);
        assert_eq!(names(people::list(&ugo, theirs).await.err()), ["Carl Sud"]);
        assert_eq!(names(service::chat::list_live(&ugo, "").await.err()), [""; 0], "no one in a company gives the vendor's roles");
    }
}
