//! The Open Inference Protocol, which is KServe's and Triton's version 2, under `/v2`, with Triton's
//! extensions for binary tensors and for the best classes.
//!
//! Inputs are tensors of texts; outputs are tensors by name, as `metadata` lists them. `inference` is what
//! JSON over HTTP and gRPC have in common.
//!
//! <https://github.com/kserve/open-inference-protocol>,
//! <https://github.com/triton-inference-server/server/tree/main/docs/protocol>

mod answer;
mod body;
mod contract;
mod elements;
mod error;
#[cfg(feature = "grpc")]
mod grpc;
mod health;
mod infer;
mod inference;
mod metadata;
mod model_path;
mod outputs;
mod parameters;
mod requested;
mod tensor;

#[cfg(feature = "grpc")]
pub use grpc::{DIALECT as GRPC_DIALECT, is_grpc};

use axum::Router;
use axum::routing::{MethodRouter, get, post};
use utoipa::OpenApi;

use crate::http::dialects::dialect::{Dialect, ErrorShape};
use crate::http::state::AppState;
use contract::OpenInferenceContract;

pub const DIALECT: Dialect = Dialect {
    paths: &["/v2"],
    routes,
    contract: OpenInferenceContract::openapi,
    error: ErrorShape::Json(error::error),
};

/// Where a model's routes begin. A name from a hub has two parts.
const MODELS: [&str; 4] = [
    "/v2/models/{model}",
    "/v2/models/{model}/versions/{version}",
    "/v2/models/{model}/{rest}",
    "/v2/models/{model}/{rest}/versions/{version}",
];

fn routes() -> Router<AppState> {
    let of_server = Router::new()
        .route("/v2", get(metadata::server))
        .route("/v2/health/live", get(health::live))
        .route("/v2/health/ready", get(health::ready));
    let of_model: [(&str, MethodRouter<AppState>); 3] = [
        ("", get(metadata::model)),
        ("/ready", get(health::model_ready)),
        ("/infer", post(infer::infer)),
    ];
    MODELS.iter().fold(of_server, |all, model| {
        of_model
            .iter()
            .fold(all, |all, (end, route)| all.route(&format!("{model}{end}"), route.clone()))
    })
}
