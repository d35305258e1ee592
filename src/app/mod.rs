//! Composition root: builds every part, starts them, and stops them in order.

mod load;
pub mod threads;
mod trial;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::batching::Worker;
use crate::config::Config;
use crate::heads::Watch;
use crate::http::{router, serve::serve, state::AppState};

use trial::Trial;

pub use load::{LoadError, Loaded, Parts, head, load, parts};

/// Why a command failed; decides the exit code.
#[derive(Debug)]
pub enum Failure {
    /// Something that was given can't be used: 2.
    Unusable(anyhow::Error),
    /// It could not be done: 1.
    Failed(anyhow::Error),
}

impl Failure {
    /// Something that was given can't be used.
    pub fn unusable(error: impl Into<anyhow::Error>) -> Self {
        Self::Unusable(error.into())
    }

    /// It could not be done.
    pub fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed(error.into())
    }
}

/// Serves until a signal says to stop.
///
/// # Errors
/// The address is taken, or something that is to be loaded can't be used.
pub fn run(config: Config) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    runtime.block_on(run_async(Arc::new(config)))
}

async fn run_async(config: Arc<Config>) -> Result<(), Failure> {
    // Bound before the model is loaded: a port in use is known at once, and health can be asked.
    let (listener, address) = listen(&config).await.map_err(Failure::failed)?;
    let mut signals = Signals::new().map_err(Failure::failed)?;
    let state = AppState::starting(config.http.clone());
    let (stop, stopped) = oneshot::channel::<()>();
    let header_timeout = config.http.header_timeout;
    let serving = tokio::spawn(serve(listener, router(state.clone()), header_timeout, async {
        // A sender that is gone says the same.
        let _ = stopped.await;
    }));
    let loading = tokio::task::spawn_blocking({
        let config = Arc::clone(&config);
        move || load(&config)
    });
    let loaded = tokio::select! {
        loaded = loading => loaded.map_err(Failure::failed)?.map_err(Failure::unusable)?,
        () = signals.stop() => return Ok(()),
    };
    let Loaded { service, worker, library, publish } = loaded;
    let batcher = service.batcher.clone();
    let trial = Trial::new(&service).map_err(Failure::failed)?;
    trial.pass(&batcher).await.map_err(Failure::failed)?;
    let head = service.heads().loaded.keys().next().cloned();
    let watch = Watch::start(library, publish, config.heads_poll).map_err(Failure::failed)?;
    state.ready(service);
    announce(address, head.as_deref()).map_err(Failure::failed)?;

    let probe = tokio::spawn(trial.while_failing(batcher.clone()));
    while signals.next().await == Told::LookAtHeads {
        watch.refresh();
    }
    tracing::info!("stopping");
    probe.abort();
    let drained = async {
        // In this order: whoever asks is sent elsewhere, nobody new comes in, who is in gets an
        // answer, the worker computes what still waits.
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
        tracing::error!(%error, "the worker died");
    }
}

async fn listen(config: &Config) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let wanted = config.address();
    let listener = TcpListener::bind(wanted).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow!("{wanted} is in use; choose another with --port"),
        _ => anyhow!("{wanted} can't be listened on: {error}"),
    })?;
    let address = listener.local_addr().context("the address is not known")?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "listening beyond loopback, without keys: anyone who can reach it may use it");
    }
    Ok((listener, address))
}

/// The one line that says ready, with something to try.
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

/// SIGTERM and SIGINT, which stop; SIGHUP, which has heads looked at.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hangup.recv() => Told::LookAtHeads,
        }
    }

    async fn stop(&mut self) {
        while self.next().await != Told::Stop {}
    }
}

#[derive(PartialEq, Eq)]
enum Told {
    Stop,
    LookAtHeads,
}
