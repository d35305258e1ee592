//! What all handlers share: the server's state.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::auth::Auth;
use super::key_metrics::KeyMetrics;
use super::memory::MemoryBudget;
use super::metrics::HttpMetrics;
use super::model_metrics::ModelCollector;
use super::models::{self, Entry, Models};
use super::service::Service;
use crate::batching::BatchingMetrics;
use crate::config::HttpConfig;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;

/// The state of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A model that is required is being loaded.
    Starting,
    /// Serving.
    Ready,
    /// A model that is required could not be loaded, or its last pass failed, or its worker died.
    Failing,
    /// Stopping.
    Draining,
}

struct Shared {
    config: HttpConfig,
    auth: Auth,
    models: Arc<Models>,
    draining: AtomicBool,
    started: Instant,
    metrics: Metrics,
    http_metrics: Arc<HttpMetrics>,
    key_metrics: Arc<KeyMetrics>,
    memory: Arc<MemoryBudget>,
    traces: Traces,
    batching: BatchingMetrics,
}

/// The state that all handlers share; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

impl AppState {
    /// A server whose models are being loaded, which asks for the keys of `auth`, and records requests in
    /// `traces`.
    pub fn starting(config: HttpConfig, auth: Auth, traces: Traces, models: Models) -> Self {
        let (metrics, http_metrics) = (Metrics::new(), Arc::<HttpMetrics>::default());
        let (key_metrics, batching) = (Arc::<KeyMetrics>::default(), BatchingMetrics::default());
        let (memory, models) = (MemoryBudget::new(config.memory_bytes), Arc::new(models));
        metrics.register(|registry| {
            http_metrics.register(registry);
            key_metrics.register(auth.clone(), registry);
            memory.register(registry);
            traces.register(registry);
            batching.register(registry);
            registry.register_collector(Box::new(ModelCollector(Arc::clone(&models))));
        });
        Self(Arc::new(Shared {
            config,
            auth,
            models,
            draining: AtomicBool::new(false),
            started: Instant::now(),
            metrics,
            http_metrics,
            key_metrics,
            memory,
            traces,
            batching,
        }))
    }

    /// A model is loaded: it serves from now on.
    pub fn ready(&self, service: Service) {
        self.0.models.loaded(service);
    }

    /// From now on `/readyz` answers 503.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    /// The state of the server. Never waits.
    pub fn phase(&self) -> Phase {
        if self.0.draining.load(Ordering::Acquire) {
            return Phase::Draining;
        }
        let models = self.0.models.all();
        let required = || models.iter().filter(|entry| entry.announced.required).map(Entry::phase);
        // A server that needs no model in particular needs one.
        let any = || models.iter().map(Entry::phase);
        match required().max().or_else(|| any().min()) {
            Some(models::Phase::Ready) => Phase::Ready,
            Some(models::Phase::Loading) | None => Phase::Starting,
            Some(models::Phase::Failing) => Phase::Failing,
        }
    }

    /// The models by name.
    pub fn models(&self) -> &Arc<Models> {
        &self.0.models
    }

    /// The models that are loaded, in their order.
    pub fn services(&self) -> Vec<Arc<Service>> {
        self.0.models.all().iter().filter_map(Entry::service).cloned().collect()
    }

    /// What batchers count, for each model.
    pub fn batching(&self) -> &BatchingMetrics {
        &self.0.batching
    }

    /// The server's settings.
    pub fn config(&self) -> &HttpConfig {
        &self.0.config
    }

    /// The metrics of the process.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Counts requests.
    pub fn http_metrics(&self) -> &Arc<HttpMetrics> {
        &self.0.http_metrics
    }

    /// Counts what each key asks for.
    pub fn key_metrics(&self) -> &Arc<KeyMetrics> {
        &self.0.key_metrics
    }

    /// The keys that requests need.
    pub fn auth(&self) -> &Auth {
        &self.0.auth
    }

    /// Begins the traces of requests.
    pub fn traces(&self) -> &Traces {
        &self.0.traces
    }

    /// Time since the process began to listen.
    pub fn uptime(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// The memory that requests share.
    pub fn memory(&self) -> &Arc<MemoryBudget> {
        &self.0.memory
    }
}
