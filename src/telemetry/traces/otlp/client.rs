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

/// What the collector said last, which the exporter doesn't pass on.
#[derive(Debug, Default)]
pub struct LastAnswer {
    /// Spans that it rejected although it accepted the request.
    pub rejected: u64,
    /// Why it wasn't reached, or why it rejected spans.
    pub cause: Option<String>,
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
        let bytes = body.with_config().limit(ANSWER_BYTES).read_to_vec()?;
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
            Err(error) => LastAnswer { rejected: 0, cause: Some(error.to_string()) },
        };
        Ok(sent?)
    }
}

/// What a collector rejects of a request that it accepts.
fn rejected(body: &[u8]) -> LastAnswer {
    let answer = ExportTraceServiceResponse::decode(body).unwrap_or_default();
    let Some(partial) = answer.partial_success else { return LastAnswer::default() };
    let rejected = u64::try_from(partial.rejected_spans).unwrap_or_default();
    LastAnswer { rejected, cause: Some(partial.error_message) }
}
