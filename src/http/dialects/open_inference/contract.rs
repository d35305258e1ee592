//! The routes in the OpenAPI contract.

use utoipa::OpenApi;

use super::{health, infer, metadata};

/// The contract of the dialect's handlers.
#[derive(OpenApi)]
#[openapi(
    paths(
        metadata::server,
        metadata::model,
        health::live,
        health::ready,
        health::model_ready,
        infer::infer,
    ),
    tags((
        name = "Open Inference Protocol",
        description = "The routes of KServe's and Triton's version 2, for their clients.",
    ))
)]
pub struct OpenInferenceContract;
