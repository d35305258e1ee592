//! The handle that begins, records and counts the traces of requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus_client::registry::Registry;

use super::counts::SpanCounts;
use super::error::StartError;
#[cfg(feature = "otlp")]
use super::otlp::{OpenSpan, Pipeline, TraceOptions};
use super::parent::Parent;
use super::record::SpanRecord;
#[cfg(not(feature = "otlp"))]
use super::without_otlp::{OpenSpan, Pipeline, TraceOptions};

/// Begins the traces of requests; cheap to clone. The default one sends nothing.
#[derive(Clone, Debug, Default)]
pub struct Traces(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    pipeline: Option<Pipeline>,
    counts: SpanCounts,
}

impl Traces {
    /// Starts the thread that sends spans; without options nothing is sent.
    ///
    /// # Errors
    /// The thread can't be started, or the exporter refuses its options.
    pub fn start(options: Option<TraceOptions>) -> Result<Self, StartError> {
        let counts = SpanCounts::default();
        let start = |options| Pipeline::start(options, counts.clone());
        let pipeline = options.map(start).transpose()?;
        Ok(Self(Arc::new(Shared { pipeline, counts })))
    }

    /// Adds the counters of spans.
    pub fn register(&self, registry: &mut Registry) {
        self.0.counts.register(registry);
    }

    /// Begins the trace of a request that `started` just now. The sampler decides whether it is recorded,
    /// but it isn't if `may_record` is false.
    pub fn begin(&self, parent: Option<Parent>, started: Instant, may_record: bool) -> Trace {
        let pipeline = self.0.pipeline.as_ref().filter(|_| may_record);
        let span = pipeline.and_then(|pipeline| pipeline.begin(parent.as_ref(), started));
        let span = span.map(Box::new);
        let (trace_id, span_id) = match (&span, &parent) {
            (Some(span), _) => (Some(span.trace_id()), Some(span.span_id())),
            (None, Some(parent)) => (Some(format!("{:032x}", parent.trace_id)), None),
            (None, None) => (None, None),
        };
        Trace { trace_id, span_id, span }
    }

    /// Sends what waits, and returns when that is done or after `limit`. What is not sent by then
    /// counts as dropped. Blocks, so it is not for the runtime's threads.
    pub fn stop(&self, limit: Duration) {
        if let Some(pipeline) = &self.0.pipeline {
            pipeline.stop(limit);
        }
    }
}

/// The trace of a request.
#[derive(Debug)]
pub struct Trace {
    trace_id: Option<String>,
    span_id: Option<String>,
    span: Option<Box<OpenSpan>>,
}

impl Trace {
    /// The id of the trace, 32 hexadecimal digits: the caller's, or of a trace that begins here; absent
    /// if neither the caller nor this server records it.
    pub fn id(&self) -> Option<&str> {
        self.trace_id.as_deref()
    }

    /// The id of the request's span, 16 hexadecimal digits; absent if it isn't recorded here.
    pub fn span_id(&self) -> Option<&str> {
        self.span_id.as_deref()
    }

    /// Ends the trace: `spans` makes the request's span and those of its stages. It isn't called if the
    /// request isn't recorded.
    pub fn finish(&mut self, spans: impl FnOnce() -> (SpanRecord, Vec<SpanRecord>)) {
        if let Some(span) = self.span.take() {
            let (request, stages) = spans();
            span.finish(request, stages);
        }
    }
}
