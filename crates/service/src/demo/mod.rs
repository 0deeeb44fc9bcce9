//! Demo data: the fictional vendor Nordlys, its products Atlas and Pulse, six companies in every phase of a rollout, and
//! cases old and new. Days are counted from today, so that it looks alive whenever it is loaded; everything else is the
//! same every time, and a second run changes nothing.

mod data;

use std::path::{Path, PathBuf};

use domain::{
    CaseId, EntryId, Failure, OrganisationId, PersonId, ProductId,
    access::{Granted, Permission},
    announcements::PublishOptions,
    audit::Verb,
    calls::{Hours, RegionLine},
    cases::{Channel, CloseReason, EntryKind, Impact, Priority, Side, Status},
    failure::Conflict,
    imports::RecordKind,
    locale::Locale,
    people::MembershipState,
    rollout::Phase,
    text::NewPassword,
};
use jiff::{
    SignedDuration, Timestamp, ToSpan, Zoned,
    civil::{Date, Time, date, time},
    tz::TimeZone,
};
use serde_json::{Value, json};
use store::cases::{NewCase, NewEntry};

use self::data::{COMPANIES, Company, ENGLISH, FRENCH, Story, VENDOR};
use crate::{
    Change, OrFail, Services, announcements, fault,
    imports::{Importer, Source, Strictness},
    people,
};

/// The password of every person in the demo.
pub const PASSWORD: &str = "Nordlys-demo-2026";

/// Whom to sign in as, to see every side.
pub const SIGN_INS: [(&str, &str); 9] = [
    ("omar@nordlys.example", "agent"),
    ("nina@nordlys.example", "lead"),
    ("mia@nordlys.example", "programme manager"),
    ("igor@nordlys.example", "operator"),
    ("claire.fontaine@montclair.example", "support system admin of a company that is live"),
    ("hugo.marchand@montclair.example", "support user and deployment contact there"),
    ("theo.lambert@montclair.example", "support user for Atlas only, there"),
    ("ingrid.solheim@fjordtextiles.example", "admin of a company in validation"),
    ("jules.perrin@valmont.example", "admin of a company in set-up"),
];

/// Every address in the demo ends like this (RFC 2606): mail to it reaches no mailbox.
const DOMAIN: &str = ".example";
const PROGRAMME: &str = "spring";

/// Loads the demo. Does nothing that is done already.
///
/// # Errors
/// [`Conflict::AlreadyMember`] on a database where a person has an address that is not the demo's: a real installation is
/// not for playing.
pub async fn load(services: &Services) -> Result<(), Failure> {
    if store::imports::has_people_outside(&services.db, DOMAIN).await.or_fail("looking for people")? {
        return Err(Failure::Conflict(Conflict::AlreadyMember));
    }
    let today = services.now().to_zoned(TimeZone::UTC).date();
    let demo = Demo { services, today };
    demo.products().await?;
    demo.phone_lines().await?;
    demo.programme().await?;
    for (email, name, role, locale) in VENDOR {
        match people::create_vendor_user(services, email, name, role.key(), PASSWORD, locale).await {
            Ok(_) | Err(Failure::Conflict(Conflict::AlreadyMember)) => {}
            Err(failure) => return Err(failure),
        }
    }
    demo.import().await?;
    let password = NewPassword::parse(PASSWORD).map_err(|error| Failure::field("password", error))?;
    let hash = services.hasher.hash(password).await?;
    for company in &COMPANIES {
        demo.settle(company, &hash).await?;
    }
    demo.cases().await?;
    // One text in two languages; what is published already stays as it is.
    for (source, name) in
        [(include_str!("welcome.fr.md"), "welcome.fr.md"), (include_str!("welcome.en.md"), "welcome.en.md")]
    {
        announcements::publish(services, source, Some(name), PublishOptions::default()).await?;
    }
    Ok(())
}

struct Demo<'a> {
    services: &'a Services,
    today: Date,
}

fn email(name: &str, domain: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|c| match c {
            'é' | 'è' | 'ê' => 'e',
            'ï' => 'i',
            ' ' => '.',
            c => c,
        })
        .collect();
    format!("{plain}@{domain}")
}

impl Demo<'_> {
    fn day(&self, days: i32) -> Date {
        self.today.checked_add(days.days()).unwrap_or(self.today)
    }

    /// Returns a moment some days ago, in working hours.
    fn moment(&self, days_ago: i32, at: Time) -> Timestamp {
        let moment = self.day(-days_ago).to_datetime(at).to_zoned(TimeZone::UTC).map(|at: Zoned| at.timestamp());
        let now = self.services.now();
        moment.map_or(now, |moment| if moment < now { moment } else { now - SignedDuration::from_mins(20) })
    }

    async fn organisation(&self, id: &str) -> Result<OrganisationId, Failure> {
        let ids = [id.to_owned()];
        let found = store::imports::find_legacy(&self.services.db, RecordKind::Organisation, &ids).await;
        let found = found.or_fail("finding a company")?;
        found.get(id).map(|legacy| legacy.object.into()).ok_or(Failure::NotFound)
    }

    async fn person(&self, email: &str) -> Result<PersonId, Failure> {
        let found = store::people::find_by_email(&self.services.db, email).await.or_fail("finding a person")?;
        found.ok_or(Failure::NotFound)
    }

    async fn product(&self, key: &str) -> Result<ProductId, Failure> {
        let found = store::products::find_by_key(&self.services.db, key).await.or_fail("finding a product")?;
        found.ok_or(Failure::NotFound)
    }

    /// Imports the products first: the programme needs them before the import can enrol a company.
    async fn products(&self) -> Result<(), Failure> {
        let lines = [
            json!({ "type": "product", "key": "atlas", "name": "Atlas" }),
            json!({ "type": "product", "key": "pulse", "name": "Pulse" }),
        ];
        self.import_lines("products", &lines).await
    }

    async fn phone_lines(&self) -> Result<(), Failure> {
        let present = store::calls::list_lines(&self.services.db).await.or_fail("listing phone lines")?;
        if !present.is_empty() {
            return Ok(());
        }
        let year = self.today.year();
        let lines = [
            ("emea", "+33 1 84 80 00 00", &["fr", "en"][..], "Europe/Paris", time(9, 0, 0, 0), time(18, 0, 0, 0)),
            (
                "americas",
                "+1 646 555 0142",
                &["en", "fr"][..],
                "America/New_York",
                time(8, 0, 0, 0),
                time(17, 30, 0, 0),
            ),
            ("apac", "+65 3158 0100", &["en"][..], "Asia/Singapore", time(9, 0, 0, 0), time(17, 0, 0, 0)),
        ];
        let proof = Granted::to_system(Permission::ProgrammeControl, None);
        let change = Change::begin_as_system(self.services).await?;
        for (region, number, languages, zone, from, to) in lines {
            let mut hours = Hours::weekdays(zone, from, to);
            hours.holidays = vec![date(year, 1, 1), date(year, 5, 1), date(year, 12, 25), date(year + 1, 1, 1)];
            let line = RegionLine {
                region: region.to_owned(),
                number: number.to_owned(),
                languages: languages.iter().map(|tag| (*tag).to_owned()).collect(),
                hours,
            };
            store::calls::upsert_line(&change.tx, &proof, &line).await.or_fail("adding a phone line")?;
        }
        change.commit().await
    }

    async fn programme(&self) -> Result<(), Failure> {
        let mut change = Change::begin_as_system(self.services).await?;
        let known =
            store::rollout::find_programme_by_key(&change.tx, PROGRAMME).await.or_fail("finding a programme")?;
        if known.is_some() {
            return Ok(());
        }
        // Among the days of its companies, so that one that joins during a tour is set up on its day.
        let dates = [
            (Phase::Setup, self.day(0)),
            (Phase::Validation, self.day(28)),
            (Phase::Enablement, self.day(56)),
            (Phase::Launch, self.day(84)),
        ];
        let products = [self.product("atlas").await?, self.product("pulse").await?];
        let id = self.services.id();
        let new = store::rollout::NewProgramme {
            id,
            key: PROGRAMME,
            name: "First wave",
            contact: "care@nordlys.example",
            products: &products,
            dates: &dates,
            now: change.now,
        };
        let proof = Granted::to_system(Permission::ProgrammeControl, None);
        store::rollout::insert_programme(&change.tx, &proof, new).await.or_fail("making a programme")?;
        change.event(Verb::ProgrammeCreated, None, ("programme", id), json!({ "key": PROGRAMME }));
        change.commit().await
    }

    /// Companies, contracts, people and old cases come in the usual way: by an import.
    async fn import(&self) -> Result<(), Failure> {
        let mut lines = Vec::new();
        for (index, company) in COMPANIES.iter().enumerate() {
            let (id, contract) = (company.id, format!("CTR-{}", 501 + index));
            let locale = company.locale.key();
            let address = |name: &str| email(name, company.domain);
            lines.push(json!({ "type": "organisation", "id": id, "name": company.name, "programme": PROGRAMME }));
            lines.push(json!({
                "type": "contract", "id": contract, "organisation": id, "number": format!("N-20{}-0{}", 19 + index, 412 + 37 * index),
                "plan": if index % 2 == 0 { "enterprise" } else { "business" }, "starts_on": "2021-01-01", "products": company.products,
            }));
            for (place, name) in company.people.iter().enumerate() {
                if place == 1 {
                    lines.push(json!({ "type": "contact", "contract": contract, "kind": "deployment", "name": name, "email": address(name), "locale": locale }));
                }
                let mut user = json!({
                    "type": "user", "id": format!("{id}-{place}"), "organisation": id, "name": name, "email": address(name), "locale": locale,
                    "phone": format!("+331840000{index}{place}"), "admin": place == 0,
                });
                if let Some(fields) = user.as_object_mut() {
                    match place {
                        0 => drop(
                            fields
                                .insert("record".to_owned(), json!(format!("support console, row {}", 11 + 7 * index))),
                        ),
                        2 => drop(fields.insert("reach".to_owned(), json!("organisation"))),
                        3 => drop(fields.insert("products".to_owned(), json!([company.products.first()]))),
                        _ => {}
                    }
                }
                lines.push(user);
            }
        }
        // One person in two companies, with one account.
        lines.push(json!({
            "type": "user", "id": "ACC-305-9", "organisation": "ACC-305", "name": "Inès Carpentier", "email": email("Inès Carpentier", "montclair.example"), "locale": "fr",
        }));
        for (index, company) in COMPANIES.iter().enumerate() {
            for old in 0..5 {
                lines.push(self.old_case(index, company, old));
            }
        }
        self.import_lines("companies", &lines).await
    }

    /// Returns a case of the portal before: years old, closed, but for one in each company that is live.
    fn old_case(&self, index: usize, company: &Company, old: usize) -> Value {
        let stories = if company.locale == Locale::Fr { &FRENCH } else { &ENGLISH };
        let place = (index * 3 + old * 2) % stories.len();
        let fallback = &stories[0];
        let story = stories.get(place).unwrap_or(fallback);
        let name = company.people.get(2 + old % (company.people.len() - 2)).copied().unwrap_or_default();
        let address = email(name, company.domain);
        // Fixed days, so that a second run finds the same records.
        let month = 1 + (index * 5 + old * 7) % 12;
        let year = 2018 + old;
        let at = |day: usize, hour: usize| format!("{year}-{month:02}-{day:02}T{hour:02}:24:00Z");
        let open = old == 4 && company.phase == Phase::Launch;
        let mut first =
            json!({ "author": name, "email": address, "side": "customer", "at": at(4, 9), "body": story.question });
        if old == 0 {
            first["files"] = json!(["files/journal.txt"]);
        }
        let mut entries = vec![
            first,
            json!({ "author": "Omar Haddad", "email": "omar@nordlys.example", "side": "vendor", "at": at(4, 14), "body": story.answer }),
        ];
        if !open {
            let thanks =
                if company.locale == Locale::Fr { "Parfait, merci pour votre aide." } else { "That works, thank you." };
            entries
                .push(json!({ "author": name, "email": address, "side": "customer", "at": at(6, 8), "body": thanks }));
        }
        json!({
            "type": "case", "id": format!("EX-{index}{old}"), "number": format!("E-{:09}", 1_870_100 + index * 100 + old), "source": "Extranet",
            "organisation": company.id, "product": company.products.iter().find(|key| **key == story.product).or(company.products.first()),
            "title": story.title, "requestor": name, "requestor_email": address, "status": if open { "open" } else { "closed" },
            "agent": "omar@nordlys.example", "priority": format!("p{}", 2 + old % 3), "opened_at": at(4, 9), "entries": entries,
        })
    }

    async fn import_lines(&self, name: &str, lines: &[Value]) -> Result<(), Failure> {
        let folder = Folder::new(self.services)?;
        let path = folder.0.join(format!("{name}.jsonl"));
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let write =
            |path: PathBuf, text: &str| std::fs::write(path, text).map_err(|error| fault("writing the demo", &error));
        write(path.clone(), &text)?;
        write(
            folder.0.join("files").join("journal.txt"),
            "08:58:12 ERROR index \"sales_by_team\" not found\n08:58:14 WARN retry in 30 s\n",
        )?;
        let importer = Importer::of_system(self.services);
        let source = Source::open(&path).map_err(|error| fault("opening the demo", &error))?;
        let report = importer.commit(&source, Strictness::AllOrNothing, &mut |_| {}, &|_| {}).await?;
        if report.committed {
            return Ok(());
        }
        for row in report.rows.iter().filter(|row| row.verdict.is_refusal()) {
            tracing::error!(line = row.line, verdict = ?row.verdict, "demo record refused");
        }
        Err(Failure::Conflict(Conflict::AlreadyTaken))
    }

    /// Moves a company to its phase with days around today, and its people to where they would be by then.
    async fn settle(&self, company: &Company, hash: &str) -> Result<(), Failure> {
        let organisation = self.organisation(company.id).await?;
        let enrolment =
            store::rollout::find_enrolment(&self.services.db, organisation).await.or_fail("finding a phase")?;
        let Some(enrolment) = enrolment else { return Ok(()) };
        let control = Granted::to_system(Permission::ProgrammeControl, None);
        if enrolment.phase == Phase::Draft && !self.settled(&enrolment, company).await? {
            let mut change = Change::begin_as_system(self.services).await?;
            let dated = Phase::DATED.into_iter().zip(company.days);
            let dates: Vec<_> = dated.map(|(phase, days)| (enrolment.id, phase, self.day(days))).collect();
            store::rollout::update_dates(&change.tx, &control, &dates).await.or_fail("setting days")?;
            if company.phase == Phase::Draft {
                change.event(
                    Verb::DatesMoved,
                    Some(organisation),
                    ("enrolment", enrolment.id),
                    json!({ "demo": true }),
                );
            } else {
                let begun = Phase::DATED.into_iter().zip(company.days).find(|(phase, _)| *phase == company.phase);
                let since = begun.map_or(change.now, |(_, days)| self.moment(-days, time(7, 30, 0, 0)));
                store::rollout::update_phase(&change.tx, &control, enrolment.id, company.phase, since)
                    .await
                    .or_fail("moving a company")?;
                let detail = json!({ "before": Phase::Draft, "after": company.phase });
                change.event(Verb::PhaseMoved, Some(organisation), ("enrolment", enrolment.id), detail);
            }
            change.commit().await?;
        }
        if company.phase == Phase::Draft {
            return Ok(());
        }
        let active = match company.phase {
            Phase::Launch => company.people.len(),
            Phase::Enablement => 2,
            Phase::Validation => 3,
            _ => 1,
        };
        for (place, name) in company.people.iter().enumerate() {
            let person = self.person(&email(name, company.domain)).await?;
            self.arrive(person, organisation, place < active, company.days[0] + 1, hash).await?;
        }
        if company.id == "ACC-305" {
            let person = self.person(&email("Inès Carpentier", "montclair.example")).await?;
            self.arrive(person, organisation, true, company.days[0] + 2, hash).await?;
        }
        Ok(())
    }

    /// Whether a company that stays in DRAFT has its own days already.
    async fn settled(&self, enrolment: &store::rollout::Enrolment, company: &Company) -> Result<bool, Failure> {
        let gate =
            store::rollout::find_gate(&self.services.db, enrolment.organisation).await.or_fail("finding days")?;
        let programmes = store::rollout::list_programmes(&self.services.db).await.or_fail("finding days")?;
        let planned = programmes.iter().find(|programme| programme.id == enrolment.programme);
        let own = planned
            .is_some_and(|programme| programme.dates.iter().any(|(phase, day)| gate.date_of(*phase) != Some(*day)));
        Ok(own && company.phase == Phase::Draft)
    }

    /// Invites a person, who accepts when `active`.
    async fn arrive(
        &self,
        person: PersonId,
        organisation: OrganisationId,
        active: bool,
        days: i32,
        hash: &str,
    ) -> Result<(), Failure> {
        let mut change = Change::begin_as_system(self.services).await?;
        let member =
            store::people::find_membership(&change.tx, person, organisation).await.or_fail("finding a member")?;
        if member.is_none_or(|member| member.state != MembershipState::Known) {
            return Ok(());
        }
        let now = change.now;
        let invited = self.moment(-days, time(8, 0, 0, 0));
        let expires = now + SignedDuration::from_hours(24 * 14);
        let id = self.services.id();
        let invitation = store::people::upsert_invitation(&change.tx, id, person, organisation, invited, expires);
        let invitation = invitation.await.or_fail("inviting")?;
        let (known, told, came) = (MembershipState::Known, MembershipState::Invited, MembershipState::Active);
        store::people::set_membership_state(&change.tx, person, organisation, known, told, invited)
            .await
            .or_fail("inviting")?;
        // The demo begins after the administrators have been told of each other.
        let unnoticed = store::people::list_unnoticed_admins(&change.tx, Some(organisation), now).await;
        for admin in unnoticed.or_fail("listing administrators")? {
            store::people::insert_admin_notice(&change.tx, admin.grant, invited).await.or_fail("noting one")?;
        }
        if !active {
            change.event(Verb::InvitationSent, Some(organisation), ("person", person), json!({ "demo": true }));
            return change.commit().await;
        }
        let accepted = invited + SignedDuration::from_hours(26);
        if store::people::find_password(&change.tx, person).await.or_fail("finding a password")?.hash.is_none() {
            store::people::set_password(&change.tx, person, 0, hash, accepted).await.or_fail("setting a password")?;
        }
        store::people::set_email_verified(&change.tx, person, accepted).await.or_fail("verifying an address")?;
        store::people::set_invitation_accepted(&change.tx, &invitation, accepted).await.or_fail("accepting")?;
        store::people::set_membership_state(&change.tx, person, organisation, told, came, accepted)
            .await
            .or_fail("accepting")?;
        change.event(Verb::InvitationAccepted, Some(organisation), ("person", person), json!({ "demo": true }));
        change.commit().await
    }

    /// New cases of the two companies that are live: every status, priority and several channels.
    async fn cases(&self) -> Result<(), Failure> {
        let agents = [self.person("omar@nordlys.example").await?, self.person("astrid@nordlys.example").await?];
        let names = ["Omar Haddad", "Astrid Berg"];
        for number in (0..30_usize).rev() {
            let company = &COMPANIES[if number % 2 == 0 { 0 } else { 4 }];
            let stories = if company.locale == Locale::Fr { &FRENCH } else { &ENGLISH };
            let story = &stories[(number / 2) % stories.len()];
            let name = company.people[(number / 2) % company.people.len()];
            let days = i32::try_from(number).unwrap_or(0);
            // The older a case, the further it is.
            let status = match number {
                0..=4 if number != 2 => Status::AwaitingAssignment,
                2 | 5..=11 => [Status::InProgress, Status::PendingResponse, Status::ResolutionProvided][number % 3],
                12..=15 => Status::InProgress,
                _ => Status::Closed,
            };
            let plan = NewDemoCase {
                key: format!("demo-case-{number}"),
                organisation: self.organisation(company.id).await?,
                product: self.product(story.product).await?,
                requestor: self.person(&email(name, company.domain)).await?,
                requestor_name: name,
                story,
                status,
                priority: [Priority::P3, Priority::P2, Priority::P3, Priority::P4, Priority::P3, Priority::P1]
                    [number / 2 % 6],
                channel: [Channel::Web, Channel::Web, Channel::Phone, Channel::Web, Channel::Chat][number % 5],
                opened: self.moment(days, time(8, i8::try_from(number).unwrap_or(0), 0, 0)),
                agent: agents[number % 2],
                agent_name: names[number % 2],
            };
            self.case(&plan).await?;
        }
        Ok(())
    }

    async fn case(&self, plan: &NewDemoCase<'_>) -> Result<(), Failure> {
        let organisation = plan.organisation;
        let open = Granted::to_system(Permission::CaseOpen, Some(organisation));
        let mut change = Change::begin_as(self.services, Some(plan.requestor), None).await?;
        let before = store::cases::has_demo_case(&change.tx, &plan.key).await;
        if before.or_fail("finding a case of the demo")? {
            return Ok(());
        }
        change.now = plan.opened;
        let prefix = &self.services.settings.case_prefix;
        let number = store::cases::next_number(&change.tx, prefix).await.or_fail("numbering a case")?;
        let id: CaseId = self.services.id();
        let new = NewCase {
            id,
            number: &number,
            organisation,
            product: Some(plan.product),
            requestor: plan.requestor,
            requestor_name: plan.requestor_name,
            title: plan.story.title,
            status: Status::AwaitingAssignment,
            priority: plan.priority,
            impact: Some(Impact::Medium),
            channel: plan.channel,
            now: plan.opened,
        };
        store::cases::insert(&change.tx, &open, new).await.or_fail("opening a case")?;
        let kind = match plan.channel {
            Channel::Phone => EntryKind::Call,
            Channel::Chat => EntryKind::Chat,
            _ => EntryKind::Message,
        };
        let by_customer = (Some(plan.requestor), plan.requestor_name, Side::Customer);
        self.entry(&change, &open, id, kind, by_customer, plan.story.question, plan.opened).await?;
        store::cases::insert_demo_case(&change.tx, &plan.key, id).await.or_fail("noting a case of the demo")?;
        let detail = json!({ "number": number.as_str(), "priority": plan.priority, "channel": plan.channel });
        change.case_event(Verb::CaseOpened, organisation, id, false, detail);
        change.commit().await?;
        if plan.status == Status::AwaitingAssignment {
            return Ok(());
        }

        let work = Granted::to_system(Permission::CaseWork, Some(organisation));
        let answered = self.before_now(plan.opened + SignedDuration::from_mins(95));
        let mut change = Change::begin_as(self.services, Some(plan.agent), None).await?;
        change.now = answered;
        store::cases::update_agent(&change.tx, &work, id, plan.agent, answered).await.or_fail("setting an agent")?;
        let by_agent = (Some(plan.agent), plan.agent_name, Side::Vendor);
        self.entry(&change, &work, id, EntryKind::Message, by_agent, plan.story.answer, answered).await?;
        let status = if plan.status == Status::Closed { Status::InProgress } else { plan.status };
        store::cases::update_status(&change.tx, &work, id, status, None, answered).await.or_fail("setting a status")?;
        change.case_event(Verb::CaseReplied, organisation, id, false, json!({ "status": status }));
        change.commit().await?;
        if plan.status != Status::Closed {
            return Ok(());
        }

        let closed = self.before_now(answered + SignedDuration::from_hours(21));
        let mut change = Change::begin_as(self.services, Some(plan.requestor), None).await?;
        change.now = closed;
        self.entry(&change, &work, id, EntryKind::Line, by_customer, "closed", closed).await?;
        let reason = Some(CloseReason::Confirmed);
        store::cases::update_status(&change.tx, &work, id, Status::Closed, reason, closed).await.or_fail("closing")?;
        change.case_event(Verb::CaseClosed, organisation, id, false, json!({ "reason": reason }));
        change.commit().await
    }

    fn before_now(&self, at: Timestamp) -> Timestamp {
        at.min(self.services.now() - SignedDuration::from_mins(3))
    }

    #[expect(clippy::too_many_arguments, reason = "one call for each line of a demo stream")]
    async fn entry(
        &self,
        change: &Change,
        granted: &Granted,
        case: CaseId,
        kind: EntryKind,
        (author, author_name, side): (Option<PersonId>, &str, Side),
        body: &str,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let id: EntryId = self.services.id();
        let new = NewEntry { id, case, kind, side, author, author_name, body, now };
        store::cases::insert_entry(&change.tx, granted, new).await.or_fail("writing an entry")
    }
}

struct NewDemoCase<'a> {
    key: String,
    organisation: OrganisationId,
    product: ProductId,
    requestor: PersonId,
    requestor_name: &'a str,
    story: &'a Story,
    status: Status,
    priority: Priority,
    channel: Channel,
    opened: Timestamp,
    agent: PersonId,
    agent_name: &'a str,
}

/// A folder for the files of the demo's import, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(services: &Services) -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("guichet-demo-{}", services.ids.uuid()));
        std::fs::create_dir_all(path.join("files")).map_err(|error| fault("making a folder", &error))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let path: &Path = &self.0;
        if let Err(error) = std::fs::remove_dir_all(path) {
            tracing::warn!(error = %error, "a folder of the demo stays behind");
        }
    }
}
