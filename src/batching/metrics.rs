//! What the batcher counts.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::submit_error::SubmitError;

/// Upper bounds of the buckets for layers: up to half, all, or twice those of common encoders.
const LAYERS: [f64; 12] = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 24.0, 48.0];

/// Counters of the queue and of passes, for each model.
#[derive(Clone, Debug)]
pub struct BatchingMetrics {
    admitted: Counters,
    refused: Family<Refused, Counter>,
    late: Counters,
    cancelled: Counters,
    failed_passes: Counters,
    failed_sequences: Counters,
    panics: Counters,
    restarts: Counters,
    tokens: Counters,
    unwanted_tokens: Counters,
    pass_tokens: Histograms,
    pass_fill: Histograms,
    pass_layers: Histograms,
    pass_seconds: Histograms,
}

type Counters = Family<ModelLabel, Counter>;
type Histograms = Family<ModelLabel, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabel {
    model: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    model: String,
    reason: &'static str,
}

impl Default for BatchingMetrics {
    fn default() -> Self {
        let counters = Counters::default;
        Self {
            admitted: counters(),
            refused: Family::default(),
            late: counters(),
            cancelled: counters(),
            failed_passes: counters(),
            failed_sequences: counters(),
            panics: counters(),
            restarts: counters(),
            tokens: counters(),
            unwanted_tokens: counters(),
            pass_tokens: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(8.0, 2.0, 12))
            }),
            pass_fill: Family::new_with_constructor(|| {
                Histogram::new((1..=10).map(|tenth| f64::from(tenth) / 10.0))
            }),
            pass_layers: Family::new_with_constructor(|| Histogram::new(LAYERS)),
            pass_seconds: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.001, 2.0, 14))
            }),
        }
    }
}

/// Counters of the queue and the passes of one model. A clone counts into the same counters.
#[derive(Clone, Debug)]
pub struct Metrics {
    model: String,
    /// Requests that were let in.
    pub(super) admitted: Counter,
    refused: Family<Refused, Counter>,
    /// Requests whose deadline passed while they waited.
    pub(super) late: Counter,
    /// Requests whose client left while they waited.
    pub(super) cancelled: Counter,
    /// Passes that failed, and so were tried again in parts.
    pub(super) failed_passes: Counter,
    /// Sequences that the engine could not compute even alone.
    pub(super) failed_sequences: Counter,
    /// Panics of the engine.
    pub(super) panics: Counter,
    /// Restarts of the worker after a panic outside of a pass.
    pub(super) restarts: Counter,
    /// Tokens in passes.
    tokens: Counter,
    /// Tokens in passes whose client had left, or whose deadline had passed, before the pass began.
    pub(super) unwanted_tokens: Counter,
    pass_tokens: Histogram,
    pass_fill: Histogram,
    pass_layers: Histogram,
    pass_seconds: Histogram,
}

impl BatchingMetrics {
    /// The counters of one model.
    pub fn for_model(&self, model: &str) -> Metrics {
        let label = ModelLabel { model: model.to_owned() };
        let counter = |family: &Counters| family.get_or_create_owned(&label);
        let histogram = |family: &Histograms| family.get_or_create_owned(&label);
        Metrics {
            model: model.to_owned(),
            admitted: counter(&self.admitted),
            refused: self.refused.clone(),
            late: counter(&self.late),
            cancelled: counter(&self.cancelled),
            failed_passes: counter(&self.failed_passes),
            failed_sequences: counter(&self.failed_sequences),
            panics: counter(&self.panics),
            restarts: counter(&self.restarts),
            tokens: counter(&self.tokens),
            unwanted_tokens: counter(&self.unwanted_tokens),
            pass_tokens: histogram(&self.pass_tokens),
            pass_fill: histogram(&self.pass_fill),
            pass_layers: histogram(&self.pass_layers),
            pass_seconds: histogram(&self.pass_seconds),
        }
    }

    /// Adds the counters to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("strata_batching");
        let counters = [
            ("requests_admitted", "Requests let into the queue", &self.admitted),
            ("requests_late", "Requests whose deadline passed in the queue", &self.late),
            ("requests_cancelled", "Requests whose client left in the queue", &self.cancelled),
            ("passes_failed", "Passes that failed and were tried again", &self.failed_passes),
            ("sequences_failed", "Sequences that failed even alone", &self.failed_sequences),
            ("engine_panics", "Panics in passes", &self.panics),
            ("worker_restarts", "Restarts of the worker", &self.restarts),
            ("pass_tokens_computed", "Tokens in passes", &self.tokens),
            (
                "pass_tokens_unwanted",
                "Tokens in passes that began after the client had left or the deadline had passed",
                &self.unwanted_tokens,
            ),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        let refused = self.refused.clone();
        registry.register("requests_refused", "Requests not let into the queue", refused);
        let (tokens, fill) = (self.pass_tokens.clone(), self.pass_fill.clone());
        registry.register("pass_tokens", "Tokens per pass", tokens);
        registry.register(
            "pass_fill_ratio",
            "Tokens per pass, as a part of the token budget",
            fill,
        );
        let layers = self.pass_layers.clone();
        registry.register(
            "pass_layers",
            "Layers per pass, to the deepest one that is read",
            layers,
        );
        let seconds = self.pass_seconds.clone();
        registry.register_with_unit("pass", "Duration of passes", Unit::Seconds, seconds);
    }
}

impl Metrics {
    pub(super) fn count_refusal(&self, error: &SubmitError) {
        let reason = match error {
            SubmitError::Full { .. } => "full",
            SubmitError::TooLarge { .. } => "too_large",
            SubmitError::DeadlineTooShort { .. } => "deadline_too_short",
            SubmitError::Closed => "closed",
        };
        let model = self.model.clone();
        self.refused.get_or_create(&Refused { model, reason }).inc();
    }

    /// A pass has ended that computed so many `layers`.
    pub(super) fn count_layers(&self, layers: usize) {
        self.pass_layers.observe(layers as f64);
    }

    pub(super) fn count_pass(&self, tokens: usize, token_budget: usize, took: Duration) {
        self.tokens.inc_by(tokens as u64);
        self.pass_tokens.observe(tokens as f64);
        self.pass_fill.observe(tokens as f64 / token_budget as f64);
        self.pass_seconds.observe(took.as_secs_f64());
    }
}
