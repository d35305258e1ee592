//! Changes of the configuration while the server runs.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What can change while the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// The API keys.
    Keys,
    /// The settings of files and variables.
    Settings,
}

impl Reloaded {
    const ALL: [Self; 2] = [Self::Keys, Self::Settings];

    fn label(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Settings => "settings",
        }
    }
}

const OK: &str = "ok";
const FAILED: &str = "failed";

/// Counts the changes of keys and settings that were read while the server runs. A clone counts into the
/// same counters, all of which are there from the start: the first change is otherwise no increase.
#[derive(Clone, Debug)]
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

impl Default for Reloads {
    fn default() -> Self {
        let reloads = Self { changes: Family::default(), usable: Family::default() };
        for what in Reloaded::ALL {
            for result in [OK, FAILED] {
                let labels = ReloadLabels { what: what.label(), result };
                reloads.changes.get_or_create(&labels).inc_by(0);
            }
            reloads.recovered(what);
        }
        reloads
    }
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
    }

    /// A change is in use.
    pub fn succeeded(&self, what: Reloaded) {
        self.count(what, OK);
        self.recovered(what);
    }

    /// A change can't be used.
    pub fn failed(&self, what: Reloaded) {
        self.count(what, FAILED);
        self.usable.get_or_create(&WhatLabel { what: what.label() }).set(0);
    }

    /// What could not be used is again as it is in use.
    pub fn recovered(&self, what: Reloaded) {
        self.usable.get_or_create(&WhatLabel { what: what.label() }).set(1);
    }

    fn count(&self, what: Reloaded, result: &'static str) {
        self.changes.get_or_create(&ReloadLabels { what: what.label(), result }).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::Metrics;

    #[test]
    fn each_counter_is_0_before_the_first_change() {
        let (metrics, reloads) = (Metrics::new(), Reloads::default());
        metrics.register(|registry| reloads.register(registry));
        let has = |line: &str| metrics.encode().unwrap().lines().any(|written| written == line);
        for what in ["keys", "settings"] {
            let usable = format!("strata_config_last_reload_successful{{what=\"{what}\"}}");
            assert!(has(&format!("{usable} 1")), "{what}");
            for result in ["ok", "failed"] {
                let labels = format!("what=\"{what}\",result=\"{result}\"");
                assert!(has(&format!("strata_config_reloads_total{{{labels}}} 0")), "{labels}");
            }
        }
        reloads.failed(Reloaded::Settings);
        assert!(has("strata_config_reloads_total{what=\"settings\",result=\"failed\"} 1"));
        assert!(has("strata_config_last_reload_successful{what=\"settings\"} 0"));
        assert!(has("strata_config_last_reload_successful{what=\"keys\"} 1"));
        reloads.succeeded(Reloaded::Settings);
        assert!(has("strata_config_last_reload_successful{what=\"settings\"} 1"));
    }
}
