//! HTTP: reads and checks requests, hands them to the batcher, and writes the answers.
//!
//! Never sees a tensor. Of `model` it uses only the plain data of recipes, heads and tasks.

mod answer_body;
mod answer_format;
mod body;
mod caller;
mod capped_list;
mod characters;
mod client;
pub mod connection;
mod decoding;
mod dialects;
mod embedding;
pub mod error;
pub mod error_code;
mod excerpt;
pub mod explain;
mod extract;
mod heads;
mod inputs;
mod json;
mod logits;
pub mod memory;
pub mod metrics;
mod middleware;
mod model_name;
mod npy;
pub mod openapi;
mod pipeline;
pub mod problem;
mod prompts;
mod recipe;
mod reply;
mod reranking;
pub mod routes;
mod scores;
mod similarity;
pub mod state;
pub mod text_pool;
mod timings;
mod token_ids;
mod tokenizing;
mod tokens;
mod top;
pub mod vectors;
pub mod wire;
mod wire_texts;
mod without_prompt;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use error::ApiError;
use routes::{classify, embed, health, info};
use state::AppState;

/// Every route, with the middleware around it.
pub fn router(state: AppState) -> Router {
    // By default the page sends the contract to a public server that validates it.
    let docs: Router<AppState> = SwaggerUi::new("/docs")
        .config(Config::default().validator_url("none"))
        .url("/openapi.json", openapi::Contract::openapi())
        .into();
    let metrics = Arc::clone(state.http_metrics());
    let mut inference = Router::new()
        .route("/embed", post(embed::embed))
        .route("/classify", post(classify::classify))
        .merge(dialects::routes());
    if state.config().compress_answers {
        // Rows of numbers gain little from more effort.
        inference = inference.layer(CompressionLayer::new().quality(CompressionLevel::Fastest));
    }
    let routes = inference
        .route("/health", get(health::health))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(routes::metrics::metrics))
        .route("/info", get(info::info))
        .route("/openapi.yaml", get(openapi::openapi_yaml))
        .route("/", get(openapi::root))
        .merge(docs)
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .with_state(state);
    middleware::around(routes, metrics)
}
