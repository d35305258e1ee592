//! Cohere's embeddings and reranking. Jina's reranking differs little, so answers have the fields of
//! both.
//!
//! <https://docs.cohere.com/reference/embed>, <https://docs.cohere.com/reference/rerank>,
//! <https://api.jina.ai/docs>

mod embed;
mod error;
mod limits;
mod rerank;

use axum::Router;
use axum::routing::post;

use crate::http::dialects::dialect::Dialect;
use crate::http::state::AppState;

const RERANK: [&str; 3] = ["/rerank", "/v1/rerank", "/v2/rerank"];

pub const DIALECT: Dialect =
    Dialect { paths: &["/rerank", "/v1/rerank", "/v2"], routes, error: error::error };

fn routes() -> Router<AppState> {
    let embed = Router::new().route("/v2/embed", post(embed::embed));
    RERANK.into_iter().fold(embed, |routes, path| routes.route(path, post(rerank::rerank)))
}
