//! `ModelInfer`

use std::io::{self, Write};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use prost::Message;

use super::answer::{self, Head};
use super::answer_body::with_status;
use super::call::{check, invalid};
use super::fields::decoded_bytes;
use super::frame;
use super::protocol::inference::ModelInferRequest;
use super::request::{self, is_raw};
use super::status::GRPC;
use crate::http::answer_body::AnswerWriter;
use crate::http::caller::Caller;
use crate::http::dialects::open_inference::model_path::ModelPath;
use crate::http::error::ApiError;
use crate::http::extract::read_bytes;
use crate::http::state::AppState;
use crate::http::text_pool::INLINE_BYTES;

/// Computes outputs for texts.
pub async fn infer(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    check(&request)?;
    let encoding = frame::encoding(request.headers());
    let limit = state.config().body_bytes.get();
    let (body, caller) = read_bytes(request, &state).await?;
    let (pool, deadline) = (Arc::clone(&caller.service.text_pool), caller.deadline);
    let long = body.len() > INLINE_BYTES || frame::is_compressed(&body);
    let mut memory = caller.memory;
    let reading = pool.run(long, deadline, move || {
        let message = frame::message(&body, encoding.as_deref(), limit, &mut memory)?;
        memory.try_grow(decoded_bytes(&message))?;
        let message = ModelInferRequest::decode(&*message).map_err(invalid)?;
        let path = ModelPath::new(message.model_name.clone(), message.model_version.clone());
        let (raw, id) = (is_raw(&message), message.id.clone());
        Ok::<_, ApiError>((path, raw, id, request::read(message)?, memory))
    });
    let (path, raw, id, request, memory) = reading.await??;
    let caller = Caller { memory, ..caller }.asking(path.service(&state)?);
    let service = &caller.service();
    let (inferred, reply) = request.compute(service, caller).await?;
    let head = Head {
        model_name: service.model.name.clone(),
        model_version: service.model.fingerprint.clone(),
        id,
    };
    let write = move |writer: &mut AnswerWriter| {
        let message = answer::write(head, inferred, raw).encode_to_vec();
        let prefix = frame::prefix(message.len()).map_err(io::Error::other)?;
        writer.write_all(&prefix)?;
        writer.write_all(&message)
    };
    let (response, ()) = reply.write_with(&pool, GRPC, write).await?;
    Ok(with_status(response.into_body()))
}
