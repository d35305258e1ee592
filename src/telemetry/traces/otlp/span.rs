//! The span of a request while it is open, and all its spans when it ends.

use std::str::FromStr;
use std::time::{Instant, SystemTime};

use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags,
    TraceId, TraceState, Tracer,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::{SdkTracer, Span};

use crate::telemetry::traces::parent::Parent;
use crate::telemetry::traces::record::{AttributeValue, SpanRecord};

/// The span of a request that is recorded.
#[derive(Debug)]
pub struct OpenSpan {
    span: Span,
    tracer: SdkTracer,
    /// The same moment on both clocks.
    began: Instant,
    began_at: SystemTime,
}

impl OpenSpan {
    /// A span that `began` just now; `None` if the sampler doesn't choose it.
    pub fn begin(tracer: &SdkTracer, parent: Option<&Parent>, began: Instant) -> Option<Self> {
        let began_at = SystemTime::now();
        let mut context = Context::new();
        if let Some(parent) = parent {
            context = context.with_remote_span_context(span_context(parent));
        }
        // Its name is not formatted before it is needed.
        let builder = SpanBuilder::from_name("request").with_kind(SpanKind::Server);
        let builder = builder.with_start_time(began_at);
        let span = tracer.build_with_context(builder, &context);
        let tracer = tracer.clone();
        span.is_recording().then(|| Self { span, tracer, began, began_at })
    }

    /// The id of its trace, in hexadecimal digits.
    pub fn trace_id(&self) -> String {
        self.span.span_context().trace_id().to_string()
    }

    /// Its own id, in hexadecimal digits.
    pub fn span_id(&self) -> String {
        self.span.span_context().span_id().to_string()
    }

    /// Ends it as `request` says, and adds a span within it for each of `stages`.
    pub fn finish(mut self, request: SpanRecord, stages: Vec<SpanRecord>) {
        let within = Context::new().with_remote_span_context(self.span.span_context().clone());
        for stage in stages {
            let began = self.time(stage.began);
            let builder = SpanBuilder::from_name(stage.name)
                .with_kind(SpanKind::Internal)
                .with_start_time(began)
                .with_attributes(attributes(stage.attributes));
            let mut span = self.tracer.build_with_context(builder, &within);
            span.end_with_timestamp(self.time(stage.ended));
        }
        self.span.update_name(request.name);
        for attribute in attributes(request.attributes) {
            self.span.set_attribute(attribute);
        }
        if request.failed {
            self.span.set_status(Status::error(""));
        }
        let ended = self.time(request.ended);
        self.span.end_with_timestamp(ended);
    }

    /// The time of day at `instant`.
    fn time(&self, instant: Instant) -> SystemTime {
        self.began_at + instant.saturating_duration_since(self.began)
    }
}

fn span_context(parent: &Parent) -> SpanContext {
    let flags = if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let state = TraceState::from_str(&parent.state).unwrap_or_default();
    let (trace, span) = (TraceId::from(parent.trace_id), SpanId::from(parent.span_id));
    SpanContext::new(trace, span, flags, true, state)
}

fn attributes(attributes: Vec<(&'static str, AttributeValue)>) -> impl Iterator<Item = KeyValue> {
    attributes.into_iter().map(|(key, value)| match value {
        AttributeValue::Text(text) => KeyValue::new(key, Value::String(text.into())),
        AttributeValue::Number(number) => KeyValue::new(key, number),
    })
}
