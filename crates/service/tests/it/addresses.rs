//! One form of an address everywhere (B16, T04), the way in for invited people (B19), and slips that are corrected (D5).

use domain::{
    Failure, FieldError,
    access::{Reach, Role},
    audit::{Fact, Verb},
    failure::Conflict,
    locale::Locale,
    people::{AddressLinkState, InvitationState, MembershipState},
    rollout::Phase,
    text::EmailAddress,
};
use jiff::SignedDuration;
use service::{
    people::{self, Acceptance, Corrected},
    session::{self, Origin},
};
use testkit::{PASSWORD, World, on_both};

use super::members::{TYPED, form, links, state, to, tokens};

async fn forgot(world: &World, email: &str) {
    let email = EmailAddress::parse(email).expect("an address");
    session::send_reset(&world.services, &email, &Origin::default()).await.expect("the same answer");
}

on_both! {
    /// B16, T04: a domain in letters and in punycode is one person: mails go to the punycode, sign-in takes both.
    async fn t04_who_accepts_an_invitation_can_sign_in(world: World) {
        let company = world.organisation("Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        let ugo = people::add(&ana, &form(company, "kontakt@Müller-Bücher.example", Role::SupportUser)).await.expect("added");
        let again = people::add(&ana, &form(company, "kontakt@xn--mller-bcher-thbg.example", Role::SupportUser)).await;
        assert_eq!(again, Err(Failure::Conflict(Conflict::AlreadyMember)));
        let mails = world.mails().await;
        let link = tokens(&mails, "kontakt@xn--mller-bcher-thbg.example");
        assert_eq!(link.len(), 1, "the envelope is ASCII");
        let notice = mails.iter().find(|mail| mail.to == "ana@example.com").expect("M5");
        assert!(notice.text.contains("kontakt@müller-bücher.example"), "in letters for people: {}", notice.text);
        let listed = people::list(&ana, company).await.expect("members");
        assert!(listed.iter().any(|member| member.person == ugo && member.email == "kontakt@müller-bücher.example"));

        people::accept_invitation(&world.services, &link[0], &TYPED, &Origin::default()).await.expect("accepted");
        for typed in ["kontakt@müller-bücher.example", "KONTAKT@xn--mller-bcher-thbg.example"] {
            session::sign_in(&world.services, typed, TYPED.password, &Origin::default()).await.expect("signed in");
            world.clock.advance(SignedDuration::from_mins(11));
            forgot(&world, typed).await;
            let mails = world.mails().await;
            assert_eq!(mails.iter().filter(|mail| mail.text.contains("/reset/")).count(), 1, "{typed}");
        }
    }

    /// T04: letters that no browser sends are refused by every door, with a reason that is about the address.
    async fn t04_an_address_that_cannot_sign_in_does_not_come_in(world: World) {
        let company = world.organisation("Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana).await;
        let refused = Failure::field("email", FieldError::NotAsciiBeforeAt);
        let typed = "zoé@rosier.example";
        assert_eq!(people::add(&ana, &form(company, typed, Role::SupportUser)).await, Err(refused.clone()));
        let made = people::create_vendor_user(&world.services, typed, "Zoé", "agent", PASSWORD, Locale::Fr).await;
        assert_eq!(made, Err(refused.clone()));
        let signed_in = session::sign_in(&world.services, typed, PASSWORD, &Origin::default()).await.map(|_| ());
        assert_eq!(signed_in, Err(refused.clone()));
        let asked = session::request_reset(&world.services, typed, &Origin::default()).await;
        assert_eq!(asked, Err(refused.clone()));
        let person = people::add(&ana, &form(company, "zoe@rosier.example", Role::SupportUser)).await.expect("added");
        assert_eq!(people::correct_address(&ana, company, person, typed).await, Err(refused));
    }

    /// B19: "forgot password" of an invited person sends the invitation again, also after it ended.
    async fn b19_forgotten_passwords_of_the_invited_send_the_invitation(world: World) {
        let (one, two) = (world.organisation("Nord", &[]).await, world.organisation("Sud", &[]).await);
        let draft = world.organisation("Est", &[]).await;
        world.enrol(draft, &[], Phase::Draft).await;
        let ana = world.member(one, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bob = world.member(two, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let pam = world.vendor("Pam Manager", Role::ProgrammeManager).await;
        let (ana, bob, pam) = (world.context(ana).await, world.context(bob).await, world.context(pam).await);
        let ugo = people::add(&ana, &form(one, "ugo@example.com", Role::SupportUser)).await.expect("added");
        people::add(&pam, &form(draft, "ugo@example.com", Role::SupportUser)).await.expect("added in silence");
        let first = tokens(&world.mails().await, "ugo@example.com");
        forgot(&world, "ugo@example.com").await;
        assert!(world.mails().await.is_empty(), "the pause of an address holds here too");

        world.clock.advance(SignedDuration::from_hours(15 * 24));
        forgot(&world, "Ugo@Example.com").await;
        forgot(&world, "ugo@example.com").await;
        let fresh = tokens(&world.mails().await, "ugo@example.com");
        assert_eq!(fresh.len(), 1, "of the company that invited, and once");
        assert!(matches!(people::invitation_view(&world.services, &first[0]).await, Ok(InvitationState::Expired { .. })));
        people::accept_invitation(&world.services, &fresh[0], &TYPED, &Origin::default()).await.expect("accepted");

        // At home there by now: a password is what is missing, and no invitation.
        world.clock.advance(SignedDuration::from_mins(10));
        forgot(&world, "ugo@example.com").await;
        let mails = world.mails().await;
        assert!(mails.len() == 1 && mails[0].text.contains("/reset/"), "{mails:?}");

        // Removed by the last company and invited by another: the old password is not asked for.
        people::remove(&ana, one, ugo).await.expect("removed");
        people::add(&bob, &form(two, "ugo@example.com", Role::SupportUser)).await.expect("added");
        world.mails().await;
        world.clock.advance(SignedDuration::from_mins(10));
        forgot(&world, "ugo@example.com").await;
        let link = tokens(&world.mails().await, "ugo@example.com");
        assert_eq!(link.len(), 1);
        let seen = people::invitation_view(&world.services, &link[0]).await.expect("a page");
        assert!(matches!(seen, InvitationState::Open(view) if !view.has_password));
        let fresh = "un chat sur le toit";
        let typed = Acceptance { password: fresh, password_again: fresh, ..TYPED };
        people::accept_invitation(&world.services, &link[0], &typed, &Origin::default()).await.expect("accepted");
        session::sign_in(&world.services, "ugo@example.com", fresh, &Origin::default()).await.expect("signed in");
    }

    /// D5: a slip in an address is corrected in its place, and nothing leaves for the old one any more.
    async fn d5_an_address_is_corrected_in_place(world: World) {
        let company = world.organisation("Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let bob = world.member(company, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let (ana, bob_context) = (world.context(ana).await, world.context(bob).await);
        let ugo = people::add(&ana, &form(company, "ugo@exampel.com", Role::SupportSystemAdmin)).await.expect("added");
        let first = tokens(&world.mails().await, "ugo@exampel.com");
        world.clock.advance(SignedDuration::from_mins(10));
        people::resend_invitation(&ana, company, ugo).await.expect("queued, and not sent yet");

        assert_eq!(people::correct_address(&ana, company, ugo, "ugo@example.com").await, Ok(Corrected::Done(ugo)), "the same person");
        let mails = world.mails().await;
        assert!(mails.iter().all(|mail| mail.to != "ugo@exampel.com"), "nothing to the old one");
        let link = tokens(&mails, "ugo@example.com");
        assert_eq!(link.len(), 1);
        assert!(matches!(people::invitation_view(&world.services, &first[0]).await, Ok(InvitationState::Expired { .. })));
        people::renew_invitation(&world.services, &first[0]).await.expect("the same answer");
        assert!(world.mails().await.is_empty(), "the old link leads nowhere");
        let told = mails.iter().filter(|mail| mail.to == "bob@example.com" && mail.text.contains("ugo@example.com")).count();
        assert_eq!(told, 1, "F7: another address administers the company");
        let ledger = service::audit::list(&ana, Some(company), None).await.expect("a ledger");
        let event = ledger.rows.iter().find(|row| row.verb == Verb::PersonAddressCorrected).expect("an event");
        let (before, after) = ("ugo@exampel.com".to_owned(), "ugo@example.com".to_owned());
        assert_eq!(event.facts, [Fact::Address { before, after }]);

        people::accept_invitation(&world.services, &link[0], &TYPED, &Origin::default()).await.expect("accepted");
        session::sign_in(&world.services, "ugo@example.com", TYPED.password, &Origin::default()).await.expect("signed in");
        // The old address is free for its real owner.
        people::add(&bob_context, &form(company, "ugo@exampel.com", Role::SupportUser)).await.expect("another person");
    }

    /// D5, F3: an account that others rely on is not one company's to change; its membership moves instead, and the answer is
    /// the same.
    async fn d5_a_correction_changes_no_account_of_others(world: World) {
        let (ours, theirs) = (world.organisation("Nord", &[]).await, world.organisation("Sud", &[]).await);
        let emma = world.member(ours, "Emma Nord", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let gabrielle = world.member(theirs, "Gabrielle Sud", Role::SupportUser, Reach::Own, None).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let emma = world.context(emma).await;
        let added = people::add(&emma, &form(ours, "gabrielle@example.com", Role::SupportUser)).await.expect("added");
        assert_eq!(added, gabrielle);
        let old = tokens(&world.mails().await, "gabrielle@example.com");
        let moved = people::correct_address(&emma, ours, gabrielle, "gabriel@example.com").await.expect("corrected");
        let Corrected::Done(moved) = moved else { panic!("its owner never signed in with it") };
        assert_ne!(moved, gabrielle);
        let mails = world.mails().await;
        assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["gabriel@example.com"]);
        assert!(mails[0].text.contains("Ugo Petit") && !mails[0].text.contains("Gabrielle"), "{}", mails[0].text);
        session::sign_in(&world.services, "gabrielle@example.com", PASSWORD, &Origin::default()).await.expect("as before");
        let (before, after) = (state(&world, gabrielle, ours).await, state(&world, moved, ours).await);
        assert_eq!((before, after), (None, Some(MembershipState::Invited)));
        assert!(!matches!(people::invitation_view(&world.services, &old[0]).await, Ok(InvitationState::Open(_))));
        let members = people::list(&emma, ours).await.expect("members");
        let row = members.iter().find(|member| member.person == moved).expect("a member");
        assert_eq!((row.name.as_str(), row.roles.len()), ("Ugo Petit", 1), "with the roles, under the name that was typed");

        // To an existing account, to one of the vendor's, to a member's.
        let onto = people::correct_address(&emma, ours, moved, "gabrielle@example.com").await.expect("back");
        assert_eq!(onto, Corrected::Done(gabrielle));
        let omar = world.context(omar).await.actor.email;
        let vendor = people::correct_address(&emma, ours, gabrielle, &omar).await;
        assert_eq!(vendor, Err(Failure::Conflict(Conflict::WorksForVendor)));
        let member = people::correct_address(&emma, ours, gabrielle, "emma@example.com").await;
        assert_eq!(member, Err(Failure::Conflict(Conflict::OwnRole)));
        let elsewhere = people::correct_address(&emma, theirs, gabrielle, "x@example.com").await;
        assert_eq!(elsewhere, Err(Failure::NotFound));
    }

    /// D5: the vendor corrects an account for all its companies, as long as its owner never signed in with it.
    async fn d5_the_vendor_corrects_an_imported_slip_everywhere(world: World) {
        let (one, two) = (world.organisation("Nord", &[]).await, world.organisation("Sud", &[]).await);
        let pam = world.vendor("Pam Manager", Role::ProgrammeManager).await;
        let pam = world.context(pam).await;
        let ugo = people::add(&pam, &form(one, "ugo@exampel.com", Role::SupportUser)).await.expect("added");
        people::add(&pam, &form(two, "ugo@exampel.com", Role::SupportUser)).await.expect("added there too");
        world.mails().await;
        assert_eq!(people::correct_address(&pam, one, ugo, "ugo@example.com").await, Ok(Corrected::Done(ugo)));
        let links = tokens(&world.mails().await, "ugo@example.com");
        assert_eq!(links.len(), 2, "one invitation from each company");
        for link in &links {
            assert!(matches!(people::invitation_view(&world.services, link).await, Ok(InvitationState::Open(_))));
        }
    }

    /// D5: in DRAFT no mail tells of the correction; a contract contact corrects users, and no administrators.
    async fn d5_a_correction_follows_the_phase_and_the_roles(world: World) {
        let company = world.organisation("Nord", &[]).await;
        world.enrol(company, &[], Phase::Draft).await;
        let pam = world.vendor("Pam Manager", Role::ProgrammeManager).await;
        let pam = world.context(pam).await;
        let ugo = people::add(&pam, &form(company, "ugo@exampel.com", Role::SupportUser)).await.expect("added");
        let admin = people::add(&pam, &form(company, "dan@exampel.com", Role::SupportSystemAdmin)).await.expect("added");
        people::correct_address(&pam, company, ugo, "ugo@example.com").await.expect("corrected");
        assert!(world.mails().await.is_empty());
        service::rollout::move_phase(&pam, company, Phase::Validation, "Ready", false).await.expect("moved");
        let mut told: Vec<_> = world.mails().await.into_iter().map(|mail| mail.to).collect();
        told.sort();
        assert_eq!(told, ["dan@exampel.com", "ugo@example.com"]);
        let chloe = world.member(company, "Chloe Contact", Role::ContractContact, Reach::Own, None).await;
        let chloe = world.context(chloe).await;
        people::correct_address(&chloe, company, ugo, "hugo@example.com").await.expect("corrected");
        let more = people::correct_address(&chloe, company, admin, "mine@example.com").await;
        assert!(matches!(more, Err(Failure::Forbidden(_))), "{more:?}");
    }

    /// D5: an address that its owner came in by is proposed, and taken by the link and the password together. The old one is
    /// told once and gets nothing else, what was on its way there included.
    async fn d5_an_address_in_use_is_proposed_and_its_owner_confirms(world: World) {
        let company = world.organisation("Nord", &[]).await;
        let elsewhere = world.organisation("Sud", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo = world.member(company, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        world.join(ugo, elsewhere).await;
        let ana = world.context(ana).await;
        let session = session::sign_in(&world.services, "ugo@example.com", PASSWORD, &Origin::default()).await;
        let session = session.expect("signed in");
        let propose = async |email: &'static str| people::correct_address(&ana, company, ugo, email).await;
        assert_eq!(propose("ugo@frist.example").await, Ok(Corrected::Proposed));
        assert_eq!(propose("ugo@first.example").await, Ok(Corrected::Proposed), "another one takes its place");
        let seen = people::person(&ana, Some(company), ugo).await.expect("a page").proposed.expect("it waits");
        assert_eq!(seen.email, "ugo@first.example");
        let mails = world.mails().await;
        assert_eq!(to(&mails), ["ugo@first.example"], "what was replaced is not sent, and the present one hears nothing yet");
        let token = links(&mails, "ugo@first.example", "/address/").remove(0);

        // The mailbox without the password changes nothing, and reveals nothing of the current address.
        let Ok(AddressLinkState::Open(view)) = people::address_link(&world.services, &token).await else { panic!("open") };
        assert_eq!((view.name.as_str(), view.email.as_str(), view.organisation.as_str()), ("Ugo Petit", "ugo@first.example", "Nord"));
        assert!(!mails[0].text.contains("ugo@example.com"), "{}", mails[0].text);
        let confirm = async |password: &'static str| {
            people::confirm_address(&world.services, &token, password, &Origin::default()).await
        };
        assert_eq!(confirm("").await, Err(Failure::field("password", FieldError::Required)));
        assert_eq!(confirm("guessed by Ana").await, Err(Failure::field("password", FieldError::WrongPassword)));
        assert!(session::sign_in(&world.services, "ugo@first.example", PASSWORD, &Origin::default()).await.is_err());

        // Asked for before, sent after: a link for a new password does not go to the old address, nor work from there.
        forgot(&world, "ugo@example.com").await;
        let reset = links(&world.mails().await, "ugo@example.com", "/reset/").remove(0);
        world.clock.advance(SignedDuration::from_mins(10));
        forgot(&world, "ugo@example.com").await;
        confirm(PASSWORD).await.expect("confirmed");
        let mails = world.mails().await;
        assert_eq!(to(&mails), ["ugo@example.com"], "the old one is told: {mails:?}");
        assert!(mails[0].text.contains("ugo@first.example"), "{}", mails[0].text);
        let state = session::check_reset(&world.services, &reset).await;
        assert_eq!(state, Ok(domain::people::ResetState::Ended), "sent to the old one before");

        assert!(session::find(&world.services, session.reveal()).await.expect("a lookup").is_some(), "still signed in");
        let old = session::sign_in(&world.services, "ugo@example.com", PASSWORD, &Origin::default()).await;
        assert!(old.is_err());
        session::sign_in(&world.services, "ugo@first.example", PASSWORD, &Origin::default()).await.expect("signed in");
        assert_eq!(confirm(PASSWORD).await, Err(Failure::Conflict(Conflict::AddressLinkEnded)));
        assert_eq!(people::address_link(&world.services, &token).await, Ok(AddressLinkState::Ended));
        assert_eq!(people::person(&ana, Some(company), ugo).await.expect("a page").proposed, None);
        let pam = world.vendor("Pam Manager", Role::ProgrammeManager).await;
        let pam = world.context(pam).await;
        for organisation in [company, elsewhere] {
            let ledger = service::audit::list(&pam, Some(organisation), None).await.expect("a ledger");
            let event = ledger.rows.iter().find(|row| row.verb == Verb::PersonAddressCorrected).expect("an event");
            let (before, after) = ("ugo@example.com".to_owned(), "ugo@first.example".to_owned());
            assert_eq!(event.facts, [Fact::Address { before, after }]);
        }
        // The old address is free, and mails about Ugo go to the new one.
        forgot(&world, "ugo@first.example").await;
        assert_eq!(to(&world.mails().await), ["ugo@first.example"]);
        assert_eq!(store::audit::verify(&world.services.db).await.expect("readable"), None, "the chain holds");
    }

    /// D5: the company that proposed an address sees in its ledger that it was taken, also when the member was added again
    /// and has not come back in: no change is without its event.
    async fn d5_the_company_that_proposed_an_address_sees_it_taken(world: World) {
        let company = world.organisation("Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo = world.member(company, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        let ana = world.context(ana).await;
        people::remove(&ana, company, ugo).await.expect("removed");
        people::add(&ana, &form(company, "ugo@example.com", Role::SupportUser)).await.expect("added again");
        assert_eq!(people::correct_address(&ana, company, ugo, "ugo@first.example").await, Ok(Corrected::Proposed));
        let token = links(&world.mails().await, "ugo@first.example", "/address/").remove(0);
        people::confirm_address(&world.services, &token, PASSWORD, &Origin::default()).await.expect("confirmed");
        let pam = world.vendor("Pam Manager", Role::ProgrammeManager).await;
        let ledger = service::audit::list(&world.context(pam).await, Some(company), None).await.expect("a ledger");
        let taken = ledger.rows.iter().filter(|row| row.verb == Verb::PersonAddressCorrected).count();
        assert_eq!(taken, 1, "{ledger:?}");
    }

    /// D5, F3, CVE-2026-40570: what is proposed tells nothing of other accounts, ends with the membership and with time, is
    /// limited for the address, and is nothing in DRAFT.
    async fn d5_a_proposal_reveals_nothing_elsewhere(world: World) {
        let (ours, theirs) = (world.organisation("Nord", &[]).await, world.organisation("Sud", &[]).await);
        let emma = world.member(ours, "Emma Nord", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo = world.member(ours, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        world.member(theirs, "Gabrielle Sud", Role::SupportUser, Reach::Own, None).await;
        let emma = world.context(emma).await;
        let known = people::correct_address(&emma, ours, ugo, "gabrielle@example.com").await;
        assert_eq!(known, Ok(Corrected::Proposed), "as for an address without an account");
        let again = people::correct_address(&emma, ours, ugo, "Gabrielle@example.com").await;
        assert!(matches!(again, Err(Failure::TooMany { .. })), "{again:?}");
        let token = links(&world.mails().await, "gabrielle@example.com", "/address/").remove(0);
        let taken = people::confirm_address(&world.services, &token, PASSWORD, &Origin::default()).await;
        assert_eq!(taken, Err(Failure::Conflict(Conflict::AddressTaken)));
        let member = people::correct_address(&emma, ours, ugo, "emma@example.com").await;
        assert_eq!(member, Err(Failure::Conflict(Conflict::AlreadyMember)));
        let same = people::correct_address(&emma, ours, ugo, "UGO@example.com").await;
        assert_eq!(same, Ok(Corrected::Done(ugo)));
        assert_eq!(people::address_link(&world.services, "AAAA").await, Err(Failure::NotFound));
        assert!(world.mails().await.is_empty());

        people::correct_address(&emma, ours, ugo, "ugo@late.example").await.expect("proposed");
        let late = links(&world.mails().await, "ugo@late.example", "/address/").remove(0);
        world.clock.advance(SignedDuration::from_hours(7 * 24));
        let ended = people::confirm_address(&world.services, &late, PASSWORD, &Origin::default()).await;
        assert_eq!(ended, Err(Failure::Conflict(Conflict::AddressLinkEnded)));
        people::correct_address(&emma, ours, ugo, "ugo@gone.example").await.expect("proposed");
        people::remove(&emma, ours, ugo).await.expect("removed");
        assert_eq!(to(&world.mails().await), ["ugo@example.com"], "of the removal; nothing is proposed any more");
        people::add(&emma, &form(ours, "ugo@example.com", Role::SupportUser)).await.expect("added again");
        assert_eq!(people::person(&emma, Some(ours), ugo).await.expect("a page").proposed, None, "nor when he comes back");
        world.mails().await;

        let draft = world.organisation("Est", &[]).await;
        let vera = world.member(draft, "Vera Est", Role::SupportUser, Reach::Own, None).await;
        world.enrol(draft, &[], Phase::Draft).await;
        let pam = world.vendor("Pam Manager", Role::ProgrammeManager).await;
        let pam = world.context(pam).await;
        let silent = people::correct_address(&pam, draft, vera, "vera@first.example").await;
        assert!(matches!(silent, Err(Failure::Forbidden(_))), "{silent:?}");
        assert!(world.mails().await.is_empty());
    }
}
