//! `/embeddings` and `/v1/embeddings`: OpenAI's route, for a model of any name.

use axum::response::Response;
use serde::Deserialize;

use crate::http::dialects::openai::{Defaults, EmbeddingsRequest};
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::models::Wanted;

/// A request in which a name that no model has means nothing, as in text-embeddings-inference, whose
/// clients send any.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct AnyName(EmbeddingsRequest);

impl AsksModel for AnyName {
    fn model(&self) -> Wanted<'_> {
        match self.0.model() {
            Wanted::Named { name, .. } => Wanted::Preferred(name),
            other => other,
        }
    }
}

/// Embeds texts.
pub async fn embeddings(
    ApiJson { value: AnyName(request), caller }: ApiJson<AnyName>,
) -> Result<Response, ApiError> {
    let service = &caller.service();
    let model = service.model.name.clone();
    let defaults = Defaults { model, truncate: service.tei.truncate, normalize: Some(true) };
    request.answer(caller, defaults).await
}
