//! Changes of the configuration while the server runs.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counts the changes of keys and settings that were read while the server runs. A clone counts into the
/// same counters.
#[derive(Clone, Debug, Default)]
pub struct Reloads {
    changes: Family<ReloadLabels, Counter>,
    usable: Family<WhatLabel, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabels {
    what: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WhatLabel {
    what: &'static str,
}

impl Reloads {
    /// Adds the counters to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "strata_config_reloads",
            "Changes of keys or settings while the server runs, by whether they could be used",
            self.changes.clone(),
        );
        registry.register(
            "strata_config_last_reload_successful",
            "Whether the last change of keys or settings could be used",
            self.usable.clone(),
        );
        for what in ["keys", "settings"] {
            self.recovered(what);
        }
    }

    /// A change of `what` is in use.
    pub fn succeeded(&self, what: &'static str) {
        self.count(what, "ok");
        self.recovered(what);
    }

    /// A change of `what` can't be used.
    pub fn failed(&self, what: &'static str) {
        self.count(what, "failed");
        self.usable.get_or_create(&WhatLabel { what }).set(0);
    }

    /// What could not be used is again as it is in use.
    pub fn recovered(&self, what: &'static str) {
        self.usable.get_or_create(&WhatLabel { what }).set(1);
    }

    fn count(&self, what: &'static str, result: &'static str) {
        self.changes.get_or_create(&ReloadLabels { what, result }).inc();
    }
}
