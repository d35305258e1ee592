//! What every handler shares: the life of the server, and the service once it is loaded.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::error::ApiError;
use crate::batching::Batcher;
use crate::config::{HttpConfig, LimitsConfig};
use crate::heads::HeadSet;
use crate::model::output::{OutputBuilder, PassOutput};
use crate::model::recipe_book::RecipeBook;
use crate::model::task::Task;
use crate::text::Tokenizer;

/// Room for the bodies of requests that are being served, in units of this many bytes, so that
/// gigabytes count within a semaphore's permits.
const ADMISSION_UNIT: usize = 1024;

/// The room that a request's body takes up; given back when dropped.
pub struct Admitted {
    _permit: OwnedSemaphorePermit,
}

/// Everything that answers need, once it is loaded.
pub struct Service {
    /// What `/info` says of the model.
    pub model: ModelCard,
    /// Text to tokens.
    pub tokenizer: Tokenizer,
    /// Recipes by name.
    pub recipes: RecipeBook,
    /// The heads as they are now; a request takes them once, so that all of it is of one set.
    pub heads: watch::Receiver<Arc<HeadSet>>,
    /// The checkpoint's prompts.
    pub prompts: BTreeMap<String, String>,
    /// The prompt of `native` where a request names none.
    pub default_prompt: Option<String>,
    /// The recipe of `/embed` where a request names none.
    pub default_recipe: String,
    /// The heads of `/classify` where a request names none; `None` for all.
    pub default_heads: Option<Vec<String>>,
    /// What one request may ask for.
    pub limits: LimitsConfig,
    /// Tokens of a sequence, special tokens included.
    pub sequence_tokens: usize,
    /// Whether the model tells the two texts of a pair apart.
    pub takes_pairs: bool,
    /// Joins the windows of a text.
    pub output_builder: OutputBuilder,
    /// The way to the model.
    pub batcher: Batcher<Task, PassOutput>,
}

impl Service {
    /// The heads that there are now.
    pub fn heads(&self) -> Arc<HeadSet> {
        Arc::clone(&self.heads.borrow())
    }
}

/// What is said of the model in `/info` and in every answer.
#[derive(Clone, Debug)]
pub struct ModelCard {
    /// Its folder's name.
    pub name: String,
    /// The fingerprint of the encoder.
    pub fingerprint: String,
    /// Rows of the word embedding table.
    pub vocabulary: usize,
    /// The encoder in use.
    pub encoder: &'static str,
    /// The element type of its products.
    pub dtype: &'static str,
    /// The instruction set that it uses.
    pub instruction_set: &'static str,
    /// Threads of a pass.
    pub threads: usize,
}

/// What state the server is in.
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
    service: OnceLock<Arc<Service>>,
    draining: AtomicBool,
    started: Instant,
    room: Arc<Semaphore>,
}

/// Shared by every handler; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

impl AppState {
    /// A server that is starting.
    pub fn starting(config: HttpConfig) -> Self {
        // Rounded up as bodies are, so that there is always room for one of the largest.
        let room = Arc::new(Semaphore::new(config.inflight_bytes.get().div_ceil(ADMISSION_UNIT)));
        Self(Arc::new(Shared {
            config,
            service: OnceLock::new(),
            draining: AtomicBool::new(false),
            started: Instant::now(),
            room,
        }))
    }

    /// From now on requests are served. The first call counts.
    pub fn ready(&self, service: Service) {
        // A second service is dropped: what serves isn't replaced under requests.
        let _ = self.0.service.set(Arc::new(service));
    }

    /// From now on `/readyz` says 503.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    /// What state the server is in. Never waits.
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

    /// How long the process has served.
    pub fn uptime(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// Makes room for a body.
    ///
    /// # Errors
    /// The bodies being served leave none.
    pub fn admit(&self, bytes: usize) -> Result<Admitted, ApiError> {
        let units = u32::try_from(bytes.div_ceil(ADMISSION_UNIT)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.0.room).try_acquire_many_owned(units);
        let full = ApiError::QueueFull { retry_after: Duration::from_secs(1) };
        permit.map(|permit| Admitted { _permit: permit }).map_err(|_| full)
    }
}
