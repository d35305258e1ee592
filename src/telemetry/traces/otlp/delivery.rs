//! Keeps account of every span from its end until it has reached the collector or is lost.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::loss_warnings::{Loss, LossWarnings};
use crate::telemetry::traces::counts::SpanCounts;

/// The account of spans.
#[derive(Debug)]
pub struct Delivery {
    /// The most spans that wait.
    capacity: usize,
    /// Spans that wait to be sent.
    waiting: AtomicUsize,
    /// Spans that wait or are being sent.
    unsettled: AtomicU64,
    counts: SpanCounts,
    warnings: Mutex<LossWarnings>,
}

impl Delivery {
    /// The account of a queue of `capacity` spans.
    pub fn new(capacity: usize, counts: SpanCounts) -> Self {
        Self {
            capacity,
            waiting: AtomicUsize::new(0),
            unsettled: AtomicU64::new(0),
            counts,
            warnings: Mutex::default(),
        }
    }

    /// Whether there is room for one more span, which then waits; otherwise it counts as dropped.
    pub fn admit(&self) -> bool {
        if self.waiting.fetch_add(1, Ordering::Relaxed) < self.capacity {
            self.unsettled.fetch_add(1, Ordering::Relaxed);
            return true;
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.counts.dropped.inc();
        self.lost(1, Loss::Dropped, "there is no room for more");
        false
    }

    /// Spans don't wait any more, since they are being sent.
    pub fn taken(&self, spans: usize) {
        self.waiting.fetch_sub(spans, Ordering::Relaxed);
    }

    /// Spans reached the collector.
    pub fn exported(&self, spans: u64) {
        self.settle(spans);
        self.counts.exported.inc_by(spans);
        let lost = self.warnings().sent();
        if let Some(lost) = lost {
            tracing::info!(lost, "spans of traces reach the collector again");
        }
    }

    /// Spans could not be sent, or the collector rejected them.
    pub fn failed(&self, spans: u64, cause: &str) {
        self.settle(spans);
        self.counts.failed.inc_by(spans);
        self.lost(spans, Loss::Failed, cause);
    }

    /// The collector accepts spans, and warns of something.
    pub fn warned(&self, message: &str) {
        if self.warnings().warned(Instant::now()) {
            tracing::warn!(warning = message, "the collector accepts spans with a warning");
        }
    }

    /// No more spans are sent: what isn't sent yet counts as dropped. Returns their number.
    pub fn abandon(&self) -> u64 {
        let spans = self.unsettled.swap(0, Ordering::Relaxed);
        self.counts.dropped.inc_by(spans);
        spans
    }

    fn settle(&self, spans: u64) {
        // What was abandoned is counted already.
        let settle = |unsettled: u64| Some(unsettled.saturating_sub(spans));
        let _ = self.unsettled.fetch_update(Ordering::Relaxed, Ordering::Relaxed, settle);
    }

    fn lost(&self, spans: u64, loss: Loss, cause: &str) {
        if self.warnings().lost(spans, loss, Instant::now()) {
            tracing::warn!(
                cause,
                "spans of traces are lost; strata_traces_spans_total counts them"
            );
        }
    }

    fn warnings(&self) -> MutexGuard<'_, LossWarnings> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::logs::{LogFilter, LogFormat, subscriber};
    use crate::telemetry::written::Written;

    fn counted(counts: &SpanCounts) -> [u64; 3] {
        [&counts.exported, &counts.failed, &counts.dropped].map(|counter| counter.get())
    }

    #[test]
    fn every_span_is_exported_failed_or_dropped() {
        let counts = SpanCounts::default();
        let delivery = Delivery::new(3, counts.clone());
        assert_eq!([(); 4].map(|()| delivery.admit()), [true, true, true, false]);
        delivery.taken(2);
        assert_eq!([(); 3].map(|()| delivery.admit()), [true, true, false]);
        delivery.exported(1);
        delivery.failed(1, "it broke");
        assert_eq!(counted(&counts), [1, 1, 2]);
        assert_eq!((delivery.abandon(), counted(&counts)), (3, [1, 1, 5]));
        assert_eq!(delivery.abandon(), 0);
    }

    #[test]
    fn losses_are_logged_once_until_spans_are_sent_again_without_a_loss_between() {
        let written = Written::default();
        let (writer, filter) = (written.clone(), LogFilter::parse("info").unwrap());
        let log = subscriber(LogFormat::Json, &filter, false, move || writer.clone());
        let delivery = Delivery::new(0, SpanCounts::default());
        tracing::subscriber::with_default(log, || {
            delivery.failed(2, "it broke");
            delivery.admit();
            delivery.exported(1);
            delivery.admit();
            delivery.exported(1);
            delivery.exported(1);
            delivery.exported(1);
            // Again within a minute: counted, but not logged.
            delivery.failed(1, "it broke");
            delivery.exported(1);
            delivery.exported(1);
        });
        let lines: Vec<serde_json::Value> =
            written.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [warning, again] = &lines[..] else { panic!("not two lines: {lines:?}") };
        assert_eq!((&warning["level"], &warning["cause"]), (&"WARN".into(), &"it broke".into()));
        assert_eq!((&again["level"], &again["lost"]), (&"INFO".into(), &4.into()));
    }
}
