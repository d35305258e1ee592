//! The protocol over gRPC, and the standard health service.
//!
//! A call has the limits of every other request: its key, the room of the queue, the rate and the size of its
//! body, and its memory. So it is read and written here (`frame`, `call`, `answer_body`), by what reads and
//! writes bodies of HTTP.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

mod about;
mod answer;
mod answer_body;
mod call;
mod fields;
mod frame;
mod health;
mod infer;
mod protocol;
mod request;
mod status;
mod watch;

pub use call::is_grpc;

use axum::Router;
use axum::routing::post;
use utoipa::openapi::OpenApi;

use crate::http::dialects::dialect::{Dialect, ErrorShape};
use crate::http::state::AppState;

pub const DIALECT: Dialect = Dialect {
    // A request is one of gRPC by its content type.
    paths: &[],
    routes,
    // OpenAPI has no gRPC; the contract are the files in `proto`.
    contract: OpenApi::default,
    error: ErrorShape::Headers(status::headers),
};

fn routes() -> Router<AppState> {
    Router::new()
        .route("/inference.GRPCInferenceService/ServerLive", post(about::server_live))
        .route("/inference.GRPCInferenceService/ServerReady", post(about::server_ready))
        .route("/inference.GRPCInferenceService/ModelReady", post(about::model_ready))
        .route("/inference.GRPCInferenceService/ServerMetadata", post(about::server_metadata))
        .route("/inference.GRPCInferenceService/ModelMetadata", post(about::model_metadata))
        .route("/inference.GRPCInferenceService/ModelInfer", post(infer::infer))
        .route("/grpc.health.v1.Health/Check", post(health::check))
        .route("/grpc.health.v1.Health/Watch", post(watch::watch))
}
