//! What became of the spans.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Counts spans by what became of them. A clone counts into the same counters.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "without it they stay 0"))]
pub struct SpanCounts {
    /// Spans that the collector accepted.
    pub exported: Counter,
    /// Spans that could not be sent, or that the collector rejected.
    pub failed: Counter,
    /// Spans for which there was no room, or no time left when the server stopped.
    pub dropped: Counter,
    family: Family<Outcome, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Default for SpanCounts {
    fn default() -> Self {
        let family = Family::<Outcome, Counter>::default();
        let counter = |outcome| family.get_or_create_owned(&Outcome { outcome });
        let [exported, failed, dropped] = ["exported", "failed", "dropped"].map(counter);
        Self { exported, failed, dropped, family }
    }
}

impl SpanCounts {
    /// Adds the counters.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "strata_traces_spans",
            "Spans of sampled requests, by what became of them: exported, failed, dropped",
            self.family.clone(),
        );
    }
}
