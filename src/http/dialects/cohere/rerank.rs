//! `POST /rerank` and its kin: documents from the most to the least relevant for a query.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::limits::check_tokens;
use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;
use crate::http::extract::ApiJson;
use crate::http::model_name;
use crate::http::reranking::RerankRequest;
use crate::http::scores::Scores;
use crate::http::state::AppState;
use crate::http::tokenizing::LongInput;

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub query: String,
    pub documents: Vec<Document>,
    #[serde(default)]
    pub model: Option<String>,
    /// How many of the best are returned; all if it is missing.
    #[serde(default)]
    pub top_n: Option<usize>,
    #[serde(default)]
    pub return_documents: Option<bool>,
    /// How many tokens of a document are read; the default of Cohere is 4,096.
    #[serde(default)]
    pub max_tokens_per_doc: Option<usize>,
}

/// A text, or an object with one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Document {
    Text(String),
    Object { text: String },
}

impl Document {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) | Self::Object { text } => text,
        }
    }
}

/// The body of an answer.
#[derive(Debug, Serialize)]
struct RerankResponse {
    id: String,
    model: String,
    results: Vec<Ranked>,
    usage: Usage,
    meta: Value,
}

#[derive(Debug, Serialize)]
struct Ranked {
    index: usize,
    relevance_score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Value>,
}

#[derive(Debug, Serialize)]
struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
}

/// Scores documents for a query.
pub async fn rerank(
    State(state): State<AppState>,
    ApiJson { value: request, caller }: ApiJson<Request>,
) -> Result<Response, ApiError> {
    let service = state.service()?;
    if let Some(name) = &request.model {
        model_name::check(service, name, "/model")?;
    }
    if request.top_n == Some(0) {
        let message = "top_n is 0; 1 or more is allowed";
        return Err(ApiError::unacceptable(ErrorCode::InvalidTopK, "/top_n", message));
    }
    check_tokens(service, request.max_tokens_per_doc, "max_tokens_per_doc")?;
    let documents: Vec<String> = request.documents.into_iter().map(Document::into_text).collect();
    let echo = request.return_documents == Some(true);
    let echoed = if echo { documents.clone() } else { Vec::new() };
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
            document: echoed.get(index).map(|text| json!({"text": text})),
        };
        RerankResponse {
            id: Uuid::new_v4().to_string(),
            model,
            results: scores.ranking(top_n).into_iter().map(ranked).collect(),
            usage: Usage { prompt_tokens: scores.tokens, total_tokens: scores.tokens },
            meta: json!({"billed_units": {"search_units": 1}}),
        }
    };
    scoring.compute(&state, caller, echo).await?.write(service, write).await
}
