//! The heads in use, for the metrics.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use tokio::sync::watch;

use crate::heads::HeadSet;
use crate::model::checkpoint::ProblemType;
use crate::telemetry::metrics::encode_gauges;

/// Reads the current set of heads, so that a version that isn't served any more is gone.
pub struct HeadCollector(pub watch::Receiver<Arc<HeadSet>>);

impl Collector for HeadCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let HeadSet { loaded, skipped } = &*Arc::clone(&self.0.borrow());
        let gauges = [
            ("strata_heads", "Heads in use.", loaded.len() as f64),
            (
                "strata_heads_skipped",
                "Heads that were found and can't be used; /info has the reasons.",
                skipped.len() as f64,
            ),
        ];
        encode_gauges(&mut encoder, gauges)?;
        let help = "The heads in use, with their versions; always 1.";
        let mut infos =
            encoder.encode_descriptor("strata_head_info", help, None, MetricType::Gauge)?;
        for (name, head) in loaded {
            let descriptor = head.descriptor();
            let labels = [
                ("head", name.clone()),
                ("version", head.version().to_owned()),
                ("problem_type", problem_type(descriptor.problem_type)),
                ("labels", descriptor.labels.len().to_string()),
            ];
            infos.encode_family(&labels)?.encode_gauge(&1_i64)?;
        }
        Ok(())
    }
}

/// Its name as JSON has it, and so `/info`.
fn problem_type(problem_type: ProblemType) -> String {
    let name = serde_json::to_value(problem_type);
    name.ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

impl fmt::Debug for HeadCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeadCollector")
    }
}
