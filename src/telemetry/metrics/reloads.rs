//! Changes of the configuration while the server runs.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Counts the changes of keys and settings that were read while the server runs. A clone counts into the
/// same counters.
#[derive(Clone, Debug, Default)]
pub struct Reloads(Family<ReloadLabels, Counter>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabels {
    what: &'static str,
    result: &'static str,
}

impl Reloads {
    /// Adds the counters to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "strata_config_reloads",
            "Changes of keys or settings while the server runs, by whether they could be used",
            self.0.clone(),
        );
    }

    /// A change of `what` is in use.
    pub fn succeeded(&self, what: &'static str) {
        self.0.get_or_create(&ReloadLabels { what, result: "ok" }).inc();
    }

    /// A change of `what` can't be used.
    pub fn failed(&self, what: &'static str) {
        self.0.get_or_create(&ReloadLabels { what, result: "failed" }).inc();
    }
}
