//! HTTP: parse and check what comes in, hand it on, and write what comes out.
//!
//! Never sees a tensor. Uses `text`, `batching`, `config`, and of `model` the plain data of
//! recipes, heads and tasks.

pub mod error;
pub mod explain;
mod extract;
mod inputs;
mod middleware;
pub mod openapi;
mod pipeline;
mod reply;
pub mod routes;
pub mod serve;
pub mod state;
pub mod wire;

use axum::Router;
use axum::routing::{get, post};
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use error::ApiError;
use routes::{classify, embed, health, info};
use state::AppState;

/// Every route, with the middleware around it.
pub fn router(state: AppState) -> Router {
    // Unless told otherwise the page asks a foreign server whether the contract is valid.
    let docs: Router<AppState> = SwaggerUi::new("/docs")
        .config(Config::default().validator_url("none"))
        .url("/openapi.json", openapi::Contract::openapi())
        .into();
    let routes = Router::new()
        .route("/embed", post(embed::embed))
        .route("/classify", post(classify::classify))
        .route("/health", get(health::health))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/info", get(info::info))
        .route("/openapi.yaml", get(openapi::openapi_yaml))
        .route("/", get(openapi::root))
        .merge(docs)
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .with_state(state);
    middleware::around(routes)
}
