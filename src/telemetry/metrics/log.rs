//! Lines that never reached the log.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::registry::Registry;

use crate::telemetry::log_queue::{LogQueue, Losses};

/// Adds the losses of the log.
pub fn register_log(registry: &mut Registry, log: LogQueue) {
    registry.register_collector(Box::new(LogCollector(log)));
}

struct LogCollector(LogQueue);

impl Collector for LogCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let Losses { dropped, failed } = self.0.losses();
        for (name, help, lines) in [
            ("strata_log_dropped_lines", "Log lines dropped because the queue was full.", dropped),
            ("strata_log_write_errors", "Log lines that could not be written.", failed),
        ] {
            let counter = ConstCounter::new(lines);
            let metric = encoder.encode_descriptor(name, help, None, counter.metric_type())?;
            counter.encode(metric)?;
        }
        Ok(())
    }
}

impl fmt::Debug for LogCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogCollector").field(&self.0.losses()).finish()
    }
}
