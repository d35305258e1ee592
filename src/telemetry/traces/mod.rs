//! Traces of requests, sent over OTLP if the standard variables `OTEL_…` name an endpoint.
//!
//! A request has a span of its own and one per stage. They are made at the end of the request, of what
//! was measured anyway, and only if the request is sampled; [`Traces::begin`] decides that at its start,
//! so that the log has the same ids. Whoever answers a request never waits for the collector: spans go
//! through a bounded queue to one thread, and a span that doesn't reach the collector is counted.
//!
//! The cargo feature `otlp` has all that needs OpenTelemetry's crates. Without it there are no spans,
//! and an endpoint is refused; the caller's trace id is in the log all the same.

mod counts;
mod error;
mod handle;
#[cfg(feature = "otlp")]
mod otlp;
mod parent;
mod record;
mod variables;
#[cfg(not(feature = "otlp"))]
mod without_otlp;

pub use error::{InvalidVariable, StartError};
pub use handle::{Trace, Traces};
#[cfg(feature = "otlp")]
pub use otlp::TraceOptions;
pub use parent::Parent;
pub use record::{AttributeValue, SpanRecord};
pub use variables::Variables;
#[cfg(not(feature = "otlp"))]
pub use without_otlp::TraceOptions;
