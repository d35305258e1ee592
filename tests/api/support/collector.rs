//! A collector of spans on the loopback interface, which does what a test chooses.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How the collector answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    Accept,
    /// Accepts the request, with an answer of 100 KiB.
    AcceptAtLength,
    /// Accepts the request, but not this many of its spans; with none, it only warns.
    Reject(i64),
    Fail(StatusCode),
    /// Reads the request and never answers.
    Hang,
}

/// One request to the collector, whatever it was answered.
#[derive(Debug)]
pub struct Export {
    pub path: String,
    pub query: Option<String>,
    pub headers: HeaderMap,
    pub request: ExportTraceServiceRequest,
}

impl Export {
    pub fn spans(&self) -> impl Iterator<Item = &Span> {
        let resources = self.request.resource_spans.iter();
        resources.flat_map(|resource| &resource.scope_spans).flat_map(|scope| &scope.spans)
    }

    /// The attributes of the one resource.
    #[track_caller]
    pub fn resource(&self) -> &[KeyValue] {
        let [resource] = &self.request.resource_spans[..] else { panic!("not one: {self:?}") };
        &resource.resource.as_ref().unwrap().attributes
    }
}

#[derive(Clone)]
struct Shared {
    behaviour: Arc<Mutex<Behaviour>>,
    exports: UnboundedSender<Export>,
}

pub struct Collector {
    address: SocketAddr,
    behaviour: Arc<Mutex<Behaviour>>,
    exports: UnboundedReceiver<Export>,
}

impl Collector {
    /// It has a thread of its own, so that a test may wait for the server to end.
    pub fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, exports) = unbounded_channel();
        let behaviour = Arc::new(Mutex::new(behaviour));
        let shared = Shared { behaviour: Arc::clone(&behaviour), exports: sender };
        let routes = Router::new().fallback(collect).with_state(shared);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, routes).await.unwrap();
            });
        });
        Self { address, behaviour, exports }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// Waits for the next request.
    pub async fn next(&mut self) -> Export {
        self.exports.recv().await.unwrap()
    }

    /// A request that has arrived already.
    pub fn try_next(&mut self) -> Option<Export> {
        self.exports.try_recv().ok()
    }

    /// Waits for the span of the request with this id. Returns it, and what arrived before it, from the
    /// same trace and from others.
    pub async fn until_request(&mut self, id: &str) -> (Span, Vec<Span>) {
        let mut before = Vec::new();
        loop {
            before.extend(self.next().await.spans().cloned());
            let is_it = |span: &Span| text(&span.attributes, "strata.request_id") == Some(id);
            if let Some(at) = before.iter().position(is_it) {
                return (before.remove(at), before);
            }
        }
    }
}

async fn collect(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = match headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes()) {
        None => body.to_vec(),
        Some(b"gzip") => {
            let mut plain = Vec::new();
            GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
            plain
        }
        Some(other) => panic!("unknown encoding {other:?}"),
    };
    let request = ExportTraceServiceRequest::decode(&body[..]).unwrap();
    let (path, query) = (uri.path().to_owned(), uri.query().map(str::to_owned));
    let _ = shared.exports.send(Export { path, query, headers, request });
    let behaviour = *shared.behaviour.lock().unwrap();
    let mut answer = ExportTraceServiceResponse::default();
    match behaviour {
        Behaviour::Accept => {}
        Behaviour::AcceptAtLength => return vec![b' '; 100 * 1024].into_response(),
        Behaviour::Reject(rejected_spans) => {
            let error_message = "too many".to_owned();
            answer.partial_success =
                Some(ExportTracePartialSuccess { rejected_spans, error_message });
        }
        Behaviour::Fail(status) => return status.into_response(),
        Behaviour::Hang => std::future::pending().await,
    }
    ([(header::CONTENT_TYPE, "application/x-protobuf")], answer.encode_to_vec()).into_response()
}

fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.as_ref()?.value.as_ref()
}

/// The text of an attribute.
pub fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    match value(attributes, key)? {
        Value::StringValue(text) => Some(text),
        other => panic!("{key} is no text but {other:?}"),
    }
}

/// The number of an attribute.
pub fn number(attributes: &[KeyValue], key: &str) -> Option<i64> {
    match value(attributes, key)? {
        Value::IntValue(number) => Some(*number),
        other => panic!("{key} is no number but {other:?}"),
    }
}
