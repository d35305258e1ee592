//! HTTP: reads and checks requests, hands them to the batcher, and writes the answers.
//!
//! Never sees a tensor. Of `model` it uses only the plain data of recipes, heads and tasks.

mod answer_body;
mod answer_format;
pub mod auth;
mod body;
mod caller;
mod capped_list;
mod characters;
mod client;
pub mod connection;
mod content_type;
mod cors;
mod deadline;
mod decoding;
mod dialects;
mod embedding;
pub mod error;
pub mod error_code;
mod excerpt;
pub mod explain;
mod extract;
mod head_results;
mod heads;
mod inputs;
mod json;
mod key_charge;
mod key_metrics;
mod logits;
pub mod memory;
pub mod metrics;
mod middleware;
pub mod model_card;
mod model_metrics;
pub mod models;
mod npy;
pub mod openapi;
mod outputs;
mod pipeline;
mod probes;
pub mod problem;
mod prompts;
mod recipe;
mod reply;
mod reranking;
pub mod routes;
mod scores;
pub mod service;
mod similarity;
mod sparse;
pub mod state;
mod strict_json;
mod tagging;
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
mod zero_shot;

use axum::Router;
use axum::routing::{get, post};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use error::ApiError;
use middleware::Observer;
use routes::zero_shot as zero_shot_route;
use routes::{classify, embed, health, info, tag};
use state::AppState;

/// Which routes a port has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// All of them: the only port.
    Only,
    /// What clients ask for, beside a port for administration.
    Clients,
    /// Metrics, documentation and probes, which need no key there.
    Admin,
}

/// The routes of a port, with the middleware around them.
pub fn router(state: AppState, port: Port) -> Router {
    let observer = match port {
        Port::Only | Port::Clients => Observer::for_clients(&state),
        // A page in the operator's browser must not read it.
        Port::Admin => Observer::open(&state),
    };
    let mut routes = probes();
    if port != Port::Admin {
        routes = routes.merge(inference(state.config().compress_answers));
    }
    if port != Port::Clients {
        routes = routes.merge(observability());
    }
    let routes = routes
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .with_state(state);
    middleware::around(routes, observer)
}

fn inference(compress_answers: bool) -> Router<AppState> {
    let mut computing = Router::new()
        .route("/embed", post(embed::embed))
        .route("/classify", post(classify::classify))
        .route("/tag", post(tag::tag))
        .route("/zero-shot", post(zero_shot_route::zero_shot))
        .merge(dialects::routes());
    if compress_answers {
        // Rows of numbers gain little from more effort.
        computing = computing.layer(CompressionLayer::new().quality(CompressionLevel::Fastest));
    }
    computing.route("/info", get(info::info))
}

fn probes() -> Router<AppState> {
    Router::new()
        .route("/health", get(health::health))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
}

fn observability() -> Router<AppState> {
    // By default the page sends the contract to a public server that validates it.
    let docs: Router<AppState> = SwaggerUi::new("/docs")
        .config(Config::default().validator_url("none"))
        .url("/openapi.json", openapi::Contract::openapi())
        .into();
    Router::new()
        .route("/metrics", get(routes::metrics::metrics))
        // As text-embeddings-inference has it.
        .route("/tei/metrics", get(routes::metrics::metrics))
        .route("/openapi.yaml", get(openapi::openapi_yaml))
        .route("/", get(openapi::root))
        .merge(docs)
}
