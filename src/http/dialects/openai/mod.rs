//! OpenAI's embeddings and models.
//!
//! <https://platform.openai.com/docs/api-reference/embeddings>

mod contract;
mod embeddings;
mod error;
mod input;
mod jina;
mod models;

pub use embeddings::{Defaults, EmbeddingsRequest};
pub use input::OpenAiInput;

use axum::Router;
use axum::routing::{get, post};
use utoipa::OpenApi;

use crate::http::dialects::dialect::{Dialect, ErrorShape};
use crate::http::state::AppState;
use contract::OpenAiContract;

pub const DIALECT: Dialect = Dialect {
    paths: &["/v1"],
    routes,
    contract: OpenAiContract::openapi,
    error: ErrorShape::Json(error::error),
};

fn routes() -> Router<AppState> {
    Router::new()
        .route("/v1/embeddings", post(embeddings::embeddings))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{*name}", get(models::one))
}
