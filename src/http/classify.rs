//! `POST /classify`: texts in, each head's logits and probabilities out, all from one pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::embed::{resolve, vector, vector_bytes};
use super::error::{ApiError, Problem};
use super::extract::ApiJson;
use super::pipeline::{self, Outcome};
use super::reply::reply;
use super::state::{AppState, Service};
use super::wire::{ClassifyRequest, Embedding, Encoding, Usage};
use crate::model::head::Head;
use crate::model::head::decision::Decision;
use crate::model::recipe::RecipeRef;
use crate::model::recipe_book::NATIVE;
use crate::model::task::{Ask, Asks};

/// Bytes of a class in the answer: its logit, its probability, and now and then its label.
const CLASS_BYTES: usize = 64;

/// The answer of `POST /classify`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClassifyResponse {
    /// The model's name.
    pub model: String,
    /// Each head's labels, in the order of its numbers.
    pub labels: BTreeMap<String, Vec<String>>,
    /// One an input, in order: what each head says.
    pub results: Vec<BTreeMap<String, Decision>>,
    /// One an input, in order, where `embed` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<Vec<Embedding>>,
    /// Tokens, and which inputs were cut.
    pub usage: Usage,
}

/// Classifies texts.
#[utoipa::path(
    post, path = "/classify", tag = "inference", request_body = ClassifyRequest,
    responses(
        (status = 200, body = ClassifyResponse, description = "One result an input, in order."),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
         description = "400, 408, 413, 415, 422, 429, 431: nothing was computed."),
        (status = "5XX", body = Problem, content_type = "application/problem+json",
         description = "500, 503, 504."),
    ),
    params(
        ("x-timeout-ms" = Option<u64>, Header, description = "Milliseconds until the answer is of no more use."),
        ("x-request-id" = Option<String>, Header, description = "Comes back in the answer and the log."),
    )
)]
pub async fn classify(
    State(state): State<AppState>,
    ApiJson { value: request, deadline, admitted }: ApiJson<ClassifyRequest>,
) -> Result<Response, ApiError> {
    let service = state.service()?;
    if request.explain {
        return Err(pipeline::not_yet("/explain", "\"explain\": true"));
    }
    if request.top_k == Some(0) {
        let message = "top_k is 0; 1 or more is allowed";
        return Err(ApiError::unacceptable("invalid_top_k", "/top_k", message));
    }
    let heads = heads(service, request.heads.as_deref())?;
    let recipe = request.embed.as_ref().map(|r| resolve(service, r, None, "/embed")).transpose()?;
    let native = matches!(&request.embed, Some(RecipeRef::Name(name)) if name == NATIVE);
    let prompt = pipeline::prompt(service, request.prompt, request.prompt_name.as_deref(), native)?;
    let long_text = pipeline::long_text(request.long_text)?;
    let inputs = pipeline::inputs(service, request.inputs, &prompt)?;
    let mut list: Vec<Ask> = heads.iter().cloned().map(Ask::Logits).collect();
    list.extend(recipe.clone().map(Ask::Embedding));
    let asks = Asks::new(list);
    pipeline::check_layers(service, &asks, "/heads")?;
    let classes: usize = heads.iter().map(|head| head.descriptor().labels.len()).sum();
    let row = recipe.as_ref().map_or(0, |recipe| vector_bytes(recipe.dimensions, Encoding::Float));
    let bytes = |_: usize| classes * CLASS_BYTES + row;
    let outcome = pipeline::run(service, inputs, asks, long_text, deadline, bytes).await?;
    let Outcome { answers, usage, timings } = outcome;
    let numbers = answers.iter().flatten().map(Vec::len).sum();
    let mut results = Vec::with_capacity(answers.len());
    let mut embeddings = Vec::new();
    for answer in answers {
        let mut rows = answer.into_iter();
        let decided = heads.iter().zip(&mut rows).map(|(head, logits)| {
            let decision = head.descriptor().decide(logits, request.activation, request.top_k);
            (head.name().to_owned(), decision)
        });
        results.push(decided.collect());
        embeddings.extend(rows.map(|row| Embedding::Pooled(vector(row, Encoding::Float))));
    }
    let labels = heads.iter().map(|h| (h.name().to_owned(), h.descriptor().labels.clone()));
    let answer = ClassifyResponse {
        model: service.model.name.clone(),
        labels: labels.collect(),
        results,
        embeddings: recipe.map(|_| embeddings),
        usage,
    };
    let response = reply(answer, numbers, timings).await;
    drop(admitted);
    response
}

/// The heads that a request names, each once, or the configured ones.
fn heads(service: &Service, named: Option<&[String]>) -> Result<Vec<Arc<Head>>, ApiError> {
    let known = || service.heads.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let Some(names) = named.or(service.default_heads.as_deref()) else {
        if service.heads.is_empty() {
            let message = "no head is loaded, so there is nothing to classify by";
            return Err(ApiError::unacceptable("no_heads", "/heads", message));
        }
        return Ok(service.heads.values().cloned().collect());
    };
    if names.is_empty() {
        let message = format!("the list is empty; there are {}", known());
        return Err(ApiError::unacceptable("unknown_head", "/heads", message));
    }
    let mut heads: Vec<Arc<Head>> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let Some(head) = service.heads.get(name) else {
            let message = match service.skipped_heads.get(name) {
                Some(reason) => format!("head \"{name}\" was skipped: {reason}"),
                None => format!("no head is called \"{name}\"; there are {}", known()),
            };
            return Err(ApiError::unacceptable("unknown_head", format!("/heads/{index}"), message));
        };
        if !heads.iter().any(|other| other.name() == name) {
            heads.push(Arc::clone(head));
        }
    }
    Ok(heads)
}
