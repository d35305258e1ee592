//! `POST /tag`: texts in, the entities of each out, by a classifier of tokens.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::inputs;
use crate::http::models::Wanted;
use crate::http::pipeline::{self, AnswerSize, Outcome};
use crate::http::problem::ProblemDetails;
use crate::http::prompts::Prompt;
use crate::http::reply::Reply;
use crate::http::tagging::{self, ENTITY_BYTES, OUTSIDE, TaggedSpan, Tagging};
use crate::http::wire::{Usage, WireInputs, WireLongText};
use crate::model::output::Output;
use crate::model::recipe::bounded_list;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::tags::Aggregation;
use crate::text::Input;

/// The body of `POST /tag`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"inputs": "Ada Lovelace lived in London.", "aggregation": "first"}))]
pub struct TagRequest {
    /// The texts to tag, not as pairs.
    pub inputs: WireInputs,
    /// What classifies tokens: `checkpoint`, or the name of a head of the type `token_classification`; by
    /// default the checkpoint's own classifier of tokens, or else the only such head.
    #[serde(default)]
    pub head: Option<String>,
    /// How tokens become entities; by default `simple`.
    #[serde(default)]
    pub aggregation: Option<Aggregation>,
    /// Labels to leave out, as they would be in the answer; by default `O`.
    #[serde(default, deserialize_with = "bounded_list")]
    #[schema(max_items = 1024)]
    pub ignore_labels: Option<Vec<String>>,
    /// What happens to a text with too many tokens.
    #[serde(default)]
    pub long_text: Option<WireLongText>,
    /// A name of the model that is asked; by default the first one.
    #[serde(default)]
    model: Option<String>,
}

impl AsksModel for TagRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(self.model.as_deref())
    }
}

/// The answer of `POST /tag`.
#[derive(Debug, Serialize, ToSchema)]
pub struct TagResponse {
    /// The model's name.
    pub model: String,
    /// One list per input, in order, of its entities, or of its tokens with `none`.
    pub results: Vec<Vec<TaggedSpan>>,
    /// Tokens, and which inputs were cut.
    pub usage: Usage,
}

/// Finds the entities of texts.
#[utoipa::path(
    post, path = "/tag", tag = "inference", request_body = TagRequest,
    responses(
        (status = 200, body = TagResponse, description = "One list of entities per input, in order."),
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
pub async fn tag(
    ApiJson { value: request, mut caller }: ApiJson<TagRequest>,
) -> Result<Response, ApiError> {
    let service = &caller.service();
    let tagger = tagging::choose(service, request.head.as_deref())?;
    let mut ignored = request.ignore_labels.unwrap_or_else(|| vec![OUTSIDE.to_owned()]);
    // Nothing that the client sent is kept for longer than it is of use.
    let longest = tagger.labels().iter().map(String::len).max().unwrap_or_default();
    ignored.retain(|label| label.len() <= longest);
    let aggregation = request.aggregation.unwrap_or_default();
    let tagging = Tagging { tagger, aggregation, ignored };
    let message = "two texts are tagged as two inputs, since spans are those of one text";
    inputs::check_no_pairs(&request.inputs, message)?;
    let no_prompt = Prompt::default();
    let inputs =
        inputs::check_all(service, "/inputs", request.inputs, &no_prompt, &mut caller.memory)?;
    let spec = TaskSpec::new(vec![OutputSpec::Tags(tagging.tagger.clone())]);
    let labels = tagging.tagger.labels().len();
    let size = |input: &Input, tokens: usize| AnswerSize {
        // The scores of all labels exist beside the answer, in float64.
        numbers: 3 * tokens * labels,
        bytes: input.bytes() + tokens * ENTITY_BYTES,
    };
    let (deadline, long_text) = (caller.deadline, request.long_text.unwrap_or_default().into());
    let outcome = pipeline::run(service, inputs, spec, long_text, caller, size).await?;
    let Outcome { outputs, inputs, windows, usage, answer_memory, memory } = outcome;
    let numbers = outputs.iter().map(Output::number_count).sum();
    let reply = Reply { numbers, deadline, memory: answer_memory };
    let (reader, model) = (service.clone(), service.model.name.clone());
    let answer = move || {
        let texts = inputs.iter().zip(&windows).zip(outputs);
        let spans = texts.map(|((input, windows), output)| {
            tagging.spans(&reader, input, windows, &output.values[0])
        });
        let results = spans.collect();
        // The places of tokens were needed until here.
        drop(memory);
        TagResponse { model, results, usage }
    };
    reply.write(&service.text_pool, answer).await
}
