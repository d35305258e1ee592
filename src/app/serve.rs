//! Runs the server from start to stop.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::anyhow;
use strata_kernels::{InstructionSet, Unavailable};
use tokio::net::TcpListener;

use super::error::ServeError;
use super::load::Common;
use super::reload::Reload;
use super::serving::{Serving, announced};
use super::signals::{ProcessSignal, Signals};
use super::stopping::Stopping;
use crate::config::{Config, ServedModel, Settings, Sources};
use crate::http::auth::Auth;
use crate::http::connection::{self, OpenConnections, Server, Stop, StopSignal};
use crate::http::models::Models;
use crate::http::service::Service;
use crate::http::state::AppState;
use crate::http::{Port, router};
use crate::keys::KeyWatch;
use crate::model::encoder::{EncoderKind, EncoderOptions};
use crate::telemetry::json_line::json_line;
use crate::telemetry::logs::{Log, LogFormat};
use crate::telemetry::metrics::{self, Reloads};
use crate::telemetry::traces::Traces;

/// What the server starts with.
pub struct Startup {
    /// Where the settings come from, to read them again.
    pub sources: Sources,
    /// The settings as written.
    pub settings: Settings,
    /// The same as checked.
    pub config: Config,
    /// The models.
    pub models: Vec<ServedModel>,
    /// The log, whose losses are among the metrics.
    pub log: Log,
    /// Records requests.
    pub traces: Traces,
}

/// Serves until a signal to stop arrives.
///
/// # Errors
/// An address can't be listened on, the keys, the checkpoint, a recipe or a head can't be used, or
/// requests were not finished when the server had to stop.
pub fn serve(startup: Startup) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(failed("the runtime could not be started"))?;
    let served = runtime.block_on(run(startup));
    // The end of the process doesn't wait for a thread that loads the model or computes: whatever it
    // still does is of no use.
    runtime.shutdown_background();
    served
}

async fn run(startup: Startup) -> Result<(), ServeError> {
    let Startup { sources, settings, config, models, log, traces } = startup;
    let config = Arc::new(config);
    let reloads = Reloads::default();
    let (keys, ring) = KeyWatch::start(config.auth.source.clone(), reloads.clone())?;
    let auth = Auth::new(ring);
    // Bound before the model is loaded: a port in use is reported at once, and health checks are
    // answered while the model loads.
    let (listener, address) = listen(config.address(), ["--host", "--port"]).await?;
    warn_if_open(address, &auth);
    warn_without_tiles(&config.encoder);
    let mut signals = Signals::new().map_err(failed("signals can't be received"))?;
    let announced = models.iter().map(announced).collect::<Result<Vec<_>, _>>()?;
    let state = AppState::starting(config.http.clone(), auth, traces, Models::new(announced));
    let open = Arc::<OpenConnections>::default();
    state.metrics().register(|registry| {
        metrics::register_log(registry, log.queue.clone());
        reloads.register(registry);
        open.register(registry);
    });
    let (stop, signal) = Stop::new();
    let ports = Ports { state: &state, config: &config };
    ports.open_admin().await?;
    let serving = tokio::spawn(ports.serve_clients(listener, Arc::clone(&open), signal));
    let common = Common::start(config.encoder.threads, state.batching().clone())?;
    let models_of = Arc::new(Serving::new(state.clone(), common, config.heads_poll));
    let loading = tokio::task::spawn_blocking({
        let (models_of, models) = (Arc::clone(&models_of), models.clone());
        move || models_of.load_all(&models)
    });
    let stopped = tokio::select! {
        loaded = loading => {
            loaded.map_err(failed("the models could not be loaded"))??;
            None
        }
        cause = signals.stop() => Some(cause),
    };
    let stopping = Stopping { config: &config.http, stop, open, serving };
    let services = state.services();
    if services.is_empty() {
        // No request was accepted yet that would have to be finished.
        return Ok(());
    }
    if let Some(cause) = stopped {
        state.drain();
        return stopping.run(cause, &mut signals).await;
    }
    say_ready(address, &config, &services, state.auth());
    drop(services);
    let serving = models_of;
    let mut reload = Reload { sources, running: settings, models, keys, serving, log, reloads };
    let cause = loop {
        match signals.next().await {
            ProcessSignal::Reload => reload.run(),
            ProcessSignal::Stop(cause) => break cause,
        }
    };
    state.drain();
    stopping.run(cause, &mut signals).await
}

/// The ports of the server.
struct Ports<'s> {
    state: &'s AppState,
    config: &'s Config,
}

impl Ports<'_> {
    /// Serves metrics and documentation on a port of their own, if there is one.
    async fn open_admin(&self) -> anyhow::Result<()> {
        let Some(wanted) = self.config.admin_address else { return Ok(()) };
        let (listener, address) = listen(wanted, ["admin_address"; 2]).await?;
        tracing::info!(%address, "metrics and docs are served here");
        if !address.ip().is_loopback() {
            tracing::warn!(
                %address,
                "anyone who can reach it can read the metrics, with names of keys"
            );
        }
        // It answers until the process ends, so that stopping can be watched.
        let never = Stop::new().1;
        let server = self.server(Port::Admin, Arc::default(), never);
        tokio::spawn(connection::serve(listener, server));
        Ok(())
    }

    /// Serves clients until `signal` says to stop.
    fn serve_clients(
        &self,
        listener: TcpListener,
        open: Arc<OpenConnections>,
        signal: StopSignal,
    ) -> impl Future<Output = ()> + use<> {
        let alone = self.config.admin_address.is_none();
        let port = if alone { Port::Only } else { Port::Clients };
        connection::serve(listener, self.server(port, open, signal))
    }

    fn server(&self, port: Port, open: Arc<OpenConnections>, stop: StopSignal) -> Server {
        let (router, config) = (router(self.state.clone(), port), self.config.http.clone());
        Server { router, config, open, metrics: Arc::clone(self.state.http_metrics()), stop }
    }
}

/// Binds an address; `host` and `port` are the settings that it is from.
async fn listen(
    wanted: SocketAddr,
    [host, port]: [&str; 2],
) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(wanted).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow!("{wanted} is in use; choose another with {port}"),
        _ => anyhow!(
            "{wanted} can't be listened on: {error}; choose an address of this machine with {host}, and \
             a port that is allowed with {port}"
        ),
    })?;
    let address = listener.local_addr().map_err(failed("the local address is unknown"))?;
    Ok((listener, address))
}

fn warn_if_open(address: SocketAddr, auth: &Auth) {
    if !address.ip().is_loopback() && !auth.is_required() {
        tracing::warn!(
            %address,
            "listening beyond loopback without keys: anyone who can reach it can use it; see [auth]"
        );
    }
}

/// Tiles compute many times as fast: that a sandbox withholds them would otherwise go unnoticed.
fn warn_without_tiles(encoder: &EncoderOptions) {
    let chooses = encoder.kind() == EncoderKind::Packed && encoder.instruction_set.is_none();
    if chooses && InstructionSet::Amx.check() == Err(Unavailable::System) {
        tracing::warn!(
            instruction_set = encoder.instruction_set().name(),
            "the processor has AMX, but the system does not permit its tiles; computing without them. A \
             filter of system calls has to allow arch_prctl with ARCH_REQ_XCOMP_PERM"
        );
    }
}

/// Says what is served, in the log and on standard output.
fn say_ready(address: SocketAddr, config: &Config, services: &[Arc<Service>], auth: &Auth) {
    let models: Vec<&str> = services.iter().map(|service| service.model.name.as_str()).collect();
    log_start(address, config, &models, auth);
    let head = services.first().and_then(|first| first.heads().loaded.keys().next().cloned());
    if let Err(error) = announce(config.log.format, address, head.as_deref(), auth) {
        tracing::warn!(%error, "the ready line could not be written to standard output");
    }
}

/// The one line of the log that says which models are served, and within which limits.
fn log_start(address: SocketAddr, config: &Config, models: &[&str], auth: &Auth) {
    let (http, batching) = (&config.http, &config.batching);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        %address,
        keys = auth.keys(),
        ?models,
        threads = config.encoder.threads,
        budget_tokens = batching.budget_tokens,
        queue_tokens = batching.queue_tokens,
        body_bytes = http.body_bytes,
        memory_bytes = http.memory_bytes,
        timeout_ms = http.timeout.as_millis(),
        connections = http.connections,
        stop_delay_ms = http.stop_delay.as_millis(),
        grace_ms = http.grace.as_millis(),
        "ready"
    );
}

/// Prints the one line that says that the server is ready, with a command to try, in the format of the
/// log: in a container both go to the same place.
fn announce(
    format: LogFormat,
    address: SocketAddr,
    head: Option<&str>,
    auth: &Auth,
) -> io::Result<()> {
    let (route, text) = match head {
        Some(_) => ("classify", "A gripping, beautifully shot film."),
        None => ("embed", "Hello."),
    };
    let key = if auth.is_required() { " -H 'authorization: Bearer KEY'" } else { "" };
    let ready = format!(
        "ready: curl -s http://{address}/{route}{key} -H 'content-type: application/json' \
         -d '{{\"inputs\": \"{text}\"}}'"
    );
    let line = match format {
        LogFormat::Pretty => ready + "\n",
        LogFormat::Json => json_line(|| tracing::info!(%address, "{ready}")),
    };
    io::stdout().write_all(line.as_bytes())
}

/// Puts what failed in front of an error.
fn failed<E: Display>(what: &str) -> impl Fn(E) -> anyhow::Error {
    move |error| anyhow!("{what}: {error}")
}
