//! `POST /classify`: texts in, each head's logits and probabilities out, from one pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::explain::{self, Token};
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::models::Wanted;
use crate::http::pipeline::{self, AnswerSize, Outcome};
use crate::http::problem::ProblemDetails;
use crate::http::prompts;
use crate::http::recipe::resolve;
use crate::http::reply::Reply;
use crate::http::top::check_top;
use crate::http::vectors::{Embedding, FLOAT_BYTES, Vector};
use crate::http::wire::{Usage, WireInputs, WireLongText};
use crate::http::{heads, inputs};
use crate::model::head::decision::Decision;
use crate::model::head::{Head, OutputActivation, TokenAttribution};
use crate::model::output::Output;
use crate::model::recipe::{RecipeRef, ResolvedRecipe, bounded_list};
use crate::model::recipe_book::NATIVE;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::text::Input;

/// Bytes of a class in the answer: its logit, its probability, and sometimes its label.
const CLASS_BYTES: usize = 64;

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
    /// A recipe, to get the embedding from the same pass.
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

/// The result of one head for one input.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeadResult {
    /// Logits, probabilities and labels.
    #[serde(flatten)]
    pub decision: Decision,
    /// With `explain: true`: the tokens that were read, special tokens included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Vec<Token>>,
    /// One row per token: what it adds to each logit, in the order of the labels, before
    /// temperature. Their sum plus `bias` is the logits, except for rounding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contributions: Option<Vec<Vec<f32>>>,
    /// The logits before any token has added to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias: Option<Vec<f32>>,
}

impl HeadResult {
    /// Adds the explanation; `contributions (t·classes)`, token by token.
    fn explain(
        &mut self,
        tokens: Vec<Token>,
        contributions: &[f32],
        attribution: &TokenAttribution,
    ) {
        let classes = attribution.bias().len();
        let rows = contributions.chunks_exact(classes).map(<[f32]>::to_vec);
        self.tokens = Some(tokens);
        self.contributions = Some(rows.collect());
        self.bias = Some(attribution.bias().to_vec());
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
        (status = 200, body = ClassifyResponse, description = "One result per input, in order."),
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
    let service = &caller.service();
    check_top(request.top_k, "/top_k")?;
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
        Decoder { heads, attributions, activation: request.activation, top_k: request.top_k };
    let model = service.model.name.clone();
    let with_embeddings = recipe.is_some();
    let answer = move || {
        let (results, embeddings) = decoder.results(outputs, tokens);
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

/// The outputs of each input, in the order in which [`Decoder::result`] reads them.
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

/// Turns an input's numbers into the results of the heads.
struct Decoder {
    heads: Vec<Arc<Head>>,
    /// One per head, or none if no explanation is wanted.
    attributions: Vec<Arc<TokenAttribution>>,
    /// Instead of the heads' own activations.
    activation: Option<OutputActivation>,
    /// How many labels to list.
    top_k: Option<usize>,
}

impl Decoder {
    /// What each head has, by its name.
    fn by_head<T>(&self, of_head: impl Fn(&Head) -> T) -> BTreeMap<String, T> {
        self.heads.iter().map(|head| (head.name().to_owned(), of_head(head))).collect()
    }

    /// The results of all inputs, and their embeddings, if there are any. `tokens` are those of each
    /// input, if an explanation is wanted.
    fn results(
        &self,
        outputs: Vec<Output>,
        tokens: Vec<Vec<Token>>,
    ) -> (Vec<BTreeMap<String, HeadResult>>, Vec<Embedding>) {
        let mut tokens = tokens.into_iter();
        let mut embeddings = Vec::new();
        let result = |output| {
            let (result, rest) = self.result(output, tokens.next());
            embeddings.extend(rest.map(|row| Embedding::Pooled(Vector::from(row))));
            result
        };
        let results = outputs.into_iter().map(result).collect();
        (results, embeddings)
    }

    /// The result of each head, and the row that is left: that of the embedding, if there is one.
    fn result(
        &self,
        output: Output,
        tokens: Option<Vec<Token>>,
    ) -> (BTreeMap<String, HeadResult>, impl Iterator<Item = Vec<f32>> + use<>) {
        let mut rows = output.values.into_iter();
        let decide = |(head, logits): (&Arc<Head>, Vec<f32>)| {
            let decision = head.descriptor().decide(logits, self.activation, self.top_k);
            (head.name().to_owned(), HeadResult::from(decision))
        };
        let mut results: BTreeMap<String, HeadResult> =
            self.heads.iter().zip(rows.by_ref()).map(decide).collect();
        let explained = self.heads.iter().zip(&self.attributions);
        for ((head, attribution), contributions) in explained.zip(rows.by_ref()) {
            if let Some(result) = results.get_mut(head.name()) {
                result.explain(tokens.clone().unwrap_or_default(), &contributions, attribution);
            }
        }
        (results, rows)
    }
}
