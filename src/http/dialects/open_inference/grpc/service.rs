//! `GRPCInferenceService`

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request as HttpRequest, State};
use axum::response::Response as HttpResponse;
use tonic::codegen::Service;
use tonic::{Request, Response, Status};

use super::admission::{AnswerMemory, SmallCall, check_content_type, finish, with_body};
use super::answer::{self, Head};
use super::fields::decoded_bytes;
use super::frame::{decompress, is_compressed};
use super::protocol::grpc_inference_service_server::GrpcInferenceService;
use super::protocol::grpc_inference_service_server::GrpcInferenceServiceServer;
use super::protocol::model_metadata_response::TensorMetadata;
use super::protocol::{ModelInferRequest, ModelInferResponse};
use super::protocol::{ModelMetadataRequest, ModelMetadataResponse};
use super::protocol::{ModelReadyRequest, ModelReadyResponse};
use super::protocol::{ServerLiveRequest, ServerLiveResponse};
use super::protocol::{ServerMetadataRequest, ServerMetadataResponse};
use super::protocol::{ServerReadyRequest, ServerReadyResponse};
use super::request::{self, is_raw};
use super::status::from_error;
use crate::http::caller::Caller;
use crate::http::dialects::open_inference::health;
use crate::http::dialects::open_inference::metadata::{self, ModelMetadata, ServerMetadata};
use crate::http::dialects::open_inference::model_path::ModelPath;
use crate::http::error::ApiError;
use crate::http::extract::read_bytes;
use crate::http::reply::{INLINE_NUMBERS, Reply};
use crate::http::state::AppState;

/// The service, for one call.
struct Inference {
    state: AppState,
    /// Who calls `ModelInfer`.
    caller: Mutex<Option<Caller>>,
}

/// `ModelInfer`: has the limits of every other request that is computed.
pub async fn infer(
    State(state): State<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    check_content_type(request.headers())?;
    let limit = state.config().body_bytes.get();
    let (mut parts, body) = request.into_parts();
    let head = HttpRequest::from_parts(parts.clone(), body);
    let (mut body, mut caller) = read_bytes(head, &state).await?;
    if is_compressed(&body) {
        let (mut headers, mut memory) = (mem::take(&mut parts.headers), caller.memory);
        let decompressing = caller.service.text_pool.run(true, caller.deadline, move || {
            let body = decompress(&body, &mut headers, limit, &mut memory)?;
            Ok::<_, ApiError>((body, headers, memory))
        });
        (body, parts.headers, caller.memory) = decompressing.await??;
    }
    caller.memory.try_grow(decoded_bytes(&body))?;
    let inference = Inference { state, caller: Mutex::new(Some(caller)) };
    let mut service = GrpcInferenceServiceServer::new(inference).max_decoding_message_size(limit);
    let Ok(response) = service.call(with_body(parts, body)).await;
    finish(response)
}

/// The methods that compute nothing.
pub async fn about(
    State(state): State<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let SmallCall(request) = SmallCall::read(request, &state).await?;
    let inference = Inference { state, caller: Mutex::new(None) };
    let Ok(response) = GrpcInferenceServiceServer::new(inference).call(request).await;
    finish(response)
}

/// The model of a name, and of a version if that isn't empty.
fn path(name: String, version: String) -> ModelPath {
    ModelPath { name, version: Some(version).filter(|version| !version.is_empty()) }
}

impl Inference {
    async fn compute(
        &self,
        message: ModelInferRequest,
    ) -> Result<Response<ModelInferResponse>, ApiError> {
        let caller = self.caller.lock().unwrap_or_else(PoisonError::into_inner).take();
        let caller = caller.ok_or_else(|| ApiError::internal("a call is computed twice"))?;
        let path = path(message.model_name.clone(), message.model_version.clone());
        let (raw, id) = (is_raw(&message), message.id.clone());
        let service = path.service(&self.state)?;
        let caller = caller.asking(Arc::clone(&service));
        let request = request::read(message)?;
        let (inferred, reply) = request.compute(&service, caller).await?;
        let Reply { numbers, deadline, memory } = reply;
        let head = Head {
            model_name: service.model.name.clone(),
            model_version: service.model.fingerprint.clone(),
            id,
        };
        let write = move || answer::write(head, inferred, raw);
        let long = numbers > INLINE_NUMBERS;
        let mut response = Response::new(service.text_pool.run(long, deadline, write).await?);
        response.extensions_mut().insert(AnswerMemory::from(memory));
        Ok(response)
    }
}

#[tonic::async_trait]
impl GrpcInferenceService for Inference {
    async fn server_live(
        &self,
        _: Request<ServerLiveRequest>,
    ) -> Result<Response<ServerLiveResponse>, Status> {
        Ok(Response::new(ServerLiveResponse { live: health::is_live(&self.state).await }))
    }

    async fn server_ready(
        &self,
        _: Request<ServerReadyRequest>,
    ) -> Result<Response<ServerReadyResponse>, Status> {
        Ok(Response::new(ServerReadyResponse { ready: health::is_ready(&self.state) }))
    }

    async fn model_ready(
        &self,
        request: Request<ModelReadyRequest>,
    ) -> Result<Response<ModelReadyResponse>, Status> {
        let ModelReadyRequest { name, version } = request.into_inner();
        let entry = path(name, version).entry(&self.state).map_err(from_error)?;
        let ready = health::is_model_ready(&entry, &self.state);
        Ok(Response::new(ModelReadyResponse { ready }))
    }

    async fn server_metadata(
        &self,
        _: Request<ServerMetadataRequest>,
    ) -> Result<Response<ServerMetadataResponse>, Status> {
        let ServerMetadata { name, version, extensions } = ServerMetadata::new();
        Ok(Response::new(ServerMetadataResponse {
            name: name.to_owned(),
            version: version.to_owned(),
            extensions: extensions.into_iter().map(str::to_owned).collect(),
        }))
    }

    async fn model_metadata(
        &self,
        request: Request<ModelMetadataRequest>,
    ) -> Result<Response<ModelMetadataResponse>, Status> {
        let ModelMetadataRequest { name, version } = request.into_inner();
        let service = path(name, version).service(&self.state).map_err(from_error)?;
        let metadata = ModelMetadata::new(&service).map_err(from_error)?;
        let tensors = |list: Vec<metadata::TensorMetadata>| {
            let tensor = |tensor: metadata::TensorMetadata| TensorMetadata {
                name: tensor.name,
                datatype: tensor.datatype.to_owned(),
                shape: tensor.shape,
            };
            list.into_iter().map(tensor).collect()
        };
        Ok(Response::new(ModelMetadataResponse {
            name: metadata.name,
            versions: metadata.versions,
            platform: metadata.platform.to_owned(),
            inputs: tensors(metadata.inputs),
            outputs: tensors(metadata.outputs),
        }))
    }

    async fn model_infer(
        &self,
        request: Request<ModelInferRequest>,
    ) -> Result<Response<ModelInferResponse>, Status> {
        self.compute(request.into_inner()).await.map_err(from_error)
    }
}
