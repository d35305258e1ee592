//! `POST /rerank`, which both Cohere and text-embeddings-inference have.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ErrorBody;
use super::rerank::{CohereRerankRequest, RerankResponse};
use crate::http::dialects::tei::{
    Rank, TeiRerankRequest, TruncationDirection, rerank as tei_rerank,
};
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::models::Wanted;
use crate::http::wire_texts::WireTexts;

/// The body of a request to `/rerank`, which text-embeddings-inference has too: haystack's ranker for
/// it takes only the host of its base. That request has `texts`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"query": "a good film", "documents": ["It rains."]}))]
pub struct EitherRequest {
    /// The query.
    query: String,
    /// The documents, as at `/v1/rerank`.
    #[serde(default)]
    documents: Option<WireTexts>,
    /// With `documents`: a name of the model.
    #[serde(default)]
    model: Option<String>,
    /// How many of the best are returned; all by default.
    #[serde(default)]
    #[schema(minimum = 1)]
    top_n: Option<usize>,
    /// With `documents`: whether they are repeated.
    #[serde(default)]
    return_documents: Option<bool>,
    /// With `documents`: how many tokens of one are read, not fewer than the model's own limit.
    #[serde(default)]
    max_tokens_per_doc: Option<usize>,
    /// The documents, as at `/tei/rerank`.
    #[serde(default)]
    texts: Option<WireTexts>,
    /// With `texts`: whether a pair that has too many tokens is cut; if not, it is an error.
    #[serde(default)]
    truncate: Option<bool>,
    /// With `texts`: the side on which it is cut.
    #[serde(default)]
    truncation_direction: Option<TruncationDirection>,
    /// With `texts`: whether a cross-encoder's scores are logits.
    #[serde(default)]
    raw_scores: Option<bool>,
    /// With `texts`: whether they are repeated.
    #[serde(default)]
    return_text: Option<bool>,
}

impl AsksModel for EitherRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(self.model.as_deref())
    }
}

/// An answer in the shape of the request.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "each half is written by its own route; this is their schema")]
pub enum EitherResponse {
    /// For `documents`.
    Documents(RerankResponse),
    /// For `texts`.
    Texts(Vec<Rank>),
}

/// Scores documents for a query, and answers in the shape of the request.
#[utoipa::path(
    post, path = "/rerank", operation_id = "rerank", tag = "Cohere and Jina",
    request_body = EitherRequest,
    responses(
        (status = 200, body = EitherResponse, description = "The documents or texts, best first."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 408, 413, 415, 429, 431."),
        (status = "5XX", body = ErrorBody, description = "500, 503, 504."),
    ),
)]
pub async fn rerank(
    ApiJson { value, caller }: ApiJson<EitherRequest>,
) -> Result<Response, ApiError> {
    let EitherRequest { query, documents, model, top_n, return_documents, texts, .. } = value;
    let EitherRequest { max_tokens_per_doc, truncate, truncation_direction, .. } = value;
    let EitherRequest { raw_scores, return_text, .. } = value;
    let of_documents =
        model.is_some() || return_documents.is_some() || max_tokens_per_doc.is_some();
    let of_texts = truncate.is_some()
        || truncation_direction.is_some()
        || raw_scores.is_some()
        || return_text.is_some();
    match (documents, texts) {
        (Some(documents), None) if !of_texts => {
            let request = CohereRerankRequest {
                query,
                documents,
                model,
                top_n,
                return_documents,
                max_tokens_per_doc,
            };
            request.answer(caller).await
        }
        (None, Some(texts)) if !of_documents => {
            let value = TeiRerankRequest {
                query,
                texts,
                truncate,
                truncation_direction,
                raw_scores,
                return_text,
                top_n,
                model: None,
            };
            tei_rerank(ApiJson { value, caller }).await
        }
        _ => {
            let message = "one of \"documents\" and \"texts\" is needed. With \"documents\", model, \
                           return_documents and max_tokens_per_doc are allowed; with \"texts\", \
                           truncate, truncation_direction, raw_scores and return_text";
            Err(ApiError::InvalidField { pointer: String::new(), message: message.to_owned() })
        }
    }
}
