//! The routes in the OpenAPI contract.

use utoipa::OpenApi;

use super::{embeddings, models};

/// The contract of the dialect's handlers.
#[derive(OpenApi)]
#[openapi(
    paths(embeddings::embeddings, models::list, models::one),
    tags((name = "OpenAI and Jina", description = "The routes of OpenAI and Jina, for their clients."))
)]
pub struct OpenAiContract;
