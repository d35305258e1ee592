//! The routes in the OpenAPI contract.

use utoipa::OpenApi;

use super::{either, embed, rerank};

/// The contract of the dialect's handlers.
#[derive(OpenApi)]
#[openapi(
    paths(embed::embed, either::rerank, rerank::v1, rerank::v2),
    tags((name = "Cohere and Jina", description = "The routes of Cohere and Jina, for their clients."))
)]
pub struct CohereContract;
