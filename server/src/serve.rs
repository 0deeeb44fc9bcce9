//! Serving: workers beside the listener, and an end within ten seconds.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
    time::Duration,
};

use leptos::config::{LeptosOptions, get_configuration};
use service::{Services, jobs, live, mail, search, session};
use store::Health;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    compose::{self, StartError},
    config::{Config, Network},
    data_dir::{Claim, ClaimError},
    listen::{self, Bounds},
    live::Streams,
    middleware::{AppState, Shared},
    router::router,
    status,
};

/// How long answers under way may take once the server is to stop.
const DRAIN: Duration = Duration::from_secs(8);

/// `Leptos.toml` of the working directory when it is there, `LEPTOS_*` in any case.
///
/// # Errors
/// When neither says where the site is.
pub fn leptos_options() -> Result<LeptosOptions, StartError> {
    let file = Path::new("Leptos.toml").exists().then_some("Leptos.toml");
    let options = get_configuration(file).map_err(|error| StartError::Site(error.to_string()))?.leptos_options;
    let root = Path::new(options.site_root.as_ref());
    if root.is_dir() { Ok(options) } else { Err(StartError::Site(format!("{} is missing", root.display()))) }
}

/// Runs until a signal.
///
/// # Errors
/// What kept it from starting.
pub async fn serve(config: Config) -> Result<(), StartError> {
    let leptos = leptos_options()?;
    app::read_assets(&leptos).map_err(|error| StartError::Site(format!("{} ({error})", leptos.hash_file)))?;
    compose::prepare(&config)?;
    let _claim = claim(&config)?;
    let services = compose::services(&config).await?;
    services.db.migrate().await?;
    match services.db.health(services.now()).await {
        Health::Works => {}
        unwell => return Err(StartError::Unwell(unwell)),
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
        stop: stop.clone(),
    });
    let server = tokio::spawn(listen::accept(listener, router(state), bounds, stop.clone()));
    wait_for_signal().await;
    tracing::info!("stopping");
    stop.cancel();
    if tokio::time::timeout(DRAIN, server).await.is_err() {
        tracing::warn!("some answers were cut off");
    }
    for worker in workers {
        let _ = tokio::time::timeout(Duration::from_secs(1), worker).await;
    }
    // What was written is then in the file of the database, and not beside it.
    let closed = tokio::time::timeout(Duration::from_secs(1), services.db.clone().close()).await;
    if !matches!(closed, Ok(Ok(()))) {
        tracing::warn!("the database was not closed; nothing is lost by that");
    }
    Ok(())
}

/// One process serves a SQLite database: uploads that wait for a decision, drafts and limits are its own (F15).
fn claim(config: &Config) -> Result<Option<Claim>, StartError> {
    let Some(file) = config.database_file() else { return Ok(None) };
    let about = format!("process {}, listening on {}", std::process::id(), config.listen);
    match Claim::take(&file, &about) {
        Ok(claim) => Ok(Some(claim)),
        Err(ClaimError::Taken(by)) => Err(StartError::Served(format!("{} ({by})", file.display()))),
        Err(ClaimError::Io(error)) => Err(StartError::DataDir(error)),
    }
}

/// As many connections as the system gives handles for, each with a file that it reads or writes.
fn bounds(config: &Config) -> Bounds {
    /// For the database, the log, and what libraries open.
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
        // People come from elsewhere: a peer on this machine is their proxy, whether or not it is named.
        proxies.extend([IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)].map(Network::from));
    }
    Bounds { connections, per_client: config.connections_per_client.get(), proxies, ..default }
}

fn start_workers(config: &Config, services: &Services, stop: &CancellationToken) -> [tokio::task::JoinHandle<()>; 5] {
    [
        tokio::spawn(mail::run(services.clone(), stop.clone())),
        tokio::spawn(jobs::run(services.clone(), stop.clone())),
        tokio::spawn(session::run_resets(services.clone(), stop.clone())),
        tokio::spawn(status::answer(config.clone(), services.clone(), stop.clone())),
        tokio::spawn(search::run(services.clone(), stop.clone())),
    ]
}

async fn wait_for_signal() {
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
