//! `POST /classify`: texts in, each head's logits and probabilities out, all from one pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::embed::{FLOAT_BYTES, resolve, vector, vector_bytes};
use crate::http::error::{ApiError, Problem};
use crate::http::explain::{self, Token};
use crate::http::extract::ApiJson;
use crate::http::inputs;
use crate::http::pipeline::{self, Outcome};
use crate::http::reply::reply;
use crate::http::state::{AppState, Service};
use crate::http::wire::{ClassifyRequest, Embedding, Encoding, Usage};
use crate::model::head::decision::Decision;
use crate::model::head::{Head, OutputActivation, TokenAttribution};
use crate::model::output::Output;
use crate::model::recipe::RecipeRef;
use crate::model::recipe_book::NATIVE;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::text::Input;

/// Bytes of a class in the answer: its logit, its probability, and now and then its label.
const CLASS_BYTES: usize = 64;

/// The answer of `POST /classify`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClassifyResponse {
    /// The model's name.
    pub model: String,
    /// Each head's labels, in the order of its numbers.
    pub labels: BTreeMap<String, Vec<String>>,
    /// Which version of each head answered; `/info` has the same of those that answer now.
    pub versions: BTreeMap<String, String>,
    /// One an input, in order: what each head says.
    pub results: Vec<BTreeMap<String, HeadResult>>,
    /// One an input, in order, where `embed` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<Vec<Embedding>>,
    /// Tokens, and which inputs were cut.
    pub usage: Usage,
}

/// What one head says of one input.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeadResult {
    /// What its logits mean.
    #[serde(flatten)]
    pub decision: Decision,
    /// With `explain: true`: the tokens that were read, special ones included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Vec<Token>>,
    /// A row for each token: what it adds to each logit, in the order of the labels, before
    /// temperature. With `bias` they add up to the logits, but for rounding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contributions: Option<Vec<Vec<f32>>>,
    /// What the logits are before any token has added to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias: Option<Vec<f32>>,
}

impl HeadResult {
    /// `contributions (t·classes)`, token by token.
    fn explain(&mut self, tokens: Vec<Token>, contributions: &[f32], split: &TokenAttribution) {
        let classes = split.bias().len();
        let rows = contributions.chunks_exact(classes).map(<[f32]>::to_vec);
        self.tokens = Some(tokens);
        self.contributions = Some(rows.collect());
        self.bias = Some(split.bias().to_vec());
    }
}

impl From<Decision> for HeadResult {
    fn from(decision: Decision) -> Self {
        Self { decision, tokens: None, contributions: None, bias: None }
    }
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
    if request.top_k == Some(0) {
        let message = "top_k is 0; 1 or more is allowed";
        return Err(ApiError::unacceptable("invalid_top_k", "/top_k", message));
    }
    let heads = heads(service, request.heads.as_deref())?;
    let splits = if request.explain { explain::splits(service, &heads)? } else { Vec::new() };
    let recipe = request.embed.as_ref().map(|r| resolve(service, r, None, "/embed")).transpose()?;
    let native = matches!(&request.embed, Some(RecipeRef::Name(name)) if name == NATIVE);
    let prompt = inputs::prompt(service, request.prompt, request.prompt_name.as_deref(), native)?;
    let inputs = inputs::inputs(service, request.inputs, &prompt)?;
    let mut list: Vec<OutputSpec> = heads.iter().cloned().map(OutputSpec::Logits).collect();
    list.extend(splits.iter().cloned().map(OutputSpec::Contributions));
    list.extend(recipe.clone().map(OutputSpec::Embedding));
    let spec = TaskSpec::new(list);
    pipeline::check_layers(service, &spec, "/heads")?;
    let classes: usize = heads.iter().map(|head| head.descriptor().labels.len()).sum();
    let row = recipe.as_ref().map_or(0, |recipe| vector_bytes(recipe.dimensions, Encoding::Float));
    let bytes = |input: &Input, tokens: usize| {
        let token = classes * FLOAT_BYTES + heads.len() * explain::TOKEN_BYTES;
        let explained = heads.len() * explain::text_bytes(input) + tokens * token;
        classes * CLASS_BYTES + row + if request.explain { explained } else { 0 }
    };
    let outcome = pipeline::run(service, inputs, spec, request.long_text, deadline, bytes).await?;
    let Outcome { outputs, inputs, read, usage, timings } = outcome;
    let mut numbers: usize = outputs.iter().map(Output::number_count).sum();
    let mut tokens = Vec::new().into_iter();
    if request.explain {
        let text: usize = inputs.iter().map(explain::text_bytes).sum();
        numbers += heads.len() * text / FLOAT_BYTES;
        tokens = explain::tokens_of(service, inputs, read, prompt).await?.into_iter();
    }
    let asked =
        Asked { heads: &heads, splits: &splits, wanted: (request.activation, request.top_k) };
    let mut results = Vec::with_capacity(outputs.len());
    let mut embeddings = Vec::new();
    for output in outputs {
        let (said, rest) = asked.result(output, tokens.next());
        results.push(said);
        embeddings.extend(rest.map(|row| Embedding::Pooled(vector(row, Encoding::Float))));
    }
    let labels = heads.iter().map(|h| (h.name().to_owned(), h.descriptor().labels.clone()));
    let versions = heads.iter().map(|h| (h.name().to_owned(), h.version().to_owned()));
    let answer = ClassifyResponse {
        model: service.model.name.clone(),
        labels: labels.collect(),
        versions: versions.collect(),
        results,
        embeddings: recipe.map(|_| embeddings),
        usage,
    };
    let response = reply(answer, numbers, timings).await;
    drop(admitted);
    response
}

/// What is asked of each input's answer.
struct Asked<'a> {
    heads: &'a [Arc<Head>],
    /// One a head where they are to be explained.
    splits: &'a [Arc<TokenAttribution>],
    /// An activation in place of the heads' own, and how many labels to list.
    wanted: (Option<OutputActivation>, Option<usize>),
}

impl Asked<'_> {
    /// What each head says, and the rows that are left. As asked: logits, then what is to be explained,
    /// then the embedding.
    fn result(
        &self,
        output: Output,
        tokens: Option<Vec<Token>>,
    ) -> (BTreeMap<String, HeadResult>, impl Iterator<Item = Vec<f32>> + use<>) {
        let (activation, top_k) = self.wanted;
        let mut rows = output.values.into_iter();
        let decide = |(head, logits): (&Arc<Head>, Vec<f32>)| {
            let decision = head.descriptor().decide(logits, activation, top_k);
            (head.name().to_owned(), HeadResult::from(decision))
        };
        let mut said: BTreeMap<String, HeadResult> =
            self.heads.iter().zip(rows.by_ref()).map(decide).collect();
        let explained = self.heads.iter().zip(self.splits);
        for ((head, split), contributions) in explained.zip(rows.by_ref()) {
            if let Some(result) = said.get_mut(head.name()) {
                result.explain(tokens.clone().unwrap_or_default(), &contributions, split);
            }
        }
        (said, rows)
    }
}

/// The heads that a request names, each once, or the configured ones that are there.
fn heads(service: &Service, named: Option<&[String]>) -> Result<Vec<Arc<Head>>, ApiError> {
    let set = service.heads();
    let known = || set.loaded.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let Some(names) = named else {
        let heads: Vec<_> = match &service.default_heads {
            None => set.loaded.values().cloned().collect(),
            Some(names) => names.iter().filter_map(|name| set.loaded.get(name)).cloned().collect(),
        };
        if heads.is_empty() {
            let message = "no head is loaded, so there is nothing to classify by";
            return Err(ApiError::unacceptable("no_heads", "/heads", message));
        }
        return Ok(heads);
    };
    if names.is_empty() {
        let message = format!("the list is empty; there are {}", known());
        return Err(ApiError::unacceptable("unknown_head", "/heads", message));
    }
    let mut heads: Vec<Arc<Head>> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let Some(head) = set.loaded.get(name) else {
            let message = match set.skipped.get(name) {
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
