//! What the server and its models are.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ErrorBody;
use super::inference::{BYTES, PAIR, TEXT};
use super::model_path::ModelPath;
use super::requested::{EMBEDDING, output_names};
use crate::http::error::ApiError;
use crate::http::recipe::resolve;
use crate::http::service::Service;
use crate::http::state::AppState;
use crate::model::recipe::RecipeRef;

/// The number of rows of a tensor, which the request decides.
const ANY: i64 = -1;

/// What the server is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenInferenceServer)]
pub struct ServerMetadata {
    /// `strata`
    pub name: &'static str,
    /// The server's version.
    pub version: &'static str,
    /// The extensions of the protocol that it has.
    pub extensions: Vec<&'static str>,
}

impl ServerMetadata {
    /// This server.
    pub fn new() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            extensions: vec!["binary_tensor_data", "classification"],
        }
    }
}

/// What a model is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenInferenceModel)]
pub struct ModelMetadata {
    /// Its name.
    pub name: String,
    /// The version that is served: the fingerprint of its encoder.
    pub versions: Vec<String>,
    /// `strata`
    pub platform: &'static str,
    /// Its inputs.
    pub inputs: Vec<TensorMetadata>,
    /// Its outputs. An output of another name is an embedding if it has a recipe in its parameters.
    pub outputs: Vec<TensorMetadata>,
}

/// What a tensor is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenInferenceTensor)]
pub struct TensorMetadata {
    /// Its name.
    pub name: String,
    /// The type of its elements.
    pub datatype: &'static str,
    /// Its dimensions; -1 is one that the request decides.
    pub shape: Vec<i64>,
}

impl ModelMetadata {
    /// The metadata of a model that serves.
    ///
    /// # Errors
    /// None for a loaded model: it always has its default recipe.
    pub fn new(service: &Service) -> Result<Self, ApiError> {
        let input = |name: &str| TensorMetadata {
            name: name.to_owned(),
            datatype: BYTES,
            shape: vec![ANY],
        };
        let recipe = RecipeRef::Name(service.default_recipe.clone());
        let columns = resolve(service, &recipe, "")?.dimensions;
        let heads = service.heads();
        let width = |name: &str| match name.split_once('/') {
            _ if name == EMBEDDING => Some(columns),
            Some((head, _)) => heads.loaded.get(head).map(|head| head.descriptor().labels.len()),
            None => None,
        };
        let output = |name: String| {
            let shape = vec![ANY, width(&name)? as i64];
            Some(TensorMetadata { name, datatype: "FP32", shape })
        };
        Ok(Self {
            name: service.model.name.clone(),
            versions: vec![service.model.fingerprint.clone()],
            platform: env!("CARGO_PKG_NAME"),
            inputs: [TEXT]
                .into_iter()
                .chain(service.takes_pairs.then_some(PAIR))
                .map(input)
                .collect(),
            outputs: output_names(service).into_iter().filter_map(output).collect(),
        })
    }
}

/// Describes the server.
#[utoipa::path(
    get, path = "/v2", operation_id = "open_inference_server", tag = "Open Inference Protocol",
    responses(
        (status = 200, body = ServerMetadata, description = "The server."),
        (status = 401, body = ErrorBody, description = "No key."),
    ),
)]
pub async fn server() -> Json<ServerMetadata> {
    Json(ServerMetadata::new())
}

/// Describes a model: its inputs and its outputs. A version may be named, as in the other routes of a model:
/// `/v2/models/{model}/versions/{version}`.
#[utoipa::path(
    get, path = "/v2/models/{model}", operation_id = "open_inference_model",
    tag = "Open Inference Protocol",
    params(("model" = String, Path, description = "A name of a model.")),
    responses(
        (status = 200, body = ModelMetadata, description = "The model."),
        (status = 401, body = ErrorBody, description = "No key."),
        (status = 404, body = ErrorBody, description = "There is no such model or version."),
        (status = 503, body = ErrorBody, description = "Starting, or the model is broken."),
    ),
)]
pub async fn model(
    State(state): State<AppState>,
    path: ModelPath,
) -> Result<Json<ModelMetadata>, ApiError> {
    Ok(Json(ModelMetadata::new(&*path.service(&state)?)?))
}
