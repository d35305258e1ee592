//! text-embeddings-inference, version 1.8, under `/tei`, which its clients take as their base.
//!
//! <https://huggingface.github.io/text-embeddings-inference>

mod about;
mod contract;
mod decode;
mod embed;
mod error;
mod openai;
mod options;
mod pairs;
mod predict;
mod rerank;
mod root;
mod similarity;
mod tokenize;

pub use options::TruncationDirection;
pub use rerank::{Rank, TeiRerankRequest, rerank};

use axum::Router;
use axum::routing::{get, post};
use utoipa::openapi::OpenApi;

use super::dialect::{Dialect, ErrorShape};
use crate::http::state::AppState;

pub const DIALECT: Dialect = Dialect {
    paths: &["/tei"],
    routes,
    contract: contract::contract,
    error: ErrorShape::Json(error::error),
};

/// OpenAI's route below it, with an error object of its own.
pub const OPENAI_DIALECT: Dialect = Dialect {
    paths: &["/tei/embeddings", "/tei/v1"],
    routes: openai_routes,
    contract: OpenApi::default,
    error: ErrorShape::Json(error::openai_error),
};

fn routes() -> Router<AppState> {
    Router::new()
        .route("/tei", get(about::health).post(root::root))
        .route("/tei/", get(about::health).post(root::root))
        .route("/tei/embed", post(embed::embed))
        .route("/tei/embed_all", post(embed::embed_all))
        .route("/tei/embed_sparse", post(embed::embed_sparse))
        .route("/tei/predict", post(predict::predict))
        .route("/tei/rerank", post(rerank::rerank))
        .route("/tei/similarity", post(similarity::similarity))
        .route("/tei/tokenize", post(tokenize::tokenize))
        .route("/tei/decode", post(decode::decode))
        .route("/tei/info", get(about::info))
        .route("/tei/health", get(about::health))
}

fn openai_routes() -> Router<AppState> {
    let paths = ["/tei/embeddings", "/tei/v1/embeddings"];
    paths.into_iter().fold(Router::new(), |all, path| all.route(path, post(openai::embeddings)))
}
