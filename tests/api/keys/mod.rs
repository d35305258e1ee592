//! API keys: who may ask, how much, and what is said and logged about it.

mod admin;
mod asking;
mod cors;
mod limits;
mod process;

use std::sync::Arc;

use axum::http::{Request, header};
use serde_json::json;
use strata::http::auth::Auth;
use strata::keys::{KeyEntry, KeyRing, Sha256Hash};
use tokio::sync::watch;

use crate::support::answer::Answer;

/// A key that is known in these tests, and another.
const KEY: &str = "strata_first-key-of-the-tests";
const OTHER_KEY: &str = "strata_second-key-of-the-tests";

/// The entry of a key in a file, with further fields.
fn entry(name: &str, key: &str, fields: &str) -> String {
    let sha256 = Sha256Hash::of_key(key.as_bytes()).to_hex();
    format!("[{name}]\nsha256 = '{sha256}'\n{fields}\n")
}

/// Asks for one of these keys.
fn auth(entries: &[String]) -> Auth {
    let entries = KeyEntry::read_all(&entries.join("\n"), "keys.toml").unwrap();
    Auth::new(watch::channel(Arc::new(KeyRing::new(&entries, &KeyRing::default()))).1)
}

/// Why a request with or without a key is refused.
#[derive(Clone, Copy)]
enum Refusal {
    Unauthorized,
    RateLimited,
}

/// What an error says, in the shape that its path has.
#[track_caller]
fn message(path: &str, answer: &Answer, refusal: Refusal) -> String {
    let (status, code) = match refusal {
        Refusal::Unauthorized => (401, "unauthorized"),
        Refusal::RateLimited => (429, "rate_limited"),
    };
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    answer.assert_observed();
    let body = answer.json();
    let said = match path {
        _ if path.starts_with("/v1/embeddings") || path.starts_with("/v1/models") => {
            let (code, kind) = match refusal {
                Refusal::Unauthorized => ("invalid_api_key", "invalid_request_error"),
                Refusal::RateLimited => ("rate_limit_exceeded", "rate_limit_error"),
            };
            let error = &body["error"];
            assert_eq!((&error["code"], &error["type"]), (&json!(code), &json!(kind)), "{path}");
            &error["message"]
        }
        "/rerank" | "/v1/rerank" | "/v2/rerank" | "/v2/embed" => &body["message"],
        _ if path == "/v2" || path.starts_with("/v2/") => &body["error"],
        "/tei/embeddings" | "/tei/v1/embeddings" => {
            assert_eq!((&body["code"], &body["type"]), (&json!(status), &json!(tei(refusal))));
            &body["message"]
        }
        _ if path.starts_with("/tei") => {
            assert_eq!(body["error_type"], tei(refusal), "{path}: {body}");
            &body["error"]
        }
        _ => {
            answer.problem(status, code, None);
            &body["detail"]
        }
    };
    said.as_str().unwrap_or_else(|| panic!("{path}: {body}")).to_owned()
}

/// The kind of an error in text-embeddings-inference.
fn tei(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Unauthorized => "Validation",
        Refusal::RateLimited => "Overloaded",
    }
}

/// The request with a key.
fn with_key<B>(mut request: Request<B>, key: &str) -> Request<B> {
    let value = format!("Bearer {key}").parse().unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, value);
    request
}
