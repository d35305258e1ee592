//! A complete answer, with the checks that apply to every answer.

use std::io::Read;

use axum::body::{Bytes, to_bytes};
use axum::http::{HeaderMap, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::Value;

/// The stages that `Server-Timing` names.
const STAGES: [&str; 4] = ["tokenize", "queue", "forward", "total"];

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub async fn read(response: Response<axum::body::Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no header {name}: {self:?}"));
        value.to_str().unwrap()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The text of a compressed body.
    pub fn gunzipped(&self) -> String {
        assert_eq!(self.header("content-encoding"), "gzip");
        let mut text = String::new();
        GzDecoder::new(&self.body[..]).read_to_string(&mut text).unwrap();
        text
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The body of a 200.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        self.assert_observed();
        self.json()
    }

    /// The problem details of a refusal, after the checks that apply to all refusals.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str, pointer: Option<&str>) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        self.assert_observed();
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem.get("pointer").and_then(Value::as_str), pointer, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:strata:problem:{code}"));
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        for said in ["title", "detail", "advice"] {
            assert_ne!(problem[said].as_str().unwrap(), "", "{said}: {problem}");
        }
        problem
    }

    /// Id, numerics and timings, which every answer has.
    #[track_caller]
    pub fn assert_observed(&self) {
        assert!(!self.header("x-request-id").is_empty());
        assert!(!self.header("x-strata-numerics").is_empty());
        let timing = self.header("server-timing").to_owned();
        let stages: Vec<_> =
            timing.split(", ").map(|one| one.split_once(";dur=").unwrap()).collect();
        assert_eq!(stages.iter().map(|(name, _)| *name).collect::<Vec<_>>(), STAGES);
        let millis = |(_, rest): &(&str, &str)| rest.split(';').next().unwrap().parse().unwrap();
        let millis: Vec<f64> = stages.iter().map(millis).collect();
        assert!(millis.iter().all(|millis| *millis >= 0.0), "{timing}");
    }
}

impl Answer {
    /// How many passes the request's sequences were spread over, by `Server-Timing`.
    #[track_caller]
    pub fn passes(&self) -> u32 {
        let (_, rest) = self.header("server-timing").split_once("desc=\"passes: ").unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    }
}

/// A list of numbers as JSON has it.
#[track_caller]
pub fn floats(row: &Value) -> Vec<f32> {
    let numbers = row.as_array().unwrap_or_else(|| panic!("not a list: {row}"));
    numbers.iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

/// A list of lists of numbers.
#[track_caller]
pub fn rows(rows: &Value) -> Vec<Vec<f32>> {
    rows.as_array().unwrap().iter().map(floats).collect()
}

/// The bytes of a row in base64.
pub fn from_base64_bytes(row: &Value) -> Vec<u8> {
    STANDARD.decode(row.as_str().unwrap()).unwrap()
}

/// Little-endian f32 in base64.
pub fn from_base64(row: &Value) -> Vec<f32> {
    let bytes = from_base64_bytes(row);
    let (numbers, rest) = bytes.as_chunks::<4>();
    assert!(rest.is_empty());
    numbers.iter().map(|number| f32::from_le_bytes(*number)).collect()
}
