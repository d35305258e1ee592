//! The methods that say what the server and its models are and do.

use axum::extract::State;
use axum::response::Response;

use super::answer_body::small;
use super::call::Small;
use super::protocol::inference::model_metadata_response::TensorMetadata;
use super::protocol::inference::{ModelMetadataRequest, ModelMetadataResponse};
use super::protocol::inference::{ModelReadyRequest, ModelReadyResponse};
use super::protocol::inference::{ServerLiveRequest, ServerLiveResponse};
use super::protocol::inference::{ServerMetadataRequest, ServerMetadataResponse};
use super::protocol::inference::{ServerReadyRequest, ServerReadyResponse};
use crate::http::dialects::open_inference::health;
use crate::http::dialects::open_inference::metadata::{self, ModelMetadata, ServerMetadata};
use crate::http::dialects::open_inference::model_path::ModelPath;
use crate::http::error::ApiError;
use crate::http::state::AppState;

/// `ServerLive`
pub async fn server_live(
    State(state): State<AppState>,
    Small(ServerLiveRequest {}): Small<ServerLiveRequest>,
) -> Result<Response, ApiError> {
    small(&ServerLiveResponse { live: health::is_live(&state).await })
}

/// `ServerReady`
pub async fn server_ready(
    State(state): State<AppState>,
    Small(ServerReadyRequest {}): Small<ServerReadyRequest>,
) -> Result<Response, ApiError> {
    small(&ServerReadyResponse { ready: health::is_ready(&state) })
}

/// `ModelReady`
pub async fn model_ready(
    State(state): State<AppState>,
    Small(asked): Small<ModelReadyRequest>,
) -> Result<Response, ApiError> {
    let entry = ModelPath::new(asked.name, asked.version).entry(&state)?;
    small(&ModelReadyResponse { ready: health::is_model_ready(&entry, &state) })
}

/// `ServerMetadata`
pub async fn server_metadata(
    Small(ServerMetadataRequest {}): Small<ServerMetadataRequest>,
) -> Result<Response, ApiError> {
    let ServerMetadata { name, version, extensions } = ServerMetadata::new();
    small(&ServerMetadataResponse {
        name: name.to_owned(),
        version: version.to_owned(),
        extensions: extensions.into_iter().map(str::to_owned).collect(),
    })
}

/// `ModelMetadata`
pub async fn model_metadata(
    State(state): State<AppState>,
    Small(asked): Small<ModelMetadataRequest>,
) -> Result<Response, ApiError> {
    let service = ModelPath::new(asked.name, asked.version).service(&state)?;
    let metadata = ModelMetadata::new(&service)?;
    let tensors = |list: Vec<metadata::TensorMetadata>| {
        let tensor = |tensor: metadata::TensorMetadata| TensorMetadata {
            name: tensor.name,
            datatype: tensor.datatype.to_owned(),
            shape: tensor.shape,
        };
        list.into_iter().map(tensor).collect()
    };
    small(&ModelMetadataResponse {
        name: metadata.name,
        versions: metadata.versions,
        platform: metadata.platform.to_owned(),
        inputs: tensors(metadata.inputs),
        outputs: tensors(metadata.outputs),
    })
}
