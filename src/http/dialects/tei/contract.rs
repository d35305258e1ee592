//! The routes in the OpenAPI contract; the paths are those below `/tei`.

use utoipa::{OpenApi, openapi};

use super::{about, decode, embed, predict, rerank, similarity, tokenize};

/// The contract of the dialect's handlers.
#[derive(OpenApi)]
#[openapi(
    paths(
        embed::embed,
        embed::embed_all,
        embed::embed_sparse,
        predict::predict,
        rerank::rerank,
        similarity::similarity,
        tokenize::tokenize,
        decode::decode,
        about::info,
        about::health,
    ),
    tags((
        name = "text-embeddings-inference",
        description = "The routes of text-embeddings-inference, for its clients.",
    ))
)]
struct TeiContract;

/// The contract of the routes.
pub fn contract() -> openapi::OpenApi {
    openapi::OpenApi::default().nest("/tei", TeiContract::openapi())
}
