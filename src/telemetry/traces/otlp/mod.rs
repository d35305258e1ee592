//! What sends spans over OTLP: everything that needs OpenTelemetry's crates.

mod client;
mod delivery;
mod endpoint;
mod exporter;
mod loss_warnings;
mod options;
mod pairs;
mod pipeline;
mod processor;
mod resource;
mod sampling;
mod span;

pub use options::TraceOptions;
pub use pipeline::Pipeline;
pub use span::OpenSpan;
