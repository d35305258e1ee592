//! Runs the server from start to stop.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::anyhow;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::error::ServeError;
use super::load::{Loaded, load};
use super::signals::{ProcessSignal, Signals};
use crate::batching::Worker;
use crate::config::Config;
use crate::heads::Watch;
use crate::http::state::{AppState, Service};
use crate::http::{self, router};
use crate::telemetry::log_queue::LogQueue;
use crate::telemetry::metrics;

/// Serves until a signal to stop arrives. The losses of `log` are among the metrics.
///
/// # Errors
/// The address can't be listened on, or the checkpoint, a recipe or a head can't be used.
pub fn serve(config: Config, log: LogQueue) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(failed("the runtime could not be started"))?;
    runtime.block_on(run(Arc::new(config), log))
}

async fn run(config: Arc<Config>, log: LogQueue) -> Result<(), ServeError> {
    // Bound before the model is loaded: a port in use is reported at once, and health checks are
    // answered while the model loads.
    let (listener, address) = listen(&config).await?;
    let mut signals = Signals::new().map_err(failed("signals can't be received"))?;
    let state = AppState::starting(config.http.clone());
    state.metrics().register(|registry| metrics::register_log(registry, log));
    let (stop, stopped) = oneshot::channel::<()>();
    let header_timeout = config.http.header_timeout;
    let stopped = async {
        // An error means that the sender was dropped, which also means to stop.
        let _ = stopped.await;
    };
    let router = router(state.clone());
    let serving = tokio::spawn(http::serve::serve(listener, router, header_timeout, stopped));
    let loading = tokio::task::spawn_blocking({
        let config = Arc::clone(&config);
        move || load(&config)
    });
    let loaded = tokio::select! {
        loaded = loading => loaded.map_err(failed("the model could not be loaded"))??,
        () = signals.stop() => return Ok(()),
    };
    let Loaded { service, worker, library, publish } = loaded;
    let batcher = service.batcher.clone();
    let head = service.heads().loaded.keys().next().cloned();
    log_start(address, &config, &service);
    let watch = Watch::start(library, publish, config.heads_poll)
        .map_err(failed("heads can't be watched"))?;
    state.ready(service);
    if let Err(error) = announce(address, head.as_deref()) {
        tracing::warn!(%error, "the ready line could not be written to standard output");
    }

    while signals.next().await == ProcessSignal::ReloadHeads {
        watch.refresh();
    }
    tracing::info!("stopping");
    let drained = async {
        // In this order: readiness is turned off, no new connections are accepted, open requests get
        // their responses, and the worker ends once its queue is empty.
        state.drain();
        drop(stop);
        let _ = serving.await;
        batcher.close();
        join(worker).await;
    };
    if tokio::time::timeout(config.http.grace, drained).await.is_err() {
        tracing::warn!("some requests were not finished in time");
    }
    Ok(())
}

async fn join(worker: Worker) {
    if let Err(error) = tokio::task::spawn_blocking(move || worker.join()).await {
        tracing::error!(%error, "the end of the worker could not be awaited");
    }
}

/// Binds the configured address.
async fn listen(config: &Config) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let wanted = config.address();
    let listener = TcpListener::bind(wanted).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow!("{wanted} is in use; choose another with --port"),
        _ => anyhow!("{wanted} can't be listened on: {error}"),
    })?;
    let address = listener.local_addr().map_err(failed("the local address is unknown"))?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "listening beyond loopback without authentication: anyone who can reach it can use it");
    }
    Ok((listener, address))
}

/// The one line of the log that says what is served, by what, within which limits.
fn log_start(address: SocketAddr, config: &Config, service: &Service) {
    let (model, http, batching) = (&service.model, &config.http, &config.batching);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        %address,
        model = model.name,
        fingerprint = model.fingerprint,
        encoder = model.encoder,
        dtype = model.dtype,
        instruction_set = model.instruction_set,
        threads = model.threads,
        heads = ?service.heads().loaded.keys().collect::<Vec<_>>(),
        sequence_tokens = service.sequence_tokens,
        budget_tokens = batching.budget_tokens,
        queue_tokens = batching.queue_tokens,
        body_bytes = http.body_bytes,
        memory_bytes = http.memory_bytes,
        timeout_ms = http.timeout.as_millis(),
        grace_ms = http.grace.as_millis(),
        "ready"
    );
}

/// Prints the one line that says that the server is ready, with a command to try.
fn announce(address: SocketAddr, head: Option<&str>) -> io::Result<()> {
    let (route, text) = match head {
        Some(_) => ("classify", "A gripping, beautifully shot film."),
        None => ("embed", "Hello."),
    };
    writeln!(
        io::stdout(),
        "ready: curl -s http://{address}/{route} -H 'content-type: application/json' \
         -d '{{\"inputs\": \"{text}\"}}'"
    )
}

/// Puts what failed in front of an error.
fn failed<E: Display>(what: &str) -> impl Fn(E) -> anyhow::Error {
    move |error| anyhow!("{what}: {error}")
}
