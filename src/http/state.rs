//! What all handlers share: the server's state, and the service once it is loaded.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::http::HeaderValue;
use tokio::sync::watch;

use super::auth::Auth;
use super::error::ApiError;
use super::head_metrics::HeadCollector;
use super::key_metrics::KeyMetrics;
use super::memory::MemoryBudget;
use super::metrics::HttpMetrics;
use super::model_card::ModelCard;
use super::text_pool::TextPool;
use crate::batching::Batcher;
use crate::config::{HttpConfig, LimitsConfig, OpenAiConfig, TeiConfig};
use crate::heads::HeadSet;
use crate::model::output::{OutputBuilder, PassOutput};
use crate::model::recipe_book::RecipeBook;
use crate::model::task::Task;
use crate::quantization::Calibrations;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;
use crate::text::{TextReader, Tokenizer};

/// Everything that handlers need to answer, once it is loaded.
pub struct Service {
    /// The description of the model.
    pub model: ModelCard,
    /// Further names under which requests may ask for the model.
    pub aliases: Vec<String>,
    /// Turns texts into tokens.
    pub tokenizer: Tokenizer,
    /// What reads the pairs that a cross-encoder scores, if it has settings of its own for them.
    pub scoring: Option<TextReader>,
    /// The threads for long work on text.
    pub text_pool: TextPool,
    /// Recipes by name.
    pub recipes: RecipeBook,
    /// The current set of heads. A request reads it once, so that all its results come from one set.
    pub heads: watch::Receiver<Arc<HeadSet>>,
    /// The ranges of embeddings, for integers of 8 bits.
    pub calibrations: Calibrations,
    /// The checkpoint's prompts by name.
    pub prompts: BTreeMap<String, String>,
    /// The prompt of the recipe `native` if a request names none.
    pub default_prompt: Option<String>,
    /// The recipe of `/embed` if a request names none.
    pub default_recipe: String,
    /// The heads of `/classify` if a request names none; `None` for all heads.
    pub default_heads: Option<Vec<String>>,
    /// The routes under `/v1`.
    pub openai: OpenAiConfig,
    /// The routes under `/tei`.
    pub tei: TeiConfig,
    /// Limits of one request.
    pub limits: LimitsConfig,
    /// The most tokens of a sequence, special tokens included.
    pub sequence_tokens: usize,
    /// Whether the model has two token types, so that it can read pairs.
    pub takes_pairs: bool,
    /// Joins the windows of a text into its output.
    pub output_builder: OutputBuilder,
    /// The handle to the model's worker.
    pub batcher: Batcher<Task, PassOutput>,
}

impl Service {
    /// The tokenizer for pairs that are scored, or for all other inputs, and the most tokens of a sequence.
    pub fn reader(&self, scored: bool) -> (&Tokenizer, usize) {
        match self.scoring.as_ref().filter(|_| scored) {
            Some(TextReader { tokenizer, sequence_tokens }) => (tokenizer, *sequence_tokens),
            None => (&self.tokenizer, self.sequence_tokens),
        }
    }

    /// The current set of heads.
    pub fn heads(&self) -> Arc<HeadSet> {
        Arc::clone(&self.heads.borrow())
    }
}

/// The state of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The model is being loaded.
    Starting,
    /// Serving.
    Ready,
    /// Serving, but the last pass failed or the worker died.
    Failing,
    /// Stopping.
    Draining,
}

struct Shared {
    config: HttpConfig,
    auth: Auth,
    service: OnceLock<Arc<Service>>,
    draining: AtomicBool,
    started: Instant,
    metrics: Metrics,
    http_metrics: Arc<HttpMetrics>,
    key_metrics: Arc<KeyMetrics>,
    memory: Arc<MemoryBudget>,
    traces: Traces,
    numerics: Option<HeaderValue>,
}

/// The state that all handlers share; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

impl AppState {
    /// A server that is starting, asks for the keys of `auth`, and records requests in `traces`. `numerics`
    /// is the name of what decides the bits of its answers.
    pub fn starting(config: HttpConfig, auth: Auth, traces: Traces, numerics: &str) -> Self {
        let (metrics, http_metrics) = (Metrics::new(), Arc::<HttpMetrics>::default());
        let key_metrics = Arc::<KeyMetrics>::default();
        let memory = MemoryBudget::new(config.memory_bytes);
        metrics.register(|registry| {
            http_metrics.register(registry);
            key_metrics.register(auth.clone(), registry);
            memory.register(registry);
            traces.register(registry);
        });
        Self(Arc::new(Shared {
            config,
            auth,
            service: OnceLock::new(),
            draining: AtomicBool::new(false),
            started: Instant::now(),
            metrics,
            http_metrics,
            key_metrics,
            memory,
            traces,
            numerics: HeaderValue::from_str(numerics).ok(),
        }))
    }

    /// Starts to serve requests. Only the first call has an effect.
    pub fn ready(&self, service: Service) {
        let service = Arc::new(service);
        // A second service is dropped: a service is never replaced while requests use it.
        if self.0.service.set(Arc::clone(&service)).is_ok() {
            self.0.metrics.register(|registry| {
                let Service { model, recipes, sequence_tokens, heads, batcher, .. } = &*service;
                model.register(recipes.shape(), *sequence_tokens, registry);
                registry.register_collector(Box::new(HeadCollector(heads.clone())));
                batcher.register(registry);
            });
        }
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
        let Some(service) = self.0.service.get() else {
            return Phase::Starting;
        };
        let status = service.batcher.status();
        if status.alive && !status.failing { Phase::Ready } else { Phase::Failing }
    }

    /// The service.
    ///
    /// # Errors
    /// It isn't loaded yet.
    pub fn service(&self) -> Result<&Arc<Service>, ApiError> {
        self.0.service.get().ok_or(ApiError::Starting)
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

    /// The name of what decides the bits of answers, for a header of each of them.
    pub fn numerics(&self) -> Option<&HeaderValue> {
        self.0.numerics.as_ref()
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
