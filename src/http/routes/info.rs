//! `GET /info`: what is served, from what, and within which limits.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::{ApiError, Problem};
use crate::http::state::{AppState, Service};
use crate::model::checkpoint::ProblemType;
use crate::model::head::{Head, OutputActivation};
use crate::model::recipe::ResolvedRecipe;

/// The answer of `GET /info`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Info {
    /// The server's version.
    pub version: String,
    /// The model.
    pub model: ModelInfo,
    /// What computes.
    pub encoder: EncoderInfo,
    /// What one request may ask for.
    pub limits: LimitsInfo,
    /// Recipes by name, with layers counted from 0 and their widths.
    pub recipes: BTreeMap<String, ResolvedRecipe>,
    /// What is not as its name says on this model, in words.
    pub notes: Vec<String>,
    /// The checkpoint's prompts by name.
    pub prompts: BTreeMap<String, String>,
    /// Heads by name.
    pub heads: BTreeMap<String, HeadInfo>,
    /// Heads that were found and can't serve, with the reason.
    pub skipped_heads: BTreeMap<String, String>,
}

/// The model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelInfo {
    /// Its folder's name.
    pub name: String,
    /// The fingerprint that heads are made for.
    pub fingerprint: String,
    /// Encoder layers; hidden states are one more.
    pub layers: usize,
    /// Columns of a hidden state.
    pub hidden_size: usize,
    /// Rows of the word embedding table.
    pub vocabulary: usize,
}

/// What computes.
#[derive(Debug, Serialize, ToSchema)]
pub struct EncoderInfo {
    /// Its name.
    pub name: String,
    /// The element type of its products.
    pub dtype: String,
    /// The instruction set in use.
    pub instruction_set: String,
    /// Threads of a pass.
    pub threads: usize,
}

/// What one request may ask for.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsInfo {
    /// Tokens of a sequence, special tokens included.
    pub sequence_tokens: usize,
    /// Inputs of a request.
    pub inputs: usize,
    /// Bytes of a text.
    pub text_bytes: usize,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Distinct layers of a request.
    pub layers: usize,
    /// Bytes of an answer, estimated.
    pub answer_bytes: usize,
}

/// A head.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeadInfo {
    /// What tells it from another of the same name.
    pub version: String,
    /// In the order of its numbers.
    pub labels: Vec<String>,
    /// What it reads.
    pub recipe: ResolvedRecipe,
    /// What its outputs mean.
    pub problem_type: ProblemType,
    /// What turns logits into probabilities.
    pub activation: OutputActivation,
    /// Logits are divided by it before the activation.
    pub temperature: f32,
}

/// Describes the server.
#[utoipa::path(get, path = "/info", tag = "about", responses(
    (status = 200, body = Info, description = "What is served."),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Starting."),
))]
pub async fn info(State(state): State<AppState>) -> Result<Json<Info>, ApiError> {
    let service = state.service()?;
    let heads = service.heads();
    let Service { model, recipes, limits, .. } = &**service;
    let shape = recipes.shape();
    let mut notes = Vec::new();
    if shape.layers < 4 {
        notes.push(format!("last-four reads the {} encoder layers that there are", shape.layers));
    }
    Ok(Json(Info {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: ModelInfo {
            name: model.name.clone(),
            fingerprint: model.fingerprint.clone(),
            layers: shape.layers,
            hidden_size: shape.hidden,
            vocabulary: model.vocabulary,
        },
        encoder: EncoderInfo {
            name: model.encoder.to_owned(),
            dtype: model.dtype.to_owned(),
            instruction_set: model.instruction_set.to_owned(),
            threads: model.threads,
        },
        limits: LimitsInfo {
            sequence_tokens: service.sequence_tokens,
            inputs: limits.inputs.get(),
            text_bytes: limits.text_bytes.get(),
            body_bytes: state.config().body_bytes.get(),
            layers: limits.layers.get(),
            answer_bytes: limits.answer_bytes.get(),
        },
        recipes: recipes.iter().map(|(name, recipe)| (name.to_owned(), recipe.clone())).collect(),
        notes,
        prompts: service.prompts.clone(),
        heads: heads.loaded.iter().map(|(name, head)| (name.clone(), head_info(head))).collect(),
        skipped_heads: heads.skipped.clone(),
    }))
}

fn head_info(head: &Head) -> HeadInfo {
    let descriptor = head.descriptor();
    HeadInfo {
        version: head.version().to_owned(),
        labels: descriptor.labels.clone(),
        recipe: head.recipe().clone(),
        problem_type: descriptor.problem_type,
        activation: descriptor.activation,
        temperature: descriptor.temperature,
    }
}
