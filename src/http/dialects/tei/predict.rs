//! `/predict`: scores of a classifier's labels, best first.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ErrorBody;
use super::options::{HubOptions, TruncationDirection, long_input};
use super::pairs::PredictInputs;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::logits::{Logits, LogitsRequest};
use crate::http::models::Wanted;
use crate::http::pipeline::AnswerSize;
use crate::http::prompts::Prompt;
use crate::http::top::check_top;
use crate::http::wire::WireInputs;
use crate::http::{heads, inputs};
use crate::model::checkpoint::ProblemType;
use crate::model::head::decision::Scored;
use crate::model::head::{Descriptor, Head, OutputActivation};

/// Bytes of a label in the answer, without its name.
const LABEL_BYTES: usize = 48;

/// The body of `POST /predict`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TeiPredictRequest, example = json!({"inputs": "A gripping film."}))]
pub struct PredictRequest {
    /// A text, a pair, or a list of both.
    inputs: PredictInputs,
    /// Whether an input that has too many tokens is cut; if not, it is an error.
    #[serde(default)]
    truncate: Option<bool>,
    /// The side on which it is cut.
    #[serde(default)]
    truncation_direction: Option<TruncationDirection>,
    /// Whether scores are logits.
    #[serde(default)]
    raw_scores: Option<bool>,
    /// What the Hub's text classification has; the answer to one text is then a list of one list, as
    /// its clients expect it.
    #[serde(default)]
    parameters: Option<PredictParameters>,
    /// Has no effect.
    #[serde(default, rename = "options")]
    _options: Option<HubOptions>,
    /// A name of the model that is asked; by default the first one.
    #[serde(default)]
    model: Option<String>,
}

impl AsksModel for PredictRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(self.model.as_deref())
    }
}

/// The parameters of the Hub's text classification.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TeiPredictParameters)]
pub struct PredictParameters {
    /// What turns logits into scores.
    #[serde(default)]
    function_to_apply: Option<OutputActivation>,
    /// How many labels to list; all by default.
    #[serde(default)]
    #[schema(minimum = 1)]
    top_k: Option<usize>,
}

/// The labels of one input, or those of each input.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiPredictions)]
#[serde(untagged)]
pub enum Predictions {
    /// One input.
    One(Vec<Scored>),
    /// Several inputs.
    Several(Vec<Vec<Scored>>),
}

/// Classifies texts or pairs by the checkpoint's own classifier, or else by the configured head.
#[utoipa::path(
    post, path = "/predict", operation_id = "tei_predict", tag = "text-embeddings-inference",
    request_body = PredictRequest,
    responses(
        (status = 200, body = Predictions, description = "The labels of each input, best first."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 413, 422, 424, 429 and others."),
        (status = "5XX", body = ErrorBody, description = "503, 504."),
    ),
)]
pub async fn predict(
    ApiJson { value: request, mut caller }: ApiJson<PredictRequest>,
) -> Result<Response, ApiError> {
    let service = &caller.service();
    let PredictRequest { inputs, truncate, truncation_direction, parameters, .. } = request;
    let flat = matches!(inputs.0, WireInputs::One(_)) && parameters.is_none();
    let (function, top_k) = parameters.map_or((None, None), |p| (p.function_to_apply, p.top_k));
    check_top(top_k, "/parameters/top_k")?;
    let head = heads::only(service)?;
    let inputs =
        inputs::check_all(service, "/inputs", inputs.0, &Prompt::default(), &mut caller.memory)?;
    let long_text = long_input(service, truncate, truncation_direction);
    let classifying = LogitsRequest { inputs, head: Arc::clone(&head), long_text };
    let labels = &head.descriptor().labels;
    let bytes = labels.iter().map(|label| label.len() + LABEL_BYTES).sum();
    let size = |_: &_| AnswerSize { numbers: labels.len(), bytes };
    let (logits, reply) = classifying.compute(service, caller, size).await?;
    let raw = request.raw_scores == Some(true);
    let activation = function.unwrap_or_else(|| activation(head.descriptor(), raw));
    let write = move || predictions(&head, logits, activation, top_k, flat);
    reply.write(&service.text_pool, write).await
}

/// What turns logits into scores: a sigmoid for one label, or where several may hold; else a softmax.
fn activation(head: &Descriptor, raw: bool) -> OutputActivation {
    let several_hold = head.problem_type == ProblemType::MultiLabelClassification;
    match raw {
        true => OutputActivation::None,
        false if several_hold || head.labels.len() == 1 => OutputActivation::Sigmoid,
        false => OutputActivation::Softmax,
    }
}

fn predictions(
    head: &Head,
    logits: Logits,
    activation: OutputActivation,
    top_k: Option<usize>,
    flat: bool,
) -> Predictions {
    let descriptor = head.descriptor();
    let count = top_k.unwrap_or(descriptor.labels.len());
    let labels =
        |row| descriptor.decide(row, Some(activation), Some(count)).top.unwrap_or_default();
    let mut inputs: Vec<Vec<Scored>> = logits.rows.into_iter().map(labels).collect();
    if flat {
        Predictions::One(inputs.pop().unwrap_or_default())
    } else {
        Predictions::Several(inputs)
    }
}
