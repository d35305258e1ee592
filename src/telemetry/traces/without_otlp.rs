//! What stands in for the exporter in a build without the feature `otlp`: there is never one.

use std::time::{Duration, Instant};

use super::counts::SpanCounts;
use super::error::{InvalidVariable, StartError};
use super::parent::Parent;
use super::record::SpanRecord;
use super::variables::Variables;

/// There are none.
#[derive(Debug)]
pub enum TraceOptions {}

impl TraceOptions {
    /// None, if nothing asks for traces.
    ///
    /// # Errors
    /// Traces are asked for.
    pub fn read(variables: &Variables) -> Result<Option<Self>, InvalidVariable> {
        if !variables.want_traces()? {
            return Ok(None);
        }
        let name = variables.exporter("ENDPOINT").map(|variable| variable.name).unwrap_or_default();
        Err(InvalidVariable::new(
            &name,
            "is set, but this build can't send traces",
            "build it with the cargo feature otlp, or set OTEL_TRACES_EXPORTER to none",
        ))
    }
}

/// There is none.
#[derive(Debug)]
pub enum Pipeline {}

impl Pipeline {
    pub fn start(options: TraceOptions, _: SpanCounts) -> Result<Self, StartError> {
        match options {}
    }

    pub fn begin(&self, _: Option<&Parent>, _: Instant) -> Option<OpenSpan> {
        match *self {}
    }

    pub fn stop(&self, _: Duration) {
        match *self {}
    }
}

/// There is none.
#[derive(Debug)]
pub enum OpenSpan {}

impl OpenSpan {
    pub fn trace_id(&self) -> String {
        match *self {}
    }

    pub fn span_id(&self) -> String {
        match *self {}
    }

    pub fn finish(self, _: SpanRecord, _: Vec<SpanRecord>) {
        match self {}
    }
}
