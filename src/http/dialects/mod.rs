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
use axum::extract::Request;
use utoipa::Modify;
use utoipa::openapi::OpenApi;

pub use dialect::ErrorShape;

use dialect::Dialect;

use super::state::AppState;

static DIALECTS: &[Dialect] = &[
    openai::DIALECT,
    cohere::DIALECT,
    tei::DIALECT,
    tei::OPENAI_DIALECT,
    open_inference::DIALECT,
    #[cfg(feature = "grpc")]
    open_inference::GRPC_DIALECT,
];

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

/// The shape of the errors of a request: that of gRPC, if it is one, or else that of the dialect of its path.
pub fn error_shape(request: &Request) -> Option<ErrorShape> {
    #[cfg(feature = "grpc")]
    if open_inference::is_grpc(request.headers()) {
        return Some(open_inference::GRPC_DIALECT.error);
    }
    let path = request.uri().path();
    let begins = |start: &str| path.strip_prefix(start).is_some_and(starts_anew);
    let length = |dialect: &Dialect| {
        dialect.paths.iter().filter(|start| begins(start)).map(|start| start.len()).max()
    };
    let fitting = DIALECTS.iter().filter_map(|dialect| Some((length(dialect)?, dialect)));
    let (_, dialect) = fitting.max_by_key(|(length, _)| *length)?;
    Some(dialect.error)
}

/// Whether a path ends here, or goes on with another segment.
fn starts_anew(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}
