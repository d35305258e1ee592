//! `/similarity`: cosines of sentences with one sentence.

use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::error::ErrorBody;
use super::options::{HubOptions, TruncationDirection, long_input};
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::inputs::check_all;
use crate::http::models::Wanted;
use crate::http::prompts::choose_prompt;
use crate::http::recipe::native;
use crate::http::similarity::{Comparison, SimilarityRequest};
use crate::http::wire::{WireInput, WireInputs};
use crate::http::wire_texts::WireTexts;

/// The body of `POST /similarity`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(
    as = TeiSimilarityRequest,
    example = json!({"inputs": {"source_sentence": "a good film", "sentences": ["It rains."]}})
)]
pub struct TeiSimilarityRequest {
    /// The sentences.
    inputs: SimilarityInputs,
    /// How they are read.
    #[serde(default)]
    parameters: Option<SimilarityParameters>,
    /// Has no effect.
    #[serde(default, rename = "options")]
    _options: Option<HubOptions>,
    /// A name of the model that is asked; by default the first one.
    #[serde(default)]
    model: Option<String>,
}

impl AsksModel for TeiSimilarityRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(self.model.as_deref())
    }
}

/// The sentences of a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TeiSimilarityInputs)]
pub struct SimilarityInputs {
    /// The sentence with which the others are compared.
    source_sentence: String,
    /// The others.
    sentences: WireTexts,
}

/// How sentences are read.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TeiSimilarityParameters)]
pub struct SimilarityParameters {
    /// Whether a sentence that has too many tokens is cut; if not, it is an error.
    #[serde(default)]
    truncate: Option<bool>,
    /// The side on which it is cut.
    #[serde(default)]
    truncation_direction: Option<TruncationDirection>,
    /// The name of one of the checkpoint's own prompts.
    #[serde(default)]
    prompt_name: Option<String>,
}

/// Compares sentences with one sentence, by the recipe `native`.
#[utoipa::path(
    post, path = "/similarity", operation_id = "tei_similarity", tag = "text-embeddings-inference",
    request_body = TeiSimilarityRequest,
    responses(
        (status = 200, body = Vec<f32>, description = "One cosine per sentence, in order."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 413, 422, 424, 429 and others."),
        (status = "5XX", body = ErrorBody, description = "503, 504."),
    ),
)]
pub async fn similarity(
    ApiJson { value: request, mut caller }: ApiJson<TeiSimilarityRequest>,
) -> Result<Response, ApiError> {
    let service = &caller.service();
    let SimilarityInputs { source_sentence, sentences } = request.inputs;
    let parameters = request.parameters.unwrap_or_default();
    let long_text = long_input(service, parameters.truncate, parameters.truncation_direction);
    let name_pointer = "/parameters/prompt_name";
    let prompt = choose_prompt(service, None, parameters.prompt_name, name_pointer, true)?;
    let mut of_source = caller.beside();
    let source = WireInputs::One(WireInput::Text(source_sentence));
    let memory = &mut of_source.memory;
    let source = check_all(service, "/inputs/source_sentence", source, &prompt, memory)?;
    let texts = sentences.into_inputs(WireInput::Text);
    let texts = check_all(service, "/inputs/sentences", texts, &prompt, &mut caller.memory)?;
    let comparison = Comparison::Cosine(native(service, None)?);
    let comparing = SimilarityRequest { source, texts, comparison, long_text, echo: false };
    let answer = comparing.compute(service, of_source, caller).await?;
    answer.write(service, |scores| scores.scores).await
}
