//! Serving: workers beside the listener, and an end within ten seconds.

use std::{path::Path, time::Duration};

use leptos::config::{LeptosOptions, get_configuration};
use service::{Services, jobs, live, mail};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    compose::{self, StartError},
    config::Config,
    listen::{self, Bounds},
    middleware::{AppState, Drafts, Shared},
    router::router,
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
    let services = compose::services(&config).await?;
    services.db.migrate().await?;
    live::catch_up(&services).await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|source| StartError::Listen { address: config.listen, source })?;
    tracing::info!(listen = %config.listen, url = %config.public_url, "Guichet is open");
    if config.smtp().is_none() {
        tracing::info!(directory = %config.data_dir.join("mail").display(), "mails are written here");
    }

    let stop = CancellationToken::new();
    let workers = start_workers(&services, &stop);
    let state = AppState::new(Shared {
        services: services.clone(),
        config,
        leptos,
        drafts: Drafts::default(),
        stop: stop.clone(),
    });
    let server = tokio::spawn(listen::accept(listener, router(state), Bounds::default(), stop.clone()));
    wait_for_signal().await;
    tracing::info!("stopping");
    stop.cancel();
    if tokio::time::timeout(DRAIN, server).await.is_err() {
        tracing::warn!("some answers were cut off");
    }
    for worker in workers {
        let _ = tokio::time::timeout(Duration::from_secs(1), worker).await;
    }
    Ok(())
}

fn start_workers(services: &Services, stop: &CancellationToken) -> [tokio::task::JoinHandle<()>; 2] {
    [tokio::spawn(mail::run(services.clone(), stop.clone())), tokio::spawn(jobs::run(services.clone(), stop.clone()))]
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
