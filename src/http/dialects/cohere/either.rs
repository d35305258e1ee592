//! `POST /rerank`, which both Cohere and text-embeddings-inference have.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::rerank::{self, Document, Request};
use crate::http::dialects::tei::{TeiRerankRequest, TruncationDirection, rerank as tei_rerank};
use crate::http::error::ApiError;
use crate::http::extract::ApiJson;
use crate::http::state::AppState;

/// The body of a request to `/rerank`, which text-embeddings-inference has too: haystack's ranker for
/// it takes only the host of its base. That request has `texts`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EitherRequest {
    query: String,
    #[serde(default)]
    documents: Option<Vec<Document>>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    top_n: Option<usize>,
    #[serde(default)]
    return_documents: Option<bool>,
    #[serde(default)]
    max_tokens_per_doc: Option<usize>,
    #[serde(default)]
    texts: Option<Vec<String>>,
    #[serde(default)]
    truncate: Option<bool>,
    #[serde(default)]
    truncation_direction: Option<TruncationDirection>,
    #[serde(default)]
    raw_scores: Option<bool>,
    #[serde(default)]
    return_text: Option<bool>,
}

/// Answers in the shape of the request.
pub async fn rerank(
    state: State<AppState>,
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
            let value =
                Request { query, documents, model, top_n, return_documents, max_tokens_per_doc };
            rerank::rerank(state, ApiJson { value, caller }).await
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
            };
            tei_rerank(state, ApiJson { value, caller }).await
        }
        _ => {
            let message = "either documents is needed, with which model, return_documents and max_tokens_per_doc are \
                           allowed; or texts, with truncate, truncation_direction, raw_scores and \
                           return_text";
            Err(ApiError::InvalidField { pointer: String::new(), message: message.to_owned() })
        }
    }
}
