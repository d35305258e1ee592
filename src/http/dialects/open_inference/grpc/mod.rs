//! The protocol over gRPC, and the standard health service.
//!
//! tonic reads and writes messages. Before it sees one, the request has the limits of every other: its key,
//! the room of the queue, the rate and the size of its body, and its memory (`admission`).

mod admission;
mod answer;
mod fields;
mod frame;
mod health;
// Made from `proto/open_inference.proto`; a test says when it isn't up to date.
#[allow(missing_docs, clippy::all, clippy::too_many_lines)]
#[rustfmt::skip]
mod protocol;
mod request;
mod service;
mod status;

pub use admission::is_grpc;

use axum::Router;
use axum::routing::{MethodRouter, post};
use utoipa::openapi::OpenApi;

use crate::http::dialects::dialect::{Dialect, ErrorShape};
use crate::http::state::AppState;

pub const DIALECT: Dialect = Dialect {
    // A request is one of gRPC by its content type.
    paths: &[],
    routes,
    // OpenAPI has no gRPC; the contract is `proto/open_inference.proto`.
    contract: OpenApi::default,
    error: ErrorShape::Headers(status::headers),
};

fn routes() -> Router<AppState> {
    let about: MethodRouter<AppState> = post(service::about);
    let methods = ["ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata"];
    let about = methods.iter().fold(Router::new(), |all, method| {
        all.route(&format!("/inference.GRPCInferenceService/{method}"), about.clone())
    });
    let health: MethodRouter<AppState> = post(health::health);
    about
        .route("/inference.GRPCInferenceService/ModelInfer", post(service::infer))
        .route("/grpc.health.v1.Health/Check", health.clone())
        .route("/grpc.health.v1.Health/Watch", health)
}
