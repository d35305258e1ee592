//! `POST /zero-shot`: texts and labels in, the score of each label out, by a checkpoint for natural
//! language inference.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::inputs;
use crate::http::logits::{Logits, LogitsRequest};
use crate::http::models::Wanted;
use crate::http::pipeline::AnswerSize;
use crate::http::problem::ProblemDetails;
use crate::http::prompts::Prompt;
use crate::http::tokenizing::LongInput;
use crate::http::wire::{Usage, WireInputs};
use crate::http::zero_shot::{Entailment, Hypotheses};
use crate::model::head::decision::best;
use crate::model::recipe::bounded_list;
use crate::text::Input;

/// About how many bytes a label takes in the answer, beside what repeats its text.
const LABEL_BYTES: usize = 40;

/// The template if a request has none, as in transformers.
const TEMPLATE: &str = "This example is {}.";

/// The body of `POST /zero-shot`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"inputs": "The goalkeeper saved a penalty.", "labels": ["sport", "politics"]}))]
pub struct ZeroShotRequest {
    /// The texts to classify, not as pairs.
    pub inputs: WireInputs,
    /// The labels.
    #[serde(deserialize_with = "bounded_list")]
    #[schema(min_items = 1, max_items = 1024, required = true, nullable = false)]
    pub labels: Option<Vec<String>>,
    /// The sentence that a label makes, with `{}` in place of the label; `{{` and `}}` are
    /// braces. By default "This example is {}."
    #[serde(default)]
    pub template: Option<String>,
    /// Whether several labels may hold; by default false: the scores of a text are then probabilities
    /// of which one holds.
    #[serde(default)]
    pub multi_label: Option<bool>,
    /// What happens to a text that has too many tokens beside a label.
    #[serde(default)]
    pub long_text: Option<LongTextBesideLabel>,
    /// A name of the model that is asked; by default the first one.
    #[serde(default)]
    model: Option<String>,
}

/// What happens to a text with too many tokens.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LongTextBesideLabel {
    /// It is cut, and the label is not.
    #[default]
    Truncate,
    /// The request is refused.
    Error,
}

impl AsksModel for ZeroShotRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(self.model.as_deref())
    }
}

/// The answer of `POST /zero-shot`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ZeroShotResponse {
    /// The model's name.
    pub model: String,
    /// One result per input, in order.
    pub results: Vec<ZeroShotResult>,
    /// Tokens, and which inputs were cut.
    pub usage: Usage,
}

/// The labels of one input.
#[derive(Debug, Serialize, ToSchema)]
pub struct ZeroShotResult {
    /// The labels, the most likely first; of equal scores the first of the request.
    pub labels: Vec<String>,
    /// Their scores.
    pub scores: Vec<f64>,
}

/// Scores labels that weren't trained.
#[utoipa::path(
    post, path = "/zero-shot", tag = "inference", request_body = ZeroShotRequest,
    responses(
        (status = 200, body = ZeroShotResponse, description = "The labels of each input, the most likely first."),
        (status = "4XX", body = ProblemDetails, content_type = "application/problem+json",
         description = "400, 401, 404, 408, 413, 415, 422, 429, 431: nothing was computed."),
        (status = "5XX", body = ProblemDetails, content_type = "application/problem+json",
         description = "500, 503, 504."),
    ),
    params(
        ("x-timeout-ms" = Option<u64>, Header, minimum = 1, maximum = 18446744073709551615_u64, format = "uint64", nullable = false,
         description = "Milliseconds after which the answer is of no use."),
        ("x-request-id" = Option<String>, Header, description = "An id that is repeated in the answer and in the log."),
    )
)]
pub async fn zero_shot(
    ApiJson { value: request, mut caller }: ApiJson<ZeroShotRequest>,
) -> Result<Response, ApiError> {
    let service = &caller.service();
    let entailment = Entailment::find(service)?;
    let template = request.template.as_deref().unwrap_or(TEMPLATE);
    let hypotheses = Hypotheses::new(service, request.labels.unwrap_or_default(), template)?;
    let message = "each label makes a pair with a text, so a text can't be a pair itself";
    inputs::check_no_pairs(&request.inputs, message)?;
    let memory = &mut caller.memory;
    let texts = inputs::check_all(service, "/inputs", request.inputs, &Prompt::default(), memory)?;
    let (labels, pairs) = hypotheses.pairs(service, texts, memory)?;
    let long_text = match request.long_text.unwrap_or_default() {
        LongTextBesideLabel::Truncate => LongInput::TruncateFirst,
        LongTextBesideLabel::Error => LongInput::Error,
    };
    let scoring = LogitsRequest { inputs: pairs, head: entailment.head(), long_text };
    let size = |input: &Input| AnswerSize {
        numbers: 4,
        // A label exists as it was sent, in the order of scores, and as JSON.
        bytes: LABEL_BYTES + 3 * input.pair.as_ref().map_or(0, |label| label.as_str().len()),
    };
    let (Logits { rows, mut usage }, reply) = scoring.compute(service, caller, size).await?;
    // Of pairs, which were made text by text.
    usage.truncated.iter_mut().for_each(|pair| *pair /= labels.len());
    usage.truncated.dedup();
    let multi_label = request.multi_label.unwrap_or(false);
    let model = service.model.name.clone();
    let answer = move || {
        let result = |rows: &[Vec<f32>]| ranked(&labels, &entailment.scores(rows, multi_label));
        ZeroShotResponse { model, results: rows.chunks(labels.len()).map(result).collect(), usage }
    };
    reply.write(&service.text_pool, answer).await
}

/// Labels and scores, the highest first.
fn ranked(labels: &[String], scores: &[f64]) -> ZeroShotResult {
    let order = best(scores, labels.len());
    ZeroShotResult {
        labels: order.iter().map(|&at| labels[at].clone()).collect(),
        scores: order.iter().map(|&at| scores[at]).collect(),
    }
}
