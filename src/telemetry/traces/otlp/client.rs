//! The HTTP client of the exporter. It blocks, since the exporter has a thread of its own.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

/// The most bytes of an answer that are read; an ordinary one is empty.
const ANSWER_BYTES: u64 = 64 * 1024;

/// The most characters of a collector's message that are logged.
const MESSAGE_CHARS: usize = 512;

/// What the collector said last, which the exporter doesn't pass on.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LastAnswer {
    /// Spans that it rejected although it accepted the request.
    pub rejected: u64,
    /// Why it wasn't reached or why it rejected spans; or, if it rejected none, what it said about them.
    pub message: Option<String>,
}

/// The client; a clone shares the last answer.
#[derive(Clone, Debug)]
pub struct CollectorClient {
    agent: ureq::Agent,
    last: Arc<Mutex<LastAnswer>>,
}

impl CollectorClient {
    /// A client whose requests may take this long. It opens a connection for each of them: a connection
    /// that idles for seconds may be closed by the other end just when it is used again.
    pub fn new(timeout: Duration) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .proxy(None)
            .build();
        Self { agent: agent.into(), last: Arc::default() }
    }

    /// The last answer; it is forgotten here.
    pub fn take_last(&self) -> LastAnswer {
        mem::take(&mut self.last.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = request.into_parts();
        let (head, mut body) = self.agent.run(Request::from_parts(head, &body[..]))?.into_parts();
        let bytes = match body.with_config().limit(ANSWER_BYTES).read_to_vec() {
            // Its status says what became of the spans.
            Err(ureq::Error::BodyExceedsLimit(_)) => Vec::new(),
            read => read?,
        };
        Ok(Response::from_parts(head, bytes.into()))
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = match &sent {
            Ok(answer) if answer.status().is_success() => rejected(answer.body()),
            Ok(_) => LastAnswer::default(),
            Err(error) => LastAnswer { rejected: 0, message: Some(error.to_string()) },
        };
        Ok(sent?)
    }
}

/// What a collector rejects of a request that it accepts, or else its warning.
fn rejected(body: &[u8]) -> LastAnswer {
    let answer = ExportTraceServiceResponse::decode(body).unwrap_or_default();
    let Some(partial) = answer.partial_success else { return LastAnswer::default() };
    let rejected = u64::try_from(partial.rejected_spans).unwrap_or_default();
    let message: String = partial.error_message.chars().take(MESSAGE_CHARS).collect();
    LastAnswer { rejected, message: (rejected > 0 || !message.is_empty()).then_some(message) }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    use super::*;

    fn read(rejected_spans: i64, message: &str) -> LastAnswer {
        let error_message = message.to_owned();
        let partial_success = Some(ExportTracePartialSuccess { rejected_spans, error_message });
        rejected(&ExportTraceServiceResponse { partial_success }.encode_to_vec())
    }

    #[test]
    fn a_message_is_kept_with_rejected_spans_and_without_and_is_cut() {
        let last = |rejected, message: Option<&str>| {
            let message = message.map(str::to_owned);
            LastAnswer { rejected, message }
        };
        assert_eq!(read(2, "too many"), last(2, Some("too many")));
        assert_eq!(read(2, ""), last(2, Some("")));
        assert_eq!(read(0, "deprecated"), last(0, Some("deprecated")));
        assert_eq!(read(0, ""), last(0, None));
        let long = "x".repeat(MESSAGE_CHARS);
        assert_eq!(read(0, &format!("{long}x")), last(0, Some(&long)));
        assert_eq!(rejected(b"not a message"), LastAnswer::default());
    }
}
