//! Counts the changes of heads.

use std::sync::atomic::AtomicU64;
use std::time::UNIX_EPOCH;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::change::Change;

/// Changes by their kind, what is refused now, and the time of the last change of what is served. A clone
/// counts into the same metrics.
#[derive(Clone, Debug)]
pub struct ChangeCounts {
    changes: Family<ChangeLabel, Counter>,
    refused: Family<ModelLabel, Gauge>,
    last: Gauge<f64, AtomicU64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabel {
    model: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChangeLabel {
    change: &'static str,
}

impl Default for ChangeCounts {
    fn default() -> Self {
        let counts =
            Self { changes: Family::default(), refused: Family::default(), last: Gauge::default() };
        // A counter that is absent until its first change hides that change from `rate`.
        for change in Change::KINDS {
            drop(counts.changes.get_or_create(&ChangeLabel { change }));
        }
        counts.note_time();
        counts
    }
}

impl ChangeCounts {
    /// Adds the counters to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "strata_head_changes",
            "Changes in the folders of heads while the server runs, by what followed",
            self.changes.clone(),
        );
        registry.register(
            "strata_heads_refused",
            "Heads whose files of now can't be used, and folders of heads that can't be read; an older \
             version may be in use",
            self.refused.clone(),
        );
        registry.register(
            "strata_heads_last_change_timestamp_seconds",
            "When the heads in use last changed, in seconds since 1970; at first, when they were loaded",
            self.last.clone(),
        );
    }

    /// Counts a change.
    pub fn count(&self, change: &Change) {
        self.changes.get_or_create(&ChangeLabel { change: change.kind() }).inc();
        if change.is_effective() {
            self.note_time();
        }
    }

    /// How many heads and folders of a model are refused now.
    pub fn set_refused(&self, model: &str, count: usize) {
        self.refused.get_or_create(&ModelLabel { model: model.to_owned() }).set(count as i64);
    }

    fn note_time(&self) {
        self.last.set(UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64());
    }
}
