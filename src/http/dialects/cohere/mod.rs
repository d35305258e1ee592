//! Cohere's embeddings and reranking. Jina's reranking differs little, so answers have the fields of
//! both.
//!
//! <https://docs.cohere.com/reference/embed>, <https://docs.cohere.com/reference/rerank>,
//! <https://api.jina.ai/docs>

mod contract;
mod either;
mod embed;
mod embed_fields;
mod error;
mod limits;
mod rerank;

use axum::Router;
use axum::routing::post;
use utoipa::OpenApi;

use crate::http::dialects::dialect::{Dialect, ErrorShape};
use crate::http::state::AppState;
use contract::CohereContract;

pub const DIALECT: Dialect = Dialect {
    paths: &["/rerank", "/v1/rerank", "/v2/rerank", "/v2/embed"],
    routes,
    contract: CohereContract::openapi,
    error: ErrorShape::Json(error::error),
};

fn routes() -> Router<AppState> {
    Router::new()
        .route("/rerank", post(either::rerank))
        .route("/v1/rerank", post(rerank::v1))
        .route("/v2/rerank", post(rerank::v2))
        .route("/v2/embed", post(embed::embed))
}
