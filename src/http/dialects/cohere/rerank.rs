//! `POST /rerank` and its kin: documents from the most to the least relevant for a query.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::ErrorBody;
use super::limits::check_tokens;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::models::Wanted;
use crate::http::reranking::{RerankRequest, Scorer};
use crate::http::scores::Scores;
use crate::http::tokenizing::LongInput;
use crate::http::top::check_top;
use crate::http::wire_texts::WireTexts;

/// The body of `POST /v1/rerank` and `POST /v2/rerank`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CohereRerankRequest, example = json!({"query": "a good film", "documents": ["It rains."]}))]
pub struct CohereRerankRequest {
    /// The query.
    pub query: String,
    /// The documents.
    pub documents: WireTexts,
    /// A name of the model.
    #[serde(default)]
    pub model: Option<String>,
    /// How many of the best are returned; all by default.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub top_n: Option<usize>,
    /// Whether the documents are repeated.
    #[serde(default)]
    pub return_documents: Option<bool>,
    /// How many tokens of a document are read: not fewer than the model's own limit, which is the one
    /// that counts.
    #[serde(default)]
    pub max_tokens_per_doc: Option<usize>,
}

impl AsksModel for CohereRerankRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(self.model.as_deref())
    }
}

/// The documents, best first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CohereRerankResponse)]
pub struct RerankResponse {
    /// An id of the answer.
    id: String,
    /// The model's name.
    model: String,
    /// The documents, best first.
    results: Vec<Ranked>,
    /// Tokens, for Jina's clients.
    usage: Usage,
    /// What Cohere would bill: one search.
    meta: Value,
}

/// A document with its score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CohereRanked)]
struct Ranked {
    /// Its index in the request.
    index: usize,
    /// The score.
    relevance_score: f32,
    /// The document, if the request has `return_documents`.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<EchoedDocument>,
}

/// A document of the request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CohereEchoedDocument)]
struct EchoedDocument {
    /// Its text.
    text: String,
}

/// Tokens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CohereUsage)]
struct Usage {
    /// Tokens computed, special tokens included.
    prompt_tokens: usize,
    /// The same number.
    total_tokens: usize,
}

/// Scores documents for a query.
#[utoipa::path(
    post, path = "/v1/rerank", operation_id = "rerank_v1", tag = "Cohere and Jina",
    request_body = CohereRerankRequest,
    responses(
        (status = 200, body = RerankResponse, description = "The documents, best first."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 408, 413, 415, 429, 431."),
        (status = "5XX", body = ErrorBody, description = "500, 503, 504."),
    ),
)]
pub async fn v1(body: ApiJson<CohereRerankRequest>) -> Result<Response, ApiError> {
    body.value.answer(body.caller).await
}

/// Scores documents for a query, like `/v1/rerank`.
#[utoipa::path(
    post, path = "/v2/rerank", operation_id = "rerank_v2", tag = "Cohere and Jina",
    request_body = CohereRerankRequest,
    responses(
        (status = 200, body = RerankResponse, description = "The documents, best first."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 408, 413, 415, 429, 431."),
        (status = "5XX", body = ErrorBody, description = "500, 503, 504."),
    ),
)]
pub async fn v2(body: ApiJson<CohereRerankRequest>) -> Result<Response, ApiError> {
    body.value.answer(body.caller).await
}

impl CohereRerankRequest {
    /// Scores the documents.
    ///
    /// # Errors
    /// The model isn't the one that is served, a field can't be obeyed, or like
    /// [`RerankRequest::compute`].
    pub async fn answer(self, caller: Caller) -> Result<Response, ApiError> {
        let request = self;
        let service = &caller.service();
        check_top(request.top_n, "/top_n")?;
        let (_, limit) = service.reader(Scorer::choose(service)?.reading());
        check_tokens(limit, request.max_tokens_per_doc, "max_tokens_per_doc")?;
        let documents = request.documents;
        let echo = request.return_documents == Some(true);
        let echoed = if echo { documents.as_slice().to_vec() } else { Vec::new() };
        let scoring = RerankRequest {
            query: request.query,
            documents,
            pointer: "/documents",
            long_text: LongInput::Truncate(None),
            activation: None,
        };
        let (model, top_n) = (request.model.unwrap_or(service.model.name.clone()), request.top_n);
        let write = move |scores: Scores| {
            let ranked = |index: usize| Ranked {
                index,
                relevance_score: scores.scores[index],
                document: echoed.get(index).map(|text| EchoedDocument { text: text.clone() }),
            };
            RerankResponse {
                id: Uuid::new_v4().to_string(),
                model,
                results: scores.ranking(top_n).into_iter().map(ranked).collect(),
                usage: Usage { prompt_tokens: scores.tokens, total_tokens: scores.tokens },
                meta: json!({"billed_units": {"search_units": 1}}),
            }
        };
        scoring.compute(caller, echo).await?.write(service, write).await
    }
}
