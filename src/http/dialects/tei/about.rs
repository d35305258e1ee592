//! `/info` and `/health`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ErrorBody, ErrorType};
use super::root::ModelKind;
use crate::http::error::ApiError;
use crate::http::heads;
use crate::http::models::Wanted;
use crate::http::recipe::native;
use crate::http::service::Service;
use crate::http::state::{AppState, Phase};

/// The answer of `GET /info`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiInfo)]
pub struct TeiInfo {
    /// The model's name.
    model_id: String,
    /// The fingerprint of its encoder.
    model_sha: String,
    /// The dtype of its GEMMs.
    model_dtype: &'static str,
    /// What it is for.
    model_type: ModelType,
    /// The most open connections.
    max_concurrent_requests: usize,
    /// The most tokens of a sequence, special tokens included.
    max_input_length: usize,
    /// The most tokens in one pass.
    max_batch_tokens: usize,
    /// The most sequences in one pass, if there is a limit.
    max_batch_requests: Option<usize>,
    /// The most inputs of a request.
    max_client_batch_size: usize,
    /// Whether long texts are cut if a request doesn't say.
    auto_truncate: bool,
    /// Threads for long texts.
    tokenization_workers: usize,
    /// The server's version.
    version: &'static str,
    /// The server's commit, which isn't known.
    sha: Option<&'static str>,
    /// The image, which isn't known.
    docker_label: Option<&'static str>,
}

/// What a model is for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiModelType)]
#[serde(rename_all = "lowercase")]
pub enum ModelType {
    /// It embeds.
    Embedding(EmbeddingModel),
    /// It classifies, by several labels.
    Classifier(ClassifierModel),
    /// It scores pairs, by one label.
    Reranker(ClassifierModel),
}

/// A model that embeds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiEmbeddingModel)]
pub struct EmbeddingModel {
    /// `splade` if the model makes sparse rows; else the pooling of the recipe `native`, or several of them.
    pooling: String,
}

/// A model that classifies.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiClassifierModel)]
pub struct ClassifierModel {
    /// Labels by their index.
    id2label: BTreeMap<usize, String>,
    /// Indices by label.
    label2id: BTreeMap<String, usize>,
}

/// Describes the model and the limits of a request.
#[utoipa::path(
    get, path = "/info", operation_id = "tei_info", tag = "text-embeddings-inference",
    responses(
        (status = 200, body = TeiInfo, description = "The model and the limits."),
        (status = 401, body = ErrorBody, description = "No key."),
        (status = 503, body = ErrorBody, description = "Starting."),
    ),
)]
pub async fn info(State(state): State<AppState>) -> Result<Json<TeiInfo>, ApiError> {
    let service = &state.models().choose(Wanted::First)?;
    Ok(Json(TeiInfo {
        model_id: service.model.name.clone(),
        model_sha: service.model.fingerprint.clone(),
        model_dtype: match service.model.dtype {
            "f32" => "float32",
            "bf16" => "bfloat16",
            other => other,
        },
        model_type: model_type(service)?,
        max_concurrent_requests: state.config().connections.get(),
        max_input_length: service.sequence_tokens,
        max_batch_tokens: service.batcher.token_budget(),
        max_batch_requests: None,
        max_client_batch_size: service.limits.inputs.get(),
        auto_truncate: service.tei.truncate,
        tokenization_workers: service.text_pool.threads(),
        version: env!("CARGO_PKG_VERSION"),
        sha: None,
        docker_label: None,
    }))
}

fn model_type(service: &Service) -> Result<ModelType, ApiError> {
    let kind = ModelKind::find(service);
    let is_splade = service.sparse.as_ref().is_some_and(|head| head.splade().is_some());
    if kind == ModelKind::Embedding && is_splade {
        return Ok(ModelType::Embedding(EmbeddingModel { pooling: "splade".to_owned() }));
    }
    if kind == ModelKind::Embedding {
        let native = native(service, None)?;
        let names = native.pooling.as_slice().iter().map(|pooling| pooling.name());
        let pooling = names.collect::<Vec<_>>().join("+");
        return Ok(ModelType::Embedding(EmbeddingModel { pooling }));
    }
    let head = heads::only(service)?;
    let labels = head.descriptor().labels.iter().cloned();
    let classifier = ClassifierModel {
        id2label: labels.clone().enumerate().collect(),
        label2id: labels.enumerate().map(|(index, label)| (label, index)).collect(),
    };
    Ok(match kind {
        ModelKind::Reranking => ModelType::Reranker(classifier),
        _ => ModelType::Classifier(classifier),
    })
}

/// 200 without a body while the server is ready.
#[utoipa::path(
    get, path = "/health", operation_id = "tei_health", tag = "text-embeddings-inference",
    security(()),
    responses(
        (status = 200, description = "Ready."),
        (status = 503, body = ErrorBody, description = "Starting, failing or draining."),
    ),
)]
pub async fn health(State(state): State<AppState>) -> Result<Response, ApiError> {
    match state.phase() {
        Phase::Ready => Ok(StatusCode::OK.into_response()),
        Phase::Starting => Err(ApiError::Starting),
        Phase::Draining => Err(ApiError::Draining),
        Phase::Failing => {
            let error = "a model could not be loaded, its last pass failed, or its worker is dead"
                .to_owned();
            let body = ErrorBody { error, error_type: ErrorType::Unhealthy };
            Ok((StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response())
        }
    }
}
