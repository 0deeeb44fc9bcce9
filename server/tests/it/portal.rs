//! A portal in memory: the real router over a world with two companies and people of every kind.

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, header},
};
use domain::{
    CaseId, OrganisationId, PersonId, ProductId,
    access::{Reach, Role},
    cases::CaseForm,
    people::MembershipState,
};
use leptos::config::LeptosOptions;
use server::{
    config::Config,
    middleware::{AppState, Drafts, Shared},
    router::router,
};
use service::session::Origin;
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
    /// Uses `ours`, sees only own cases.
    pub user: PersonId,
    /// Administers another company.
    pub stranger: PersonId,
    /// Was taken out of `ours`; the session is still in the browser.
    pub removed: PersonId,
    /// Works at the desk; wrote the internal note on `case`.
    pub agent: PersonId,
    pub state: AppState,
    /// Where `/pkg` and the icon are; a file `pkg/app.0123.js` is there.
    _site: TempDir,
}

/// Nobody of the access tests may see these: what is in `case` is out of sight of all four, hashes of passwords are out of
/// sight of everybody.
pub const SECRETS: [&str; 4] = ["CANARY-TITLE", "CANARY-DESCRIPTION", "CANARY-NOTE", "$argon2"];

pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: String,
}

impl Portal {
    pub async fn open() -> Self {
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
        let case = service::cases::open(&world.context(admin).await, &form, &[], "").await.expect("a case");
        let agent = world.vendor("Omar Agent", Role::Agent).await;
        service::cases::note(&world.context(agent).await, case, "CANARY-NOTE", "").await.expect("a note");
        let site = TempDir::new().expect("a directory");
        std::fs::create_dir(site.path().join("pkg")).expect("a directory");
        std::fs::write(site.path().join("pkg/app.0123.js"), "export {}".repeat(100)).expect("a file");
        std::fs::write(site.path().join("favicon.svg"), "<svg/>").expect("a file");
        let root = site.path().display().to_string();
        let state = AppState::new(Shared {
            services: world.services.clone(),
            config: Config { vendor: "Nordlys".into(), ..Config::default() },
            leptos: LeptosOptions::builder().output_name("guichet").site_root(root).build(),
            drafts: Drafts::default(),
            stop: CancellationToken::new(),
        });
        let router = router(state.clone());
        let portal =
            Self { router, state, world, ours, product, case, admin, user, stranger, removed, agent, _site: site };
        let tx = store::write_tx(&portal.world.services.db).await.expect("a transaction");
        let now = portal.world.services.now();
        let (active, gone) = (MembershipState::Active, MembershipState::Removed);
        store::people::set_membership_state(&tx, removed, ours, active, gone, now).await.expect("removed");
        tx.commit().await.expect("a commit");
        portal
    }

    /// The cookie of a new session of this person.
    pub async fn cookie(&self, person: PersonId) -> String {
        let token = service::session::start(&self.world.services, person, &Origin::default()).await.expect("a session");
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

    /// An answer before its body is read: that of `/live` has no end.
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
