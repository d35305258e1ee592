//! The contract, generated from the handlers and the types that they read and write.

use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use utoipa::OpenApi;

use super::error::ApiError;
use super::routes::{classify, embed, health, info};

/// Collects what the handlers say of themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Strata",
        description = "BERT over HTTP: class logits and embeddings, read from whichever hidden layers you name.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        embed::embed,
        classify::classify,
        health::health,
        health::livez,
        health::readyz,
        info::info,
    ),
    tags(
        (name = "inference", description = "Texts in, numbers out."),
        (name = "health", description = "What an orchestrator asks."),
        (name = "about", description = "What is served."),
    )
)]
pub struct Contract;

/// The contract as YAML, as `openapi.yaml` has it.
///
/// # Errors
/// It can't be written, which a test rules out.
pub fn yaml() -> Result<String, String> {
    Contract::openapi().to_yaml().map_err(|error| error.to_string())
}

/// `GET /openapi.yaml`
pub async fn openapi_yaml() -> Result<impl IntoResponse, ApiError> {
    let yaml = yaml().map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/yaml")], yaml))
}

/// `GET /`: the playground, once there is one.
pub async fn root() -> Redirect {
    Redirect::temporary("/docs")
}
