//! A small world for tests: a database of its own (SQLite file or PostgreSQL), a clock that is moved, mails that are kept.
//!
//! `on_both!` runs a test on both databases; PostgreSQL is where `GUICHET_TEST_POSTGRES` says (`make test` starts one), and
//! left out when nothing says so.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a test that cannot set up has to stop")]

use std::{
    future::Future,
    num::NonZeroU32,
    pin::Pin,
    sync::{Arc, Mutex, atomic::AtomicU64},
};

use domain::{
    OrganisationId, PersonId, ProductId, ProgrammeId,
    access::{Granted, Permission, Reach, Role},
    calls::{Hours, RegionLine},
    clock::Clock,
    locale::Locale,
    people::MembershipState,
    rollout::Phase,
    text::EmailAddress,
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use service::{
    Context, Limits, Parts, RandomIds, Secrets, Services, Settings,
    files::FileStore,
    live::Bus,
    mail::{Letter, Mailer, SendError},
    session::{Hasher, KnownActors},
};
use store::{Db, people::Source};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A clock that stands still until it is moved.
pub struct FakeClock(Mutex<Timestamp>);

impl FakeClock {
    pub fn at(text: &str) -> Self {
        Self(Mutex::new(text.parse().expect("a timestamp")))
    }

    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().expect("the clock");
        *now += by;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("the clock")
    }
}

/// Keeps mails instead of sending them.
#[derive(Default)]
pub struct MemoryMailer(Mutex<Vec<Letter>>);

impl MemoryMailer {
    /// What was sent so far; the next call begins anew.
    pub fn take(&self) -> Vec<Letter> {
        std::mem::take(&mut self.0.lock().expect("the mails"))
    }
}

impl Mailer for MemoryMailer {
    fn send<'a>(&'a self, letter: &'a Letter) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>> {
        self.0.lock().expect("the mails").push(letter.clone());
        Box::pin(async { Ok(()) })
    }
}

/// Services on a database of their own, and builders for what tests begin with.
pub struct World {
    pub services: Services,
    pub clock: Arc<FakeClock>,
    pub mailer: Arc<MemoryMailer>,
    pub directory: TempDir,
    /// How many statements the database was asked so far.
    pub statements: Arc<AtomicU64>,
}

/// The password of every person that a [`World`] makes.
pub const PASSWORD: &str = "trois chats sous la lune";

impl World {
    pub async fn sqlite() -> Self {
        let directory = TempDir::new().expect("a directory");
        let url = Db::sqlite_url(&directory.path().join("guichet.db"));
        Self::on(&url, directory).await
    }

    /// `None` when no server is there to test on.
    pub async fn postgres() -> Option<Self> {
        let server = std::env::var("GUICHET_TEST_POSTGRES").ok()?;
        let directory = TempDir::new().expect("a directory");
        let name = format!("t_{}", domain::ids::IdSource::uuid(&RandomIds).simple());
        let url = store::admin::create_database(&server, &name).await.expect("a database of its own");
        Some(Self::on(&url, directory).await)
    }

    async fn on(url: &str, directory: TempDir) -> Self {
        let statements = Arc::new(AtomicU64::new(0));
        let db = Db::open_counted(url, statements.clone()).await.expect("the database opens");
        db.migrate().await.expect("the migrations run");
        let clock = Arc::new(FakeClock::at("2026-03-02T09:00:00Z"));
        let mailer = Arc::new(MemoryMailer::default());
        let services = Services::new(Parts {
            db,
            clock: clock.clone(),
            ids: Arc::new(RandomIds),
            settings: Settings {
                public_url: "http://localhost:3000".into(),
                vendor: "Nordlys".into(),
                mail_from: "Nordlys Support <support@nordlys.example>".into(),
                vendor_domains: vec!["nordlys.example".into()],
                case_prefix: "GUI".into(),
                company_storage_bytes: 1024 * 1024 * 1024,
                accent: "#0f766e".into(),
                logo: false,
                image_hosts: Vec::new(),
                mass_mail_hold: SignedDuration::ZERO,
            },
            secrets: Secrets { link_key: [7; 32] },
            files: FileStore::directory(&directory.path().join("files")).expect("a file store"),
            mailer: mailer.clone(),
            hasher: Hasher::cheap().expect("a hasher"),
            limits: Limits::new(NonZeroU32::MAX, NonZeroU32::MAX, NonZeroU32::MAX),
            bus: Bus::default(),
            known: KnownActors::default(),
        });
        Self { services, clock, mailer, directory, statements }
    }

    /// The same world with other settings.
    pub fn with_settings(&self, settings: Settings) -> Services {
        Services::new(Parts {
            db: self.services.db.clone(),
            clock: self.clock.clone(),
            ids: Arc::new(RandomIds),
            settings,
            secrets: self.services.secrets.clone(),
            files: FileStore::directory(&self.directory.path().join("files")).expect("a file store"),
            mailer: self.mailer.clone(),
            hasher: Hasher::cheap().expect("a hasher"),
            limits: Limits::new(NonZeroU32::MAX, NonZeroU32::MAX, NonZeroU32::MAX),
            bus: Bus::default(),
            known: KnownActors::default(),
        })
    }

    fn now(&self) -> Timestamp {
        self.services.now()
    }

    fn proof(permission: Permission, organisation: Option<OrganisationId>) -> Granted {
        Granted::to_system(permission, organisation)
    }

    pub async fn product(&self, key: &str) -> ProductId {
        let tx = store::write_tx(&self.services.db).await.expect("a transaction");
        if let Some(id) = store::products::find_by_key(&tx, key).await.expect("a lookup") {
            return id;
        }
        let id = self.services.id();
        let proof = Self::proof(Permission::ImportRun, None);
        store::products::insert(&tx, &proof, id, key, &key.to_uppercase(), self.now()).await.expect("a product");
        tx.commit().await.expect("a commit");
        id
    }

    /// A company with a contract for the products.
    pub async fn organisation(&self, name: &str, products: &[ProductId]) -> OrganisationId {
        let id: OrganisationId = self.services.id();
        let proof = Self::proof(Permission::ImportRun, None);
        let tx = store::write_tx(&self.services.db).await.expect("a transaction");
        store::organisations::insert(&tx, &proof, id, name, "emea", self.now()).await.expect("a company");
        let contract = store::contracts::NewContract {
            id: self.services.id(),
            organisation: id,
            number: "C-1",
            plan: "business",
            starts_on: None,
            ends_on: None,
            products,
            now: self.now(),
        };
        store::contracts::insert(&tx, &proof, contract).await.expect("a contract");
        tx.commit().await.expect("a commit");
        id
    }

    /// A phone line, staffed on weekdays from 9 to 17 o'clock in its zone.
    pub async fn phone_line(&self, region: &str, zone: &str) {
        let hour = |hour| jiff::civil::time(hour, 0, 0, 0);
        let line = RegionLine {
            region: region.into(),
            number: "+33187654321".into(),
            languages: vec!["fr".into(), "en".into()],
            hours: Hours::weekdays(zone, hour(9), hour(17)),
        };
        let tx = store::write_tx(&self.services.db).await.expect("a transaction");
        let proof = Self::proof(Permission::ImportRun, None);
        store::calls::upsert_line(&tx, &proof, &line).await.expect("a line");
        tx.commit().await.expect("a commit");
    }

    /// An active member of a company with a role; the address is the first name at `example.com`.
    pub async fn member(
        &self,
        organisation: OrganisationId,
        name: &str,
        role: Role,
        reach: Reach,
        products: Option<&[ProductId]>,
    ) -> PersonId {
        let person = self.person(name, Some(organisation)).await;
        self.grant(person, role, Some(organisation), reach, products).await;
        person
    }

    /// A person who works for the vendor.
    pub async fn vendor(&self, name: &str, role: Role) -> PersonId {
        let person = self.person(name, None).await;
        self.grant(person, role, None, Reach::Organisation, None).await;
        person
    }

    async fn person(&self, name: &str, organisation: Option<OrganisationId>) -> PersonId {
        let first = name.split(' ').next().unwrap_or(name).to_lowercase();
        let email = EmailAddress::parse(&format!("{first}@example.com")).expect("an address");
        let password = domain::text::NewPassword::parse(PASSWORD).expect("a password");
        let hash = self.services.hasher.hash(password).await.expect("a hash");
        let id: PersonId = self.services.id();
        let proof = Self::proof(Permission::PersonCreate, organisation);
        let tx = store::write_tx(&self.services.db).await.expect("a transaction");
        let new = store::people::NewPerson {
            id,
            name,
            email: email.as_str(),
            normalised: &email.normalised(),
            phone: Some("+33123456789"),
            locale: Locale::Fr,
            now: self.now(),
        };
        store::people::insert(&tx, &proof, new).await.expect("a person");
        store::people::set_password(&tx, id, 0, &hash, self.now()).await.expect("a password");
        tx.commit().await.expect("a commit");
        if let Some(organisation) = organisation {
            self.join(id, organisation).await;
        }
        id
    }

    /// Makes a person an active member of one more company.
    pub async fn join(&self, person: PersonId, organisation: OrganisationId) {
        let proof = Self::proof(Permission::PersonCreate, Some(organisation));
        let tx = store::write_tx(&self.services.db).await.expect("a transaction");
        let name = store::people::find(&tx, person).await.expect("a person").name;
        let new = store::people::NewMembership {
            id: self.services.id(),
            person,
            organisation,
            name: &name,
            source: Source::Added,
            now: self.now(),
        };
        store::people::insert_membership(&tx, &proof, new).await.expect("a membership");
        let (known, active) = (MembershipState::Known, MembershipState::Active);
        store::people::set_membership_state(&tx, person, organisation, known, active, self.now())
            .await
            .expect("a state");
        tx.commit().await.expect("a commit");
    }

    pub async fn grant(
        &self,
        person: PersonId,
        role: Role,
        organisation: Option<OrganisationId>,
        reach: Reach,
        products: Option<&[ProductId]>,
    ) {
        let proof = Self::proof(Permission::RoleGrant, organisation);
        let tx = store::write_tx(&self.services.db).await.expect("a transaction");
        let new = store::people::NewGrant {
            id: self.services.id(),
            person,
            role,
            organisation,
            reach,
            products,
            reasons: &[],
            until: None,
            now: self.now(),
        };
        store::people::insert_grant(&tx, &proof, new).await.expect("a grant");
        tx.commit().await.expect("a commit");
    }

    /// Puts a company into a programme with the four dates of the source, at a phase.
    pub async fn enrol(&self, organisation: OrganisationId, products: &[ProductId], phase: Phase) -> ProgrammeId {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        let dates = [
            (Phase::Setup, day("2026-02-02")),
            (Phase::Validation, day("2026-03-02")),
            (Phase::Enablement, day("2026-04-06")),
            (Phase::Launch, day("2026-05-11")),
        ];
        let proof = Self::proof(Permission::ProgrammeControl, None);
        let tx = store::write_tx(&self.services.db).await.expect("a transaction");
        let programme = match store::rollout::find_programme_by_key(&tx, "spring").await.expect("a lookup") {
            Some(programme) => programme,
            None => {
                let id = self.services.id();
                let new = store::rollout::NewProgramme {
                    id,
                    key: "spring",
                    name: "Spring 2026",
                    contact: "care@nordlys.example",
                    products,
                    dates: &dates,
                    now: self.now(),
                };
                store::rollout::insert_programme(&tx, &proof, new).await.expect("a programme");
                id
            }
        };
        let enrolment = self.services.id();
        store::rollout::enrol(&tx, &proof, enrolment, programme, organisation, Phase::Draft, self.now())
            .await
            .expect("an enrolment");
        if phase != Phase::Draft {
            store::rollout::update_phase(&tx, &proof, enrolment, phase, self.now()).await.expect("a phase");
        }
        tx.commit().await.expect("a commit");
        programme
    }

    /// The context of a request by this person, read from the database as a request would.
    pub async fn context(&self, person: PersonId) -> Context {
        let actor = store::people::find_actor(&self.services.db, person, self.now()).await;
        let actor = actor.expect("a lookup").expect("an actor");
        Context { services: self.services.clone(), actor, request: None }
    }

    /// The same world under other limits; what is counted begins anew.
    pub fn with_limits(&self, limits: Limits) -> Services {
        self.with(limits, Hasher::cheap().expect("a hasher"))
    }

    /// The same world on another node: under other limits, with another hasher.
    pub fn with(&self, limits: Limits, hasher: Hasher) -> Services {
        Services::new(Parts {
            db: self.services.db.clone(),
            clock: self.clock.clone(),
            ids: Arc::new(RandomIds),
            settings: self.services.settings.clone(),
            secrets: self.services.secrets.clone(),
            files: FileStore::directory(&self.directory.path().join("files")).expect("a file store"),
            mailer: self.mailer.clone(),
            hasher,
            limits,
            bus: Bus::default(),
            known: KnownActors::default(),
        })
    }

    /// Delivers what is due, links that were asked for included, and gives back what was sent.
    pub async fn mails(&self) -> Vec<Letter> {
        service::session::send_due_resets(&self.services).await.expect("links are sent");
        service::mail::deliver_due(&self.services, &CancellationToken::new()).await.expect("delivery");
        self.mailer.take()
    }
}

/// Runs each test on SQLite and on PostgreSQL: `on_both! { async fn name(world: World) { … } }`.
#[macro_export]
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($world:ident: World) $body:block)+) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;
            async fn run($world: $crate::World) $body
            #[tokio::test]
            async fn sqlite() {
                run($crate::World::sqlite().await).await;
            }
            #[tokio::test]
            async fn postgres() {
                if let Some(world) = $crate::World::postgres().await {
                    run(world).await;
                }
            }
        }
    )+};
}
