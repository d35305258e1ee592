//! Values that are read when the metrics are asked for.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;

/// Writes gauges without labels: of each its name, its help text and its value.
///
/// # Errors
/// The encoder fails.
pub fn encode_gauges(
    encoder: &mut DescriptorEncoder,
    gauges: impl IntoIterator<Item = (&'static str, &'static str, f64)>,
) -> fmt::Result {
    for (name, help, value) in gauges {
        let gauge = ConstGauge::new(value);
        gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
    }
    Ok(())
}
