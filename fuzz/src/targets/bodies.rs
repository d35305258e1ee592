//! Bodies of requests to every route, as they are and compressed.

use std::io::Write;
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{Request, StatusCode, Version, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use serde_json::Value;
use strata::http::openapi::Contract;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use utoipa::OpenApi;

use super::app::{App, app, check_released};
use super::schema::Schemas;

/// Routes that the contract leaves out: other addresses of those that it has.
const LEFT_OUT: [&str; 4] = ["/tei", "/tei/", "/tei/v1/embeddings", "/tei/embeddings"];

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

static CONTRACT: LazyLock<Schemas> =
    LazyLock::new(|| Schemas::new(serde_json::to_value(Contract::openapi()).unwrap()));

/// Where the methods of gRPC are; a call's status is in its headers.
const GRPC: &str = "/inference.GRPCInferenceService/";

/// gRPC's status of a failure of the server.
const GRPC_INTERNAL: &str = "13";

/// A request: its first line has a tiny checkpoint, a path, and words for its headers; the rest is the
/// body. The word `json=9` says that binary tensors follow 9 bytes of JSON.
pub struct Asked<'d> {
    checkpoint: &'d str,
    pub path: &'d str,
    words: Vec<&'d str>,
    body: &'d [u8],
}

/// An answer that was read to its end.
pub struct Answered {
    pub status: StatusCode,
    kind: String,
    grpc_status: Option<String>,
    body: Vec<u8>,
}

/// Sends a body. The answer is no server error, is what the contract says, and leaves no memory charged;
/// what is accepted is in the contract too. Whether a body is accepted doesn't depend on its compression
/// or on how its JSON is written.
pub fn run(data: &[u8]) {
    let Some(asked) = Asked::read(data) else { return };
    let answered = send(&asked);
    if !asked.is("gzipped") && !asked.body.is_empty() {
        let others = asked.words.iter().copied().filter(|word| *word != "gzip");
        let added = (!asked.is("gzip")).then_some("gzip");
        let words = others.chain(added).collect();
        let other = send(&Asked { words, ..asked });
        assert_eq!(other.status, answered.status, "with gzip and without");
    }
    if answered.status.is_success()
        && !asked.is("gzipped")
        && let Ok(json) = serde_json::from_slice::<Value>(asked.body)
    {
        let path = contract_path(asked.path);
        let request = &CONTRACT.contract()["paths"][&path]["post"]["requestBody"]["content"];
        if let Some(schema) = request["application/json"].get("schema") {
            CONTRACT.check(schema, &json);
        }
        let body = format!("\r\n {json:#}\t");
        let other = send(&Asked { body: body.as_bytes(), ..asked });
        assert_eq!(other.status, answered.status, "{json}");
    }
}

impl<'d> Asked<'d> {
    /// `None` if there is no such line, or if its path is none.
    pub fn read(data: &'d [u8]) -> Option<Self> {
        let end = data.iter().position(|&byte| byte == b'\n')?;
        let line = std::str::from_utf8(&data[..end]).ok()?;
        let mut words = line.split_ascii_whitespace();
        let (checkpoint, path) = (words.next()?, words.next()?);
        // A fragment is no part of what is asked for.
        let is_path =
            path.starts_with('/') && !path.contains('#') && path.parse::<axum::http::Uri>().is_ok();
        is_path.then(|| Self { checkpoint, path, words: words.collect(), body: &data[end + 1..] })
    }

    fn is(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    fn request(&self) -> Request<Body> {
        let mut request = Request::post(self.path).header(header::HOST, "localhost");
        let kind = if self.is("text") { "text/plain" } else { "application/json" };
        let is_grpc = self.path.starts_with(GRPC);
        let kind = if is_grpc { "application/grpc" } else { kind };
        request = request.header(header::CONTENT_TYPE, kind);
        if is_grpc {
            request = request.version(Version::HTTP_2);
        }
        if let Some(length) = self.words.iter().find_map(|word| word.strip_prefix("json=")) {
            request = request.header("inference-header-content-length", length);
        }
        if self.is("npy") {
            request = request.header(header::ACCEPT, "application/x-npy");
        }
        if self.is("gzip") || self.is("gzipped") {
            request = request.header(header::CONTENT_ENCODING, "gzip");
        }
        let body = if self.is("gzip") { gzip(self.body) } else { self.body.to_vec() };
        request.body(Body::from(body)).unwrap()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Sends the request and checks its answer.
pub fn send(asked: &Asked) -> Answered {
    let App { state, router } = app(asked.checkpoint);
    let answered = RUNTIME.block_on(async {
        let (head, body) = router.oneshot(asked.request()).await.unwrap().into_parts();
        // A copy, since the parts of an answer are charged until they are dropped.
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        let text = |name: &str| Some(head.headers.get(name)?.to_str().unwrap().to_owned());
        let kind = text("content-type").unwrap_or_default();
        Answered { status: head.status, kind, grpc_status: text("grpc-status"), body }
    });
    answered.check(asked.path);
    check_released(&state);
    answered
}

/// The path as the contract has it.
fn contract_path(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let rest = path.strip_prefix("/v2/models/").and_then(|rest| rest.strip_suffix("/infer"));
    match rest {
        Some(model) if !model.contains('/') => "/v2/models/{model}/infer".to_owned(),
        _ => path.to_owned(),
    }
}

impl Answered {
    fn check(&self, path: &str) {
        let Self { status, kind, grpc_status, body } = self;
        assert_ne!(grpc_status.as_deref(), Some(GRPC_INTERNAL));
        assert!(!status.is_server_error(), "{status}: {}", String::from_utf8_lossy(body));
        let path = &contract_path(path);
        let answers = &CONTRACT.contract()["paths"][path]["post"]["responses"];
        if answers.is_null() {
            let no_route = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
            let left_out = LEFT_OUT.contains(&path.as_str()) || path.starts_with(GRPC);
            assert!(no_route.contains(status) || left_out, "{path}: {status}");
            return;
        }
        let range = if status.is_success() { status.as_str() } else { "4XX" };
        let schema = CONTRACT.answer("post", path, range, kind);
        if kind.ends_with("json") {
            CONTRACT.check(schema, &serde_json::from_slice(body).unwrap());
        }
    }
}
