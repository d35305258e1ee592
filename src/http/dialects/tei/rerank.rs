//! `/rerank`: scores of texts for a query, best first.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ErrorBody;
use super::options::{TruncationDirection, long_input};
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::models::Wanted;
use crate::http::reranking::RerankRequest;
use crate::http::scores::Scores;
use crate::http::top::check_top;
use crate::http::wire_texts::WireTexts;
use crate::model::head::OutputActivation;

/// The body of `POST /rerank`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TeiRerankRequest, example = json!({"query": "a good film", "texts": ["It rains."]}))]
pub struct TeiRerankRequest {
    /// The query.
    pub query: String,
    /// The texts.
    pub texts: WireTexts,
    /// Whether a pair that has too many tokens is cut; if not, it is an error.
    #[serde(default)]
    pub truncate: Option<bool>,
    /// The side on which it is cut.
    #[serde(default)]
    pub truncation_direction: Option<TruncationDirection>,
    /// Whether a cross-encoder's scores are logits. A cosine stays as it is.
    #[serde(default)]
    pub raw_scores: Option<bool>,
    /// Whether the texts are repeated.
    #[serde(default)]
    pub return_text: Option<bool>,
    /// How many of the best are returned; all by default. Elasticsearch and LiteLLM send it.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub top_n: Option<usize>,
    /// A name of the model that is asked; by default the first one.
    #[serde(default)]
    pub model: Option<String>,
}

impl AsksModel for TeiRerankRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(self.model.as_deref())
    }
}

/// A text with its score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiRank)]
pub struct Rank {
    /// Its index in the request.
    index: usize,
    /// The text, if the request has `return_text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The score.
    score: f32,
}

/// Scores texts for a query: by the checkpoint's own cross-encoder with a sigmoid, or else by cosine.
#[utoipa::path(
    post, path = "/rerank", operation_id = "tei_rerank", tag = "text-embeddings-inference",
    request_body = TeiRerankRequest,
    responses(
        (status = 200, body = Vec<Rank>, description = "The texts, best first."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 413, 422, 424, 429 and others."),
        (status = "5XX", body = ErrorBody, description = "503, 504."),
    ),
)]
pub async fn rerank(
    ApiJson { value: request, caller }: ApiJson<TeiRerankRequest>,
) -> Result<Response, ApiError> {
    let service = &caller.service();
    let top_n = request.top_n;
    check_top(top_n, "/top_n")?;
    let echo = request.return_text == Some(true);
    let echoed = if echo { request.texts.as_slice().to_vec() } else { Vec::new() };
    let scoring = RerankRequest {
        query: request.query,
        documents: request.texts,
        pointer: "/texts",
        long_text: long_input(service, request.truncate, request.truncation_direction),
        activation: Some(match request.raw_scores {
            Some(true) => OutputActivation::None,
            _ => OutputActivation::Sigmoid,
        }),
    };
    let write = move |scores: Scores| -> Vec<Rank> {
        let rank = |index: usize| Rank {
            index,
            text: echoed.get(index).cloned(),
            score: scores.scores[index],
        };
        scores.ranking(top_n).into_iter().map(rank).collect()
    };
    scoring.compute(caller, echo).await?.write(service, write).await
}
