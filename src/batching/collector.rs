//! What waits now, for the metrics.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::load::Load;
use crate::telemetry::metrics::encode_gauges;

/// Reads the state of the queue and the worker whenever the metrics are asked for.
#[derive(Debug)]
pub(super) struct StatusCollector(pub(super) Arc<Load>);

impl Collector for StatusCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let status = self.0.status();
        let flag = |set: bool| f64::from(u8::from(set));
        let gauges = [
            ("queue_tokens", "Tokens that wait.", status.waiting_tokens as f64),
            ("queue_limit_tokens", "The most tokens that may wait.", status.limit_tokens as f64),
            ("queue_sequences", "Sequences that wait.", status.waiting_sequences as f64),
            (
                "queue_seconds",
                "About how long it takes to compute what waits.",
                status.waiting_time.as_secs_f64(),
            ),
            (
                "queue_oldest_seconds",
                "How long the oldest request has been waiting.",
                status.oldest.as_secs_f64(),
            ),
            ("worker_alive", "1 while the worker runs.", flag(status.alive)),
            ("worker_failing", "1 while the trial pass fails.", flag(status.failing)),
            ("worker_hung", "1 while a pass takes longer than it may.", flag(status.hung)),
        ];
        encode_gauges(&mut encoder, gauges)
    }
}
