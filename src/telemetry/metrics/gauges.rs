//! Values that are read when the metrics are asked for.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// A gauge: its name, its help text and its value.
pub type NamedGauge = (&'static str, &'static str, f64);

/// Writes gauges without labels.
///
/// # Errors
/// The encoder fails.
pub fn encode_gauges(
    encoder: &mut DescriptorEncoder,
    gauges: impl IntoIterator<Item = NamedGauge>,
) -> fmt::Result {
    for (name, help, value) in gauges {
        let gauge = ConstGauge::new(value);
        gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
    }
    Ok(())
}

/// Writes the gauges of several things, each of which has the same gauges, and is the value of `label`.
///
/// # Errors
/// The encoder fails.
pub fn encode_gauges_of(
    label: &'static str,
    encoder: &mut DescriptorEncoder,
    things: &[(String, Vec<NamedGauge>)],
) -> fmt::Result {
    let Some((_, first)) = things.first() else { return Ok(()) };
    for (at, &(name, help, _)) in first.iter().enumerate() {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (thing, gauges) in things {
            let labels = [(label, thing.as_str())];
            family.encode_family(&labels)?.encode_gauge(&gauges[at].2)?;
        }
    }
    Ok(())
}
