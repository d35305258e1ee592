//! The OpenAPI contract, generated from the handlers and their request and answer types.

use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi, openapi};

use super::dialects::DialectContracts;
use super::error::ApiError;
use super::routes::{classify, embed, health, info, metrics, tag, zero_shot};

/// The contract of all handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Strata",
        description = "BERT and its relatives over HTTP: class logits, tags and embeddings, from any hidden layers.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        embed::embed,
        classify::classify,
        tag::tag,
        zero_shot::zero_shot,
        health::health,
        health::livez,
        health::readyz,
        metrics::metrics,
        info::info,
    ),
    modifiers(&DialectContracts, &KeyScheme),
    security((), ("key" = [])),
    tags(
        (name = "inference", description = "Embeddings, class logits and entities of texts."),
        (name = "health", description = "State of the server, for an orchestrator."),
        (name = "about", description = "Description of the server."),
    )
)]
pub struct Contract;

/// Says how a key is sent, if the server needs one.
struct KeyScheme;

impl Modify for KeyScheme {
    fn modify(&self, contract: &mut openapi::OpenApi) {
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        let said = "Only where keys are configured. Probes and documentation never need one.";
        bearer.description = Some(said.to_owned());
        let components = contract.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(bearer));
    }
}

/// The contract as YAML, as in the file `openapi.yaml`.
///
/// # Errors
/// It can't be written as YAML; a test checks that it can.
pub fn yaml() -> Result<String, String> {
    Contract::openapi().to_yaml().map_err(|error| error.to_string())
}

/// `GET /openapi.yaml`
pub async fn openapi_yaml() -> Result<impl IntoResponse, ApiError> {
    let yaml = yaml().map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/yaml")], yaml))
}

/// `GET /`: redirects to the API's documentation.
pub async fn root() -> Redirect {
    Redirect::temporary("/docs")
}
