//! Serves: the listener, the workers beside it, and a shutdown within ten seconds.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
    time::Duration,
};

use leptos::config::{LeptosOptions, get_configuration};
use service::{Services, jobs, live, mail, people, search, session};
use store::Health;
use tokio::{
    net::TcpListener,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    compose::{self, StartError},
    config::{Config, Network},
    data_dir::{Claim, ClaimError},
    listen::{self, Bounds},
    live::Streams,
    middleware::{AppState, Shared, Shares},
    router::router,
    status,
    web::brand,
};

/// How long answers under way may take once the server has to stop.
const DRAIN: Duration = Duration::from_secs(8);

/// Reads `Leptos.toml` in the working directory if it exists, and `LEPTOS_*` in any case.
///
/// # Errors
/// When neither says where the site is.
pub fn leptos_options() -> Result<LeptosOptions, StartError> {
    let file = Path::new("Leptos.toml").exists().then_some("Leptos.toml");
    let options = get_configuration(file).map_err(|error| StartError::Site(error.to_string()))?.leptos_options;
    let root = Path::new(options.site_root.as_ref());
    if root.is_dir() { Ok(options) } else { Err(StartError::Site(format!("{} is missing", root.display()))) }
}

/// Serves until a signal arrives.
///
/// # Errors
/// What kept it from starting.
pub async fn serve(config: Config) -> Result<(), StartError> {
    let leptos = leptos_options()?;
    app::read_assets(&leptos).map_err(|error| StartError::Site(format!("{} ({error})", leptos.hash_file)))?;
    brand::check_logo(&config.logo).map_err(|why| StartError::Logo { path: config.logo.clone(), why })?;
    compose::prepare(&config)?;
    let _claim = claim(&config)?;
    let services = compose::services(&config).await?;
    services.db.migrate().await?;
    match services.db.health(services.now()).await {
        Health::Works => {}
        unwell => return Err(StartError::Unwell(unwell)),
    }
    let strays = people::count_customers_at_own_domains(&services).await?;
    if strays > 0 {
        let domains = services.settings.vendor_domains.join(", ");
        tracing::warn!(
            people = strays,
            domains,
            "people of customers have addresses at the vendor's domains: no role, no invitation; vendor_domains says which they are"
        );
    }
    live::catch_up(&services).await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|source| StartError::Listen { address: config.listen, source })?;
    tracing::info!(listen = %config.listen, url = %config.public_url, "Guichet is open");
    if config.smtp().is_none() {
        tracing::info!(directory = %config.data_dir.join("mail").display(), "mails are written here");
    }

    let stop = CancellationToken::new();
    let workers = start_workers(&config, &services, &stop);
    let bounds = bounds(&config);
    let state = AppState::new(Shared {
        services: services.clone(),
        config,
        leptos,
        streams: Streams::default(),
        shares: Shares::default(),
        stop: stop.clone(),
    });
    let server = tokio::spawn(listen::accept(listener, router(state), bounds, stop.clone()));
    wait_for_signal().await;
    tracing::info!("stopping");
    stop.cancel();
    let end = Instant::now() + DRAIN;
    if timeout_at(end, server).await.is_err() {
        tracing::warn!("some answers were cut off");
    }
    // A mail under way is recorded once the mail server has accepted it: cut off before, it would be sent again (F11).
    for worker in workers {
        let _ = timeout_at(end + Duration::from_secs(1), worker).await;
    }
    // Moves everything written into the main file of the database.
    let closed = tokio::time::timeout(Duration::from_secs(1), services.db.clone().close()).await;
    if !matches!(closed, Ok(Ok(()))) {
        tracing::warn!("the database was not closed in time; nothing is lost");
    }
    Ok(())
}

/// Claims a SQLite database, which only one process serves: limits, the live bus and uploads under way are kept in its
/// memory (F15).
fn claim(config: &Config) -> Result<Option<Claim>, StartError> {
    let Some(file) = config.database_file() else { return Ok(None) };
    let about = format!("process {}, listening on {}", std::process::id(), config.listen);
    match Claim::take(&file, &about) {
        Ok(claim) => Ok(Some(claim)),
        Err(ClaimError::Taken(by)) => Err(StartError::Served(format!("{} ({by})", file.display()))),
        Err(ClaimError::Io(error)) => Err(StartError::DataDir(error)),
    }
}

/// Allows as many connections as the system gives handles for, each with a file that it reads or writes.
fn bounds(config: &Config) -> Bounds {
    /// Handles for the database, the log and libraries.
    const OTHERS: u64 = 96;
    let default = Bounds::default();
    let handles = rlimit::increase_nofile_limit(default.connections as u64 * 2 + OTHERS).unwrap_or_else(|error| {
        tracing::warn!(error = %error, "the limit of open files could not be raised");
        1_024
    });
    let connections = usize::try_from(handles.saturating_sub(OTHERS) / 2).unwrap_or(usize::MAX);
    let connections = connections.clamp(8, default.connections);
    if connections < default.connections {
        tracing::warn!(connections, "fewer connections than usual: the limit of open files (ulimit -n) is low");
    }
    let mut proxies = config.trusted_proxies.clone();
    if !config.is_local() {
        // Visitors come from elsewhere, so a peer on this machine is a proxy, whether or not it is named.
        proxies.extend([IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)].map(Network::from));
    }
    Bounds { connections, per_client: config.connections_per_client.get(), proxies, ..default }
}

fn start_workers(config: &Config, services: &Services, stop: &CancellationToken) -> [tokio::task::JoinHandle<()>; 6] {
    [
        tokio::spawn(live::run(services.clone(), stop.clone())),
        tokio::spawn(mail::run(services.clone(), stop.clone())),
        tokio::spawn(jobs::run(services.clone(), stop.clone())),
        tokio::spawn(session::run_resets(services.clone(), stop.clone())),
        tokio::spawn(status::answer(config.clone(), services.clone(), stop.clone())),
        tokio::spawn(search::run(services.clone(), stop.clone())),
    ]
}

/// Returns when the process is asked to end.
pub(crate) async fn wait_for_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminate = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending::<()>().await,
            }
        };
        tokio::select! {
            _ = interrupt => {}
            () = terminate => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
