//! `POST /classify`: texts in, each head's logits and probabilities out, from one pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;
use crate::http::explain::{self, Token};
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::head_results::{CLASS_BYTES, HeadDecoder, HeadResult};
use crate::http::models::Wanted;
use crate::http::outputs::{InputType, OutputName, OutputsRequest, OutputsResponse};
use crate::http::pipeline::{self, AnswerSize, Outcome};
use crate::http::problem::ProblemDetails;
use crate::http::prompts;
use crate::http::recipe::resolve;
use crate::http::reply::Reply;
use crate::http::top::check_top;
use crate::http::vectors::{Embedding, FLOAT_BYTES, Vector};
use crate::http::wire::{Usage, WireInputs, WireLongText};
use crate::http::{heads, inputs};
use crate::model::head::{Head, OutputActivation, TokenAttribution};
use crate::model::output::Output;
use crate::model::recipe::{RecipeRef, ResolvedRecipe, bounded_list};
use crate::model::recipe_book::NATIVE;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::text::Input;

/// The body of `POST /classify`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"inputs": "A gripping, beautifully shot film.", "heads": ["sentiment"]}))]
pub struct ClassifyRequest {
    /// The texts to classify.
    pub inputs: WireInputs,
    /// Heads by name; by default the configured ones.
    #[serde(default, deserialize_with = "bounded_list")]
    #[schema(min_items = 1, max_items = 1024)]
    pub heads: Option<Vec<String>>,
    /// What turns logits into probabilities, instead of the head's own activation.
    #[serde(default)]
    pub activation: Option<OutputActivation>,
    /// How many labels to list in `top`, best first.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub top_k: Option<usize>,
    /// Whether to return what each token adds to each logit. Refused for heads whose logits are not
    /// an exact sum over tokens.
    #[serde(default)]
    pub explain: Option<bool>,
    /// Several outputs of each text from one pass, instead of the results of heads alone.
    #[serde(default, deserialize_with = "bounded_list")]
    #[schema(min_items = 1, max_items = 1024)]
    pub outputs: Option<Vec<OutputName>>,
    /// What the texts are, for the output `multi_vector`; by default documents.
    #[serde(default)]
    pub input_type: Option<InputType>,
    /// A recipe, to get the embedding from the same pass. With `outputs` it is that of `dense`.
    #[serde(default)]
    pub embed: Option<RecipeRef>,
    /// A text to put in front of each input.
    #[serde(default)]
    pub prompt: Option<String>,
    /// The name of one of the checkpoint's own prompts.
    #[serde(default)]
    pub prompt_name: Option<String>,
    /// What happens to a text with too many tokens.
    #[serde(default)]
    pub long_text: Option<WireLongText>,
    /// A name of the model that is asked; by default the first one.
    #[serde(default)]
    model: Option<String>,
}

impl AsksModel for ClassifyRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(self.model.as_deref())
    }
}

/// The answer of `POST /classify`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClassifyResponse {
    /// The model's name.
    pub model: String,
    /// The labels of each head, in the order of its logits.
    pub labels: BTreeMap<String, Vec<String>>,
    /// The version of each head that answered; `/info` has the versions that are loaded now.
    pub versions: BTreeMap<String, String>,
    /// One result per input, in order: the result of each head by its name.
    pub results: Vec<BTreeMap<String, HeadResult>>,
    /// One embedding per input, in order, if the request has `embed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<Vec<Embedding>>,
    /// Tokens, and which inputs were cut.
    pub usage: Usage,
}

/// The answer with `outputs` or without.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum ClassifyAnswer {
    /// Without `outputs`.
    Results(ClassifyResponse),
    /// With `outputs`.
    Outputs(OutputsResponse),
}

/// Classifies texts.
#[utoipa::path(
    post, path = "/classify", tag = "inference", request_body = ClassifyRequest,
    responses(
        (status = 200, body = ClassifyAnswer, description = "One result per input, in order."),
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
pub async fn classify(
    ApiJson { value: request, mut caller }: ApiJson<ClassifyRequest>,
) -> Result<Response, ApiError> {
    check_fields(&request)?;
    if request.outputs.is_some() {
        return request.several().answer(caller).await;
    }
    let service = &caller.service();
    let heads = heads::select(service, request.heads.as_deref())?;
    let explain = request.explain == Some(true);
    let attributions = if explain { explain::attributions(service, &heads)? } else { Vec::new() };
    let recipe = request.embed.as_ref().map(|r| resolve(service, r, "/embed")).transpose()?;
    let native = matches!(&request.embed, Some(RecipeRef::Name(name)) if name == NATIVE);
    if native && request.prompt.is_none() && request.prompt_name.is_none() {
        prompts::check_no_default(service, "/embed")?;
    }
    let (prompt, name) = (request.prompt, request.prompt_name);
    let prompt = prompts::choose_prompt(service, prompt, name, "/prompt_name", false)?;
    let inputs =
        inputs::check_all(service, "/inputs", request.inputs, &prompt, &mut caller.memory)?;
    let spec = task_spec(&heads, &attributions, recipe.clone());
    pipeline::check_layers(service, &spec, "/heads")?;
    let classes: usize = heads.iter().map(|head| head.descriptor().labels.len()).sum();
    let columns = recipe.as_ref().map_or(0, |recipe| recipe.dimensions);
    let size = |input: &Input, tokens: usize| {
        let token = classes * FLOAT_BYTES + heads.len() * explain::TOKEN_BYTES;
        let explained = heads.len() * input.bytes() + tokens * token;
        let bytes = classes * CLASS_BYTES + columns * FLOAT_BYTES;
        AnswerSize {
            numbers: classes + columns + if explain { tokens * classes } else { 0 },
            bytes: bytes + if explain { explained } else { 0 },
        }
    };
    let (deadline, long_text) = (caller.deadline, request.long_text.unwrap_or_default().into());
    let outcome = pipeline::run(service, inputs, spec, long_text, caller, size).await?;
    let Outcome { outputs, inputs, windows, usage, answer_memory, memory } = outcome;
    let mut numbers: usize = outputs.iter().map(Output::number_count).sum();
    let mut tokens = Vec::new();
    if explain {
        let text: usize = inputs.iter().map(Input::bytes).sum();
        numbers += heads.len() * text / FLOAT_BYTES;
        tokens = explain::read_tokens(service, inputs, windows, prompt.text, deadline).await?;
    }
    let decoder =
        HeadDecoder { heads, attributions, activation: request.activation, top_k: request.top_k };
    let model = service.model.name.clone();
    let with_embeddings = recipe.is_some();
    let answer = move || {
        let (results, embeddings) = results(&decoder, outputs, &tokens);
        // The tokens of an explanation were part of it.
        drop(memory);
        ClassifyResponse {
            model,
            labels: decoder.by_head(|head| head.descriptor().labels.clone()),
            versions: decoder.by_head(|head| head.version().to_owned()),
            results,
            embeddings: with_embeddings.then_some(embeddings),
            usage,
        }
    };
    let reply = Reply { numbers, deadline, memory: answer_memory };
    reply.write(&service.text_pool, answer).await
}

impl ClassifyRequest {
    /// The request with its `outputs`.
    fn several(self) -> OutputsRequest {
        OutputsRequest {
            input_type: self.input_type,
            recipe: self.embed,
            recipe_field: "/embed",
            heads: self.heads,
            activation: self.activation,
            top_k: self.top_k,
            prompt: self.prompt,
            prompt_name: self.prompt_name,
            long_text: self.long_text,
            ..OutputsRequest::new(self.inputs, self.outputs.unwrap_or_default())
        }
    }
}

/// Checks what `outputs` can be combined with, what is of no use without it, and how many labels are
/// listed.
fn check_fields(request: &ClassifyRequest) -> Result<(), ApiError> {
    check_top(request.top_k, "/top_k")?;
    let (pointer, message) = match &request.outputs {
        None if request.input_type.is_some() => {
            ("/input_type", "it needs \"outputs\", with an output that it is for")
        }
        Some(_) if request.explain == Some(true) => {
            ("/explain", "explanations are of heads alone, without \"outputs\"")
        }
        _ => return Ok(()),
    };
    Err(ApiError::unacceptable(ErrorCode::OutputUnsupported, pointer, message))
}

/// The outputs of each input, in the order in which [`HeadDecoder::results`] reads them.
fn task_spec(
    heads: &[Arc<Head>],
    attributions: &[Arc<TokenAttribution>],
    recipe: Option<Arc<ResolvedRecipe>>,
) -> TaskSpec {
    let logits = heads.iter().cloned().map(OutputSpec::Logits);
    let contributions = attributions.iter().cloned().map(OutputSpec::Contributions);
    let embedding = recipe.map(OutputSpec::Embedding);
    TaskSpec::new(logits.chain(contributions).chain(embedding).collect())
}

/// The results of all inputs, and their embeddings, if there are any. `tokens` are those of each
/// input, if an explanation is wanted.
fn results(
    decoder: &HeadDecoder,
    outputs: Vec<Output>,
    tokens: &[Vec<Token>],
) -> (Vec<BTreeMap<String, HeadResult>>, Vec<Embedding>) {
    let mut embeddings = Vec::new();
    let result = |(index, output): (usize, Output)| {
        let mut rows = output.values.into_iter();
        let result = decoder.results(&mut rows, tokens.get(index).map(Vec::as_slice));
        // What is left is the embedding's.
        embeddings.extend(rows.map(|row| Embedding::Pooled(Vector::from(row))));
        result
    };
    let results = outputs.into_iter().enumerate().map(result).collect();
    (results, embeddings)
}
