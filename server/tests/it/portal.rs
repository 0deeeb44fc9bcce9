//! A portal in memory: the real router over a world with two companies and people of every kind.

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, header},
};
use domain::{
    CallbackId, CaseId, ChatId, FileId, GrantId, OrganisationId, PersonId, ProductId, ProgrammeId,
    access::{Reach, Role},
    calls::CallbackForm,
    cases::CaseForm,
    chat::ChatForm,
    rollout::Phase,
};
use leptos::config::LeptosOptions;
use server::{
    config::Config,
    live::Streams,
    middleware::{AppState, Shared, Shares},
    router::router,
};
use service::{Limits, session::Origin};
use tempfile::TempDir;
use testkit::World;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub struct Portal {
    pub world: World,
    pub router: Router,
    pub ours: OrganisationId,
    pub product: ProductId,
    pub case: CaseId,
    /// Administers `ours`.
    pub admin: PersonId,
    /// Uses `ours`, sees only their own cases.
    pub user: PersonId,
    /// Administers another company.
    pub stranger: PersonId,
    /// Was removed from `ours`; the former session is still in the browser.
    pub removed: PersonId,
    removed_cookie: String,
    /// An agent, the author of the internal note on `case`.
    pub agent: PersonId,
    pub state: AppState,
    /// The site, with a file `pkg/app.0123.js`.
    _site: TempDir,
}

/// What `ours` has besides the case, and more people of the vendor.
pub struct Life {
    pub lead: PersonId,
    pub manager: PersonId,
    pub operator: PersonId,
    /// Of `ours`, launched.
    pub programme: ProgrammeId,
    /// Of the admin, waiting; its first message is CANARY-CHAT.
    pub chat: ChatId,
    /// On a case of the admin, with the name CANARY-FILE.txt.
    pub file: FileId,
    /// Asked for by the admin, about the case of the chat.
    pub callback: CallbackId,
    /// A role of the admin.
    pub grant: GrantId,
}

/// No visitor of the access tests may see these: `case` is invisible to all four, and password hashes to everyone.
pub const SECRETS: [&str; 6] =
    ["CANARY-TITLE", "CANARY-DESCRIPTION", "CANARY-NOTE", "CANARY-CHAT", "CANARY-FILE", "$argon2"];

pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: String,
}

impl Portal {
    pub async fn open() -> Self {
        Self::open_with(None).await
    }

    /// Opens a portal with the default limits.
    pub async fn open_with_defaults() -> Self {
        let config = Config::default();
        let limits = Limits::new(config.sign_in_per_minute, config.sign_in_per_client, config.write_per_minute);
        Self::open_with(Some(limits)).await
    }

    /// Gives the company a programme, a chat, a file and a pending call.
    pub async fn live(&self) -> Life {
        let (world, ours) = (&self.world, self.ours);
        let programme = world.enrol(ours, &[self.product], Phase::Launch).await;
        world.phone_line("emea", "Europe/Paris").await;
        let admin = world.context(self.admin).await;
        let wish = ChatForm { organisation: ours.to_string(), product: String::new(), text: "CANARY-CHAT".into() };
        let chat = service::chat::start(&admin, &wish).await.expect("a chat");
        let case = service::chat::view(&admin, chat).await.expect("visible").row.case;
        let bytes = futures::stream::iter([Ok::<_, std::io::Error>(b"CANARY-BYTES".to_vec())]);
        let uploads = service::files::Uploads::begin(&admin, Some(case)).await.expect("room");
        let file = uploads.take("CANARY-FILE.txt", bytes).await.expect("a file").id;
        service::cases::reply(&admin, case, "x", &[file], service::cases::Reply::Answer).await.expect("attached");
        let wish = CallbackForm {
            organisation: ours.to_string(),
            case: case.to_string(),
            phone: "+33123456789".into(),
            when: "now".into(),
            ..CallbackForm::default()
        };
        service::calls::request(&admin, &wish).await.expect("a call");
        Life {
            lead: world.vendor("Lea Lead", Role::Lead).await,
            manager: world.vendor("Max Manager", Role::ProgrammeManager).await,
            operator: world.vendor("Igor Operator", Role::Operator).await,
            programme,
            chat,
            file,
            callback: service::calls::mine(&admin).await.expect("calls").first().expect("one").id,
            grant: admin.actor.grants.first().expect("a role").id,
        }
    }

    async fn open_with(limits: Option<Limits>) -> Self {
        let world = World::sqlite().await;
        let product = world.product("atlas").await;
        let ours = world.organisation("Brasserie du Nord", &[product]).await;
        let theirs = world.organisation("Chantiers Keller", &[product]).await;
        let admin = world.member(ours, "Ana Lopez", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let user = world.member(ours, "Ugo Petit", Role::SupportUser, Reach::Own, None).await;
        let stranger = world.member(theirs, "Kim Keller", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let removed = world.member(ours, "Rita Parti", Role::SupportSystemAdmin, Reach::Organisation, None).await;
        let form = CaseForm {
            organisation: ours.to_string(),
            product: product.to_string(),
            title: "CANARY-TITLE".into(),
            description: "CANARY-DESCRIPTION".into(),
            priority: "p2".into(),
            impact: String::new(),
        };
        let case = service::cases::open(&world.context(admin).await, &form, &[]).await.expect("a case");
        let agent = world.vendor("Omar Agent", Role::Agent).await;
        service::cases::note(&world.context(agent).await, case, "CANARY-NOTE").await.expect("a note");
        let site = TempDir::new().expect("a directory");
        std::fs::create_dir(site.path().join("pkg")).expect("a directory");
        std::fs::write(site.path().join("pkg/app.0123.js"), "export {}".repeat(100)).expect("a file");
        let root = site.path().display().to_string();
        let state = AppState::new(Shared {
            services: limits.map_or_else(|| world.services.clone(), |limits| world.with_limits(limits)),
            config: Config { vendor: "Nordlys".into(), ..Config::default() },
            leptos: LeptosOptions::builder().output_name("guichet").site_root(root).build(),
            streams: Streams::default(),
            shares: Shares::default(),
            stop: CancellationToken::new(),
        });
        tokio::spawn(service::live::run(state.services.clone(), state.stop.clone()));
        let router = router(state.clone());
        let mut portal = Self {
            router,
            state,
            world,
            ours,
            product,
            case,
            admin,
            user,
            stranger,
            removed,
            removed_cookie: String::new(),
            agent,
            _site: site,
        };
        // The session exists before the person is removed: the tests check that it ends.
        portal.removed_cookie = portal.new_cookie(removed).await;
        service::people::remove(&portal.world.context(admin).await, ours, removed).await.expect("removed");
        portal
    }

    /// Returns the cookie of a new session of this person; for the removed person, the former one.
    pub async fn cookie(&self, person: PersonId) -> String {
        if person == self.removed { self.removed_cookie.clone() } else { self.new_cookie(person).await }
    }

    async fn new_cookie(&self, person: PersonId) -> String {
        let token =
            service::session::start(&self.world.services, person, None, &Origin::default()).await.expect("a session");
        format!("guichet={}", token.reveal())
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, cookie).header(header::ACCEPT, "text/html");
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Calls a server function as the browser's code does; a body that begins with `{` is JSON.
    pub async fn call(&self, path: &str, body: &str, cookie: &str) -> Answer {
        let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, kind)
            .header(header::ACCEPT, "application/json")
            .header("sec-fetch-site", "same-origin")
            .header("x-forwarded-for", "203.0.113.9");
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    /// Sends parts of a form with files (see [`part`]); `accept` says whether a browser or a script does.
    pub async fn post_parts(&self, path: &str, parts: &[String], accept: &str, cookie: &str) -> Answer {
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .header(header::ACCEPT, accept)
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(format!("{}--x--\r\n", parts.concat()))).expect("a request")).await
    }

    /// Returns an answer before its body is read, because the one of `/live` has no end.
    pub async fn begin(&self, mut request: Request<Body>) -> Response<Body> {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000))));
        self.router.clone().oneshot(request).await.expect("an answer")
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.begin(request).await.into_parts();
        let bytes = to_bytes(body, 8 * 1024 * 1024).await.expect("a body");
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }
}

/// Returns a part of a form with files: its field, the name of its file (none for a text field), and its content.
pub fn part(field: &str, file: Option<&str>, content: &str) -> String {
    let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
    format!("--x\r\nContent-Disposition: form-data; name=\"{field}\"{file}\r\n\r\n{content}\r\n")
}
