//! Other services' shapes, so that their clients work unchanged: a file or folder per dialect.
//!
//! A dialect has its requests, its answers, its errors and how they are mapped, and nothing else: the
//! way through tokenizer, batcher and model is that of `/embed` and `/classify`.

mod cohere;
mod dialect;
mod open_inference;
mod openai;
mod status;
mod tei;

use axum::Router;
use axum::http::StatusCode;
use serde_json::Value;
use utoipa::Modify;
use utoipa::openapi::OpenApi;

use dialect::Dialect;

use super::error::ApiError;
use super::state::AppState;

static DIALECTS: &[Dialect] =
    &[openai::DIALECT, cohere::DIALECT, tei::DIALECT, tei::OPENAI_DIALECT, open_inference::DIALECT];

/// The routes of all dialects.
pub fn routes() -> Router<AppState> {
    DIALECTS.iter().fold(Router::new(), |all, dialect| all.merge((dialect.routes)()))
}

/// Adds the routes of all dialects to the OpenAPI contract.
pub struct DialectContracts;

impl Modify for DialectContracts {
    fn modify(&self, contract: &mut OpenApi) {
        for dialect in DIALECTS {
            contract.merge((dialect.contract)());
        }
    }
}

/// The status and body of an error at a path, if it is in a dialect.
pub fn error(path: &str, error: &ApiError, request_id: &str) -> Option<(StatusCode, Value)> {
    let begins = |start: &str| path.strip_prefix(start).is_some_and(starts_anew);
    let length = |dialect: &Dialect| {
        dialect.paths.iter().filter(|start| begins(start)).map(|start| start.len()).max()
    };
    let fitting = DIALECTS.iter().filter_map(|dialect| Some((length(dialect)?, dialect)));
    let (_, dialect) = fitting.max_by_key(|(length, _)| *length)?;
    Some((dialect.error)(error, request_id))
}

/// Whether a path ends here, or goes on with another segment.
fn starts_anew(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}
