//! Lists with many rows: where a page stands, forward and back, the order of a dictionary; long cases; days and time zones.

use std::collections::HashSet;

use domain::{
    CaseId, Failure, FieldError, OrganisationId,
    access::{Reach, Role},
    calls::PhoneLineForm,
    cases::{CaseFilter, StreamItem, StreamPart},
    chat::ChatHours,
    people::{PeopleFilter, PersonForm, RoleForm},
    rollout::{BoardFilter, Phase},
};
use jiff::SignedDuration;
use service::{
    Context, calls, cases, chat,
    imports::{Importer, Source, Strictness},
    people, session,
};
use testkit::{World, on_both};

/// Brings records in as an import does.
async fn import(world: &World, lines: &[String]) {
    let path = world.directory.path().join("many.jsonl");
    std::fs::write(&path, lines.join("\n")).expect("a file");
    let source = Source::open(&path).expect("a source");
    let importer = Importer::of_system(&world.services);
    importer.commit(&source, Strictness::AllOrNothing, &mut |_| {}, &|_| {}).await.expect("a commit");
}

fn company_line(id: &str, name: &str) -> String {
    format!(r#"{{"type":"organisation","id":"{id}","name":"{name}"}}"#)
}

fn person_line(number: usize, company: &str, name: &str) -> String {
    format!(
        r#"{{"type":"user","id":"P{number}","organisation":"{company}","name":"{name}","email":"p{number}@many.example"}}"#
    )
}

async fn companies(context: &Context, after: &str) -> domain::page::Page<(OrganisationId, String)> {
    let filter = PeopleFilter { after: after.to_owned(), ..Default::default() };
    people::page(context, &filter).await.expect("a page").companies
}

/// The names on every page, walked to the end and back to the first page.
async fn walk(context: &Context) -> Vec<String> {
    let mut page = companies(context, "").await;
    let mut names: Vec<String> = page.iter().map(|(_, name)| name.clone()).collect();
    let mut pages = vec![page.clone()];
    while let Some(next) = page.next.clone() {
        page = companies(context, &next).await;
        names.extend(page.iter().map(|(_, name)| name.clone()));
        pages.push(page.clone());
    }
    pages.pop();
    while let Some(previous) = page.previous.clone() {
        page = companies(context, &previous).await;
        assert_eq!(Some(&page.rows), pages.last().map(|page| &page.rows), "back is where one came from");
        assert_eq!(Some(page.extent), pages.pop().map(|page| page.extent));
    }
    assert!(pages.is_empty());
    names
}

/// A case with this many entries after its first, a minute apart.
async fn long_case(world: &World, entries: usize) {
    let at =
        |minute: usize| format!("2025-01-{:02}T{:02}:{:02}:00Z", 1 + minute / 1_440, minute / 60 % 24, minute % 60);
    let entries: Vec<String> = (0..entries)
        .map(|n| format!(r#"{{"author":"Una","side":"customer","at":"{}","body":"entry {n}"}}"#, at(n)))
        .collect();
    import(world, &[
        company_line("L", "Long"),
        r#"{"type":"user","id":"U","organisation":"L","name":"Una User","email":"una@long.example"}"#.into(),
        format!(
            r#"{{"type":"case","id":"LC","organisation":"L","requestor":"una@long.example","title":"A long story","status":"open","opened_at":"{}","entries":[{}]}}"#,
            at(0),
            entries.join(",")
        ),
    ])
    .await;
}

fn bodies(items: &[StreamItem]) -> Vec<&str> {
    items
        .iter()
        .map(|item| match item {
            StreamItem::Entry(entry) => entry.body.as_str(),
            StreamItem::Note(note) => note.body.as_str(),
        })
        .collect()
}

on_both! {
    /// T14, C14: nothing ends silently, and companies of one name are each on one page.
    async fn t14_every_company_is_on_one_page(world: World) {
        let lines: Vec<String> = (0..126).map(|n| company_line(&format!("C{n}"), &format!("Même nom {}", n % 3))).collect();
        import(&world, &lines).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let first = companies(&mia, "").await;
        assert_eq!((first.extent.skipped, first.extent.shown, first.extent.total), (0, 50, 126));
        let second = companies(&mia, first.next.as_deref().expect("more")).await;
        assert_eq!((second.extent.skipped, second.extent.shown, second.extent.total), (50, 50, 126));
        assert_eq!(walk(&mia).await.len(), 126);
        let mut ids = HashSet::new();
        let mut page = first;
        loop {
            ids.extend(page.iter().map(|(id, _)| *id));
            let Some(next) = page.next.clone() else { break };
            page = companies(&mia, &next).await;
        }
        assert_eq!(ids.len(), 126, "no row twice, none left out");
    }

    /// U15: in the order of a dictionary, on both databases, whether an import, a second one or a form wrote the name.
    async fn u15_names_stand_in_the_order_of_a_dictionary(world: World) {
        let names = ["Zoé", "Élodie", "aaron", "Étienne", "Jacquet", "Éditions", "Énergie", "Zebra", "(ext.) 358", "Œuvre"];
        let mut lines: Vec<String> = names.iter().enumerate().map(|(n, name)| company_line(&format!("C{n}"), name)).collect();
        lines.extend(names.iter().enumerate().map(|(n, name)| person_line(n, "C0", name)));
        import(&world, &lines).await;
        // A second import renames.
        import(&world, &[company_line("C9", "Ébène"), person_line(9, "C0", "Ébène")]).await;
        let sorted = ["(ext.) 358", "aaron", "Ébène", "Éditions", "Élodie", "Énergie", "Étienne", "Jacquet", "Zebra", "Zoé"];
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        assert_eq!(walk(&mia).await, sorted);
        let company = companies(&mia, "").await.iter().find(|(_, name)| name == "Zoé").expect("a company").0;
        let members = people::list(&mia, company).await.expect("members");
        assert_eq!(members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), sorted);
        let form = PersonForm {
            organisation: company.to_string(),
            name: "Aïcha".into(),
            email: "aicha@many.example".into(),
            role: RoleForm { role: "support_user".into(), ..Default::default() },
            ..Default::default()
        };
        people::add(&mia, &form).await.expect("added");
        let members = people::list(&mia, company).await.expect("members");
        assert_eq!(members[2].name, "Aïcha");
        let product = world.product("atlas").await;
        for (id, name) in companies(&mia, "").await {
            if name != "Zebra" {
                world.enrol(id, &[product], Phase::Draft).await;
            }
        }
        let programme = store::rollout::find_programme_by_key(&world.services.db, "spring").await;
        let programme = programme.expect("a lookup").expect("a programme");
        let board = service::rollout::board(&mia, programme, &BoardFilter::default()).await.expect("a board");
        let names: Vec<_> = board.companies.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, sorted.into_iter().filter(|name| *name != "Zebra").collect::<Vec<_>>());
    }

    /// B27: a company is found by the words of its name in any order, signs included; none of them is a pattern.
    async fn b27_a_company_is_found_by_the_words_of_its_name(world: World) {
        let names = ["100 % Bio", "Renard_Rusé", "Grande Maison du Port", "1000 Bio"];
        import(&world, &names.iter().enumerate().map(|(n, name)| company_line(&format!("C{n}"), name)).collect::<Vec<_>>()).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let found = async |search: &str| {
            let filter = PeopleFilter { search: search.into(), ..Default::default() };
            let page = people::page(&mia, &filter).await.expect("a page");
            let one = page.company.map(|one| one.company.name);
            let names = page.companies.into_iter().map(|(_, name)| name).collect::<Vec<_>>();
            one.map_or(names, |name| vec![name])
        };
        assert_eq!(found("100 % bio").await, ["100 % Bio"]);
        assert_eq!(found("bio %").await, ["100 % Bio"]);
        assert_eq!(found("port GRANDE").await, ["Grande Maison du Port"]);
        assert_eq!(found("renard_ruse").await, ["Renard_Rusé"]);
        assert_eq!(found("maison_du").await, Vec::<String>::new(), "an underscore is no wildcard");
        assert_eq!(found(&"bio ".repeat(5_000)).await, ["100 % Bio", "1000 Bio"], "a long search costs no more");
    }

    /// T15, B11: the people of one company are paged and searched; one person costs one person.
    async fn t15_people_of_a_company_are_paged_and_searched(world: World) {
        let mut lines = vec![company_line("C", "Grande"), company_line("D", "Autre")];
        lines.extend((0..120).map(|n| person_line(n, "C", &format!("Éric {n:03}"))));
        lines.push(person_line(500, "D", "Éric d’ailleurs"));
        import(&world, &lines).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let company = companies(&mia, "").await.iter().find(|(_, name)| name == "Grande").expect("a company").0;
        let ask = async |find: &str, after: &str| {
            let filter = PeopleFilter { company: Some(company), find: find.into(), after: after.into(), ..Default::default() };
            people::page(&mia, &filter).await.expect("a page").company.expect("a company")
        };
        let first = ask("", "").await;
        assert_eq!((first.members.len(), first.members.extent.total, first.waiting), (50, 120, 120));
        let second = ask("", first.members.next.as_deref().expect("more")).await;
        let third = ask("", second.members.next.as_deref().expect("more")).await;
        assert_eq!((third.members.len(), third.members.extent.skipped, third.members.next.clone()), (20, 100, None));
        let back = ask("", third.members.previous.as_deref().expect("back")).await;
        assert_eq!(back.members, second.members);
        let found = ask("eric 04", "").await;
        let names: Vec<_> = found.members.iter().map(|member| member.name.as_str()).collect();
        let mut wanted: Vec<_> = (0..120).map(|n| format!("Éric {n:03}")).collect();
        wanted.retain(|name| name.contains("04"));
        assert_eq!(names, wanted, "whatever the accents and capitals");
        assert_eq!(ask("042 ERIC", "").await.members[0].name, "Éric 042", "B27: whatever the order of the words");
        assert_eq!(ask("p_4", "").await.members.len(), 0, "an underscore is no wildcard");
        assert_eq!(ask("P42@many", "").await.members[0].name, "Éric 042", "an address finds its person");
        assert_eq!(ask("%", "").await.members.len(), 50, "no pattern of theirs");
        assert_eq!(ask("", "b0.nonsense").await.members, first.members);
        let one = people::person(&mia, Some(company), third.members[0].person).await.expect("a page");
        assert_eq!(one.member.map(|member| member.name), Some("Éric 100".to_owned()));
        let stranger = people::person(&mia, Some(company), mia.actor.person).await.expect("a page");
        assert_eq!(stranger.member, None);
    }

    /// T14: the page behind a row that was taken out, or that a filter no longer holds, stays where it was.
    async fn t14_the_next_page_stays_where_it_was_when_the_row_before_it_leaves(world: World) {
        let mut lines = vec![company_line("C", "Grande")];
        lines.extend((0..120).map(|n| person_line(n, "C", &format!("Éric {n:03}"))));
        lines.extend((0..60).map(|n| company_line(&format!("B{n}"), &format!("Maison {n:02}"))));
        import(&world, &lines).await;
        let mia = world.vendor("Mia Manager", Role::ProgrammeManager).await;
        let mia = world.context(mia).await;
        let grande = PeopleFilter { search: "Grande".into(), ..Default::default() };
        let company = people::page(&mia, &grande).await.expect("a page").company.expect("a company").company.organisation;
        let ask = async |after: &str| {
            let filter = PeopleFilter { company: Some(company), after: after.into(), ..Default::default() };
            people::page(&mia, &filter).await.expect("a page").company.expect("a company").members
        };
        let first = ask("").await;
        let cursor = first.next.clone().expect("more");
        let second = ask(&cursor).await;
        people::remove(&mia, company, first[49].person).await.expect("removed");
        assert_eq!(ask(&cursor).await.rows, second.rows, "the people after the one who was removed");

        let product = world.product("atlas").await;
        let page = companies(&mia, "").await;
        let rest = companies(&mia, page.next.as_deref().expect("more")).await;
        for (id, _) in page.into_iter().chain(rest) {
            world.enrol(id, &[product], Phase::Draft).await;
        }
        let programme = store::rollout::find_programme_by_key(&world.services.db, "spring").await;
        let programme = programme.expect("a lookup").expect("a programme");
        let ask = async |after: &str| {
            let filter = BoardFilter { phase: "draft".into(), after: after.into(), ..Default::default() };
            service::rollout::board(&mia, programme, &filter).await.expect("a board").companies
        };
        let first = ask("").await;
        let cursor = first.next.clone().expect("more");
        let second = ask(&cursor).await;
        let last = first.rows.last().expect("a row").organisation;
        service::rollout::move_phase(&mia, last, Phase::Setup, "Prêts.", false).await.expect("moved");
        assert_eq!(ask(&cursor).await.rows, second.rows, "the companies after the one that moved on");
    }

    /// T16: a case opens at its last entries; the others are a page away; news are what is new.
    async fn t16_a_long_case_opens_at_its_last_entries(world: World) {
        long_case(&world, 260).await;
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let omar = world.context(omar).await;
        let list = cases::list(&omar, &CaseFilter::default()).await.expect("a list");
        let id: CaseId = list[0].id;
        let last = cases::detail(&omar, id).await.expect("visible");
        assert_eq!((last.stream.len(), last.earlier, last.later), (50, 210, 0));
        assert_eq!(bodies(&last.stream).last(), Some(&"entry 259"));
        let before = StreamPart::Before(last.stream[0].id());
        let earlier = cases::detail_part(&omar, id, before).await.expect("visible");
        assert_eq!((earlier.stream.len(), earlier.earlier, earlier.later), (50, 160, 50));
        assert_eq!(bodies(&earlier.stream).last(), Some(&"entry 209"));
        let after = StreamPart::After(earlier.stream[49].id());
        assert_eq!(cases::detail_part(&omar, id, after).await.expect("visible").stream, last.stream);
        let unknown = StreamPart::Before(uuid::Uuid::nil().into());
        assert_eq!(cases::detail_part(&omar, id, unknown).await.expect("visible").stream, last.stream);

        cases::note(&omar, id, "A note.").await.expect("noted");
        let news = cases::detail_part(&omar, id, last.news()).await.expect("visible");
        assert_eq!(bodies(&news.stream), ["entry 259", "A note."], "what is new, and what may have been on its way");
        let mut merged = last.with_news(news.clone());
        assert_eq!((merged.stream.len(), merged.earlier), (51, 210));
        merged.with_earlier(earlier.clone());
        assert_eq!((merged.stream.len(), merged.earlier), (101, 160));
        assert_eq!(bodies(&merged.stream)[0], "entry 160");
        let elsewhere = earlier.with_news(news);
        assert_eq!((elsewhere.stream.len(), elsewhere.earlier, elsewhere.later), (50, 160, 51), "it shows other entries");
    }

    /// B11: a hundred chats and calls are not the end, and what waits is counted.
    async fn b11_chats_and_calls_are_counted_and_paged(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        world.phone_line("emea", "Europe/Paris").await;
        let mut people = Vec::new();
        for n in 0..53 {
            let person = world.member(company, &format!("P{n} Person"), Role::SupportUser, Reach::Own, None).await;
            let context = world.context(person).await;
            let form = domain::chat::ChatForm { organisation: company.to_string(), product: String::new(), text: "Bonjour".into() };
            people.push(chat::start(&context, &form).await.expect("a chat"));
            world.clock.advance(SignedDuration::from_secs(1));
        }
        let omar = world.vendor("Omar Agent", Role::Agent).await;
        let omar = world.context(omar).await;
        chat::answer(&omar, people[0]).await.expect("answered");
        assert_eq!(calls::waiting(&omar).await.expect("a count").chats, 52);
        let first = chat::list_live(&omar, "").await.expect("a list");
        assert_eq!((first[0].id, first.extent.total), (people[1], 53), "people who wait come first");
        let second = chat::list_live(&omar, first.next.as_deref().expect("more")).await.expect("a list");
        assert_eq!(second.iter().map(|chat| chat.id).collect::<Vec<_>>(), [people[51], people[52], people[0]]);
    }

    /// The last day of a role is a day of the company, and today is the day of who fills in the form.
    async fn a_role_ends_with_the_day_of_the_company(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        world.phone_line("emea", "America/New_York").await;
        let ana_id = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ugo = world.member(company, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        // In Auckland the 3rd has begun, in New York it is the 2nd.
        world.clock.advance(SignedDuration::from_hours(3));
        session::set_zone(&world.context(ana_id).await, "Pacific/Auckland").await.expect("set");
        let ana = world.context(ana_id).await;
        let until = |day: &str| RoleForm { role: "support_user".into(), until: day.into(), ..Default::default() };
        let past = people::grant_role(&ana, company, ugo, &until("2026-03-02")).await;
        assert_eq!(past.map(|_| ()), Err(Failure::field("until", FieldError::InThePast)), "it is the 3rd for her");
        session::set_zone(&ana, "Pacific/Honolulu").await.expect("set");
        let ana = world.context(ana_id).await;
        people::grant_role(&ana, company, ugo, &until("2026-03-02")).await.expect("today");
        let shown = people::list(&ana, company).await.expect("members");
        assert_eq!(shown[1].roles[0].until.map(|day| day.to_string()).as_deref(), Some("2026-03-02"));
        let grants = world.context(ugo).await.actor.grants;
        assert_eq!(grants[0].until.map(|at| at.to_string()).as_deref(), Some("2026-03-03T05:00:00Z"));
    }

    /// B12: asked once, changed at will, used by pages, call-backs and mails.
    async fn b12_a_time_zone_is_asked_once_and_can_be_changed(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let ana_id = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let ana = world.context(ana_id).await;
        assert_eq!((ana.actor.zone.as_str(), ana.actor.zone_known), ("Europe/Paris", false));
        world.phone_line("emea", "America/Chicago").await;
        assert_eq!(world.context(ana_id).await.actor.zone, "America/Chicago", "until it is known: as the company");
        session::note_zone(&ana, "america/new_york").await.expect("noted");
        let ana = world.context(ana_id).await;
        assert_eq!((ana.actor.zone.as_str(), ana.actor.zone_known), ("America/New_York", true));
        session::note_zone(&ana, "Asia/Tokyo").await.expect("nothing to do");
        assert_eq!(world.context(ana_id).await.actor.zone, "America/New_York", "asked once");
        assert_eq!(
            session::set_zone(&ana, "Mars/Olympus").await,
            Err(Failure::field("zone", FieldError::NotAZone))
        );
        assert!(session::zones().contains(&"America/New_York".to_owned()));
        assert_eq!(calls::defaults(&ana).await.expect("defaults").time_zone, "America/New_York");

        let bob = world.member(company, "Bob Martin", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let form = PersonForm {
            organisation: company.to_string(),
            name: "Ugo Petit".into(),
            email: "ugo@example.com".into(),
            role: RoleForm { role: "support_user".into(), ..Default::default() },
            ..Default::default()
        };
        people::add(&world.context(bob).await, &form).await.expect("added");
        let mails = world.mails().await;
        let to_ana = mails.iter().find(|mail| mail.to == "ana@example.com").expect("a notice");
        assert!(to_ana.text.contains("lundi 2 mars 2026 à 4 h 00 (heure de New York)"), "{}", to_ana.text);
        let to_ugo = mails.iter().find(|mail| mail.to == "ugo@example.com").expect("an invitation");
        assert!(to_ugo.text.contains("(heure de Chicago)"), "{}", to_ugo.text);

        // Without JavaScript the form says no zone: the one of the person counts.
        let call = domain::calls::CallbackForm {
            organisation: company.to_string(),
            phone: "+33123456789".into(),
            when: "2026-03-02T10:30".into(),
            topic: "VPN".into(),
            ..Default::default()
        };
        calls::request(&ana, &call).await.expect("asked");
        let wanted = calls::mine(&ana).await.expect("a list")[0].wanted_at;
        assert_eq!(wanted.map(|at| at.to_string()).as_deref(), Some("2026-03-02T15:30:00Z"));
    }

    /// R19: what is remembered of a person is read anew when the zone that is guessed for them becomes another.
    async fn r19_zone_of_another_phone_line_counts_immediately(world: World) {
        let company = world.organisation("Brasserie du Nord", &[]).await;
        let ana = world.member(company, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let olga = world.vendor("Olga Operator", Role::Operator).await;
        let olga = world.context(olga).await;
        let token = session::start(&world.services, ana, None, &session::Origin::default()).await.expect("a session");
        let zone = async || {
            let found = session::peek(&world.services, token.reveal()).await.expect("asked");
            found.expect("a session").0.zone
        };
        assert_eq!(zone().await, "Europe/Paris");
        let line = PhoneLineForm {
            region: "emea".into(),
            number: "+33 1 84 80 00 00".into(),
            zone: "America/Chicago".into(),
            monday: "09:00-17:00".into(),
            ..Default::default()
        };
        calls::save_line(&olga, &line).await.expect("saved");
        assert_eq!(zone().await, "America/Chicago");
        calls::remove_line(&olga, "emea").await.expect("removed");
        assert_eq!(zone().await, "Europe/Paris");
    }

    /// B34: as the operator sets them, the chat and the calls keep them.
    async fn b34_lines_open_several_times_a_day_and_at_night(world: World) {
        let product = world.product("atlas").await;
        let company = world.organisation("Brasserie du Nord", &[product]).await;
        let otto = world.vendor("Otto Operator", Role::Operator).await;
        let otto = world.context(otto).await;
        let form = |hours: &str| PhoneLineForm {
            region: "emea".into(),
            number: "+33 1 84 80 00 00".into(),
            zone: "UTC".into(),
            monday: hours.into(),
            tuesday: hours.into(),
            ..Default::default()
        };
        let at = async |hours: &str| {
            calls::save_line(&otto, &form(hours)).await.expect("saved");
            chat::hours(&world.services, company).await.expect("hours")
        };
        let time = |text: &str| Some(text.parse().expect("a time"));
        // It is Monday, nine o'clock.
        assert_eq!(at("9h-12h, 14h-18h").await, ChatHours::Open { until: time("2026-03-02T12:00:00Z") });
        assert_eq!(at("22:00-06:00").await, ChatHours::Closed { opens_at: time("2026-03-02T22:00:00Z") });
        assert_eq!(at("00:00-24:00").await, ChatHours::Open { until: time("2026-03-04T00:00:00Z") });
        let shown = calls::line_settings(&otto).await.expect("settings");
        assert_eq!(PhoneLineForm::of(&shown.lines[0]).monday, "00:00-24:00");
        world.clock.advance(SignedDuration::from_secs(14 * 3_600 + 3_599 - 29));
        assert!(matches!(chat::hours(&world.services, company).await, Ok(ChatHours::Open { .. })), "23:59:30");
    }
}
