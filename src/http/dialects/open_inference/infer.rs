//! `POST /v2/models/{model}/infer`

use axum::extract::{Request, State};
use axum::response::Response;

use super::answer::{self, WireAnswer};
use super::body::{self, Sent, WireRequest};
use super::error::ErrorBody;
use super::model_path::ModelPath;
use crate::http::error::ApiError;
use crate::http::extract::read_as;
use crate::http::state::AppState;

/// Computes outputs for texts. A version may be named: `/v2/models/{model}/versions/{version}/infer`.
///
/// Binary tensors may follow the JSON: its bytes are then in the header `inference-header-content-length`,
/// in the request as in the answer.
#[utoipa::path(
    post, path = "/v2/models/{model}/infer", operation_id = "open_inference_infer",
    tag = "Open Inference Protocol",
    params(
        ("model" = String, Path, description = "A name of a model."),
    ),
    request_body(content(
        (WireRequest = "application/json"),
        (String = "application/octet-stream"),
    )),
    responses(
        (status = 200, description = "The outputs; as JSON and bytes if one is in the binary form.",
         content((WireAnswer = "application/json"), (String = "application/octet-stream"))),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 408, 413, 415, 429, 431."),
        (status = "5XX", body = ErrorBody, description = "500, 503, 504."),
    ),
)]
pub async fn infer(
    State(state): State<AppState>,
    path: ModelPath,
    request: Request,
) -> Result<Response, ApiError> {
    body::check_content_type(request.headers())?;
    let length = body::header_length(request.headers())?;
    let parse = move |bytes: Vec<u8>| body::parse(&bytes, length);
    let (Sent { named, id, request }, caller) = read_as(request, &state, parse).await?;
    let entry = path.entry(&state)?;
    let service = entry.serve()?;
    named.check(&entry, &service)?;
    let caller = caller.asking(service);
    let service = &caller.service();
    let (inferred, reply) = request.compute(service, caller).await?;
    answer::write(service, id, inferred, reply).await
}
