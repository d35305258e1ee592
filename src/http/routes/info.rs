//! `GET /info`: the model, its recipes and heads, and the limits of a request.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::models::Wanted;
use crate::http::problem::ProblemDetails;
use crate::http::reranking::Scorer;
use crate::http::routes::health::ModelState;
use crate::http::service::{LateInteraction, Service};
use crate::http::state::AppState;
use crate::model::checkpoint::{LeftOut, ProblemType, Splade};
use crate::model::head::{Head, OutputActivation};
use crate::model::multi_vector::Similarity;
use crate::model::recipe::ResolvedRecipe;
use crate::model::sparse::SparseHead;
use crate::quantization::Calibration;
use crate::text::LateReader;

/// The answer of `GET /info`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Info {
    /// The server's version.
    pub version: String,
    /// All models, in their order.
    pub models: Vec<ModelState>,
    /// The model that `?model=` names, or the first one; so is all that follows.
    pub model: ModelInfo,
    /// The encoder.
    pub encoder: EncoderInfo,
    /// Limits of one request.
    pub limits: LimitsInfo,
    /// Recipes by name, with their widths, and with layers counted from 0.
    pub recipes: BTreeMap<String, ResolvedRecipe>,
    /// Remarks on built-in names that don't fit this model.
    pub notes: Vec<String>,
    /// What scores documents for a query: `cross-encoder`, the checkpoint's own classifier, or `cosine`
    /// of the rows of `native`.
    pub reranks_by: &'static str,
    /// The checkpoint's prompts by name.
    pub prompts: BTreeMap<String, String>,
    /// For which rows `int8` and `uint8` can be had.
    pub calibrations: Vec<CalibrationInfo>,
    /// Heads by name.
    pub heads: BTreeMap<String, HeadInfo>,
    /// The checkpoint's classifier of tokens, if it has one: what `/tag` uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tagger: Option<TaggerInfo>,
    /// How sparse embeddings are made, if the model makes them: what `/tei/embed_sparse` uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sparse: Option<SparseInfo>,
    /// How vectors of tokens are made, if the model makes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_vector: Option<MultiVectorInfo>,
    /// Heads that were found but can't be used, with the reason.
    pub skipped_heads: BTreeMap<String, String>,
}

/// The model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelInfo {
    /// Its folder's name, or `org/name` on a hub.
    pub name: String,
    /// The commit of the hub's repository that it was loaded from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The encoder's fingerprint, to which heads are bound.
    pub fingerprint: String,
    /// Number of encoder layers. There is one more hidden state: the embedding output.
    pub layers: usize,
    /// Columns of a hidden state.
    pub hidden_size: usize,
    /// Rows of the word embedding table.
    pub vocabulary: usize,
    /// What the checkpoint has and is not served.
    pub left_out: LeftOut,
}

/// The encoder.
#[derive(Debug, Serialize, ToSchema)]
pub struct EncoderInfo {
    /// The name of the implementation.
    pub name: String,
    /// The dtype of its GEMMs.
    pub dtype: String,
    /// The instruction set in use.
    pub instruction_set: String,
    /// How products in f32 are computed: `fma`, or `split` into six products of bf16. Only for f32 with the
    /// packed encoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f32_products: Option<&'static str>,
    /// The name of what decides the bits of an answer, besides model and input; also in the header
    /// `x-strata-numerics` of every answer. Servers with the same name, fingerprint and input give the same
    /// bits, if the encoder is `packed`.
    pub numerics: String,
    /// Threads that compute a pass.
    pub threads: usize,
}

/// Limits of one request.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsInfo {
    /// The most tokens of a sequence, special tokens included.
    pub sequence_tokens: usize,
    /// The most inputs.
    pub inputs: usize,
    /// The most bytes of a text.
    pub text_bytes: usize,
    /// The most bytes of the body.
    pub body_bytes: usize,
    /// The most distinct layers.
    pub layers: usize,
    /// The most bytes of the answer, estimated.
    pub answer_bytes: usize,
}

/// Rows whose ranges are known.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalibrationInfo {
    /// The recipe, with its columns in `dimensions`.
    #[schema(value_type = ResolvedRecipe)]
    pub recipe: Value,
    /// The prompt in front of each text.
    pub prompt: String,
    /// How many texts the ranges are from.
    pub texts: usize,
}

/// A classifier of tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaggerInfo {
    /// Labels, in the order of its logits.
    pub labels: Vec<String>,
}

/// What makes sparse embeddings.
#[derive(Debug, Serialize, ToSchema)]
pub struct SparseInfo {
    /// Where weights come from.
    pub method: SparseMethod,
    /// How logits become weights, with `splade`.
    #[serde(flatten)]
    pub splade: Option<Splade>,
    /// Ids of the vocabulary.
    pub dimensions: usize,
}

/// Where the weights of sparse embeddings come from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SparseMethod {
    /// From the predictions of a masked language model at each token.
    Splade,
    /// From a weight of each token of the text itself.
    Lexical,
}

/// What makes vectors of tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct MultiVectorInfo {
    /// Columns of a vector.
    pub dimensions: usize,
    /// How the vectors of two texts are meant to be compared.
    pub similarity: Similarity,
    /// Most tokens of a query, special tokens included.
    pub query_tokens: usize,
    /// To how many tokens queries are filled up, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filled_query_tokens: Option<usize>,
    /// Most tokens of a document, special tokens included.
    pub document_tokens: usize,
}

/// A head.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeadInfo {
    /// Distinguishes it from other heads of the same name.
    pub version: String,
    /// Labels, in the order of its logits.
    pub labels: Vec<String>,
    /// The recipe of its features.
    pub recipe: ResolvedRecipe,
    /// What its logits mean.
    pub problem_type: ProblemType,
    /// What turns logits into probabilities.
    pub activation: OutputActivation,
    /// For the checkpoint's own classifier: what sentence-transformers' `CrossEncoder` applies to
    /// the logits instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score_activation: Option<OutputActivation>,
    /// Logits are divided by this before the activation.
    pub temperature: f32,
}

/// What `/info` is asked.
#[derive(Debug, Deserialize)]
pub struct InfoQuery {
    /// A name of a model.
    model: Option<String>,
}

/// Describes the server.
#[utoipa::path(get, path = "/info", tag = "about", params(
    ("model" = Option<String>, Query, nullable = false, description = "A name of a model; by default the first one."),
), responses(
    (status = 200, body = Info, description = "The model, its recipes, its heads and the limits."),
    (status = 401, body = ProblemDetails, content_type = "application/problem+json", description = "No key."),
    (status = 404, body = ProblemDetails, content_type = "application/problem+json", description = "There is no model of this name."),
    (status = 503, body = ProblemDetails, content_type = "application/problem+json", description = "Starting."),
))]
pub async fn info(
    State(state): State<AppState>,
    Query(query): Query<InfoQuery>,
) -> Result<Json<Info>, ApiError> {
    let name = query.model.as_deref();
    let wanted = name.map_or(Wanted::First, |name| Wanted::Named { name, pointer: "" });
    let service = &state.models().choose(wanted)?;
    let heads = service.heads();
    let Service { model, recipes, limits, .. } = &**service;
    let shape = recipes.shape();
    let mut notes = Vec::new();
    if shape.layers < 4 {
        notes.push(format!(
            "last-four reads only {} layers, since the encoder has no more",
            shape.layers
        ));
    }
    Ok(Json(Info {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        models: state.models().all().iter().map(ModelState::new).collect(),
        model: ModelInfo {
            name: model.name.clone(),
            commit: model.commit.clone(),
            fingerprint: model.fingerprint.clone(),
            layers: shape.layers,
            hidden_size: shape.hidden,
            vocabulary: model.vocabulary,
            left_out: model.left_out.clone(),
        },
        encoder: EncoderInfo {
            name: model.encoder.to_owned(),
            dtype: model.dtype.to_owned(),
            instruction_set: model.instruction_set.to_owned(),
            f32_products: model.f32_products,
            numerics: model.numerics.clone(),
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
        reranks_by: Scorer::choose(service)?.name(),
        prompts: service.prompts.clone(),
        calibrations: service.calibrations.iter().map(calibration_info).collect(),
        heads: heads.all().map(|(name, head)| (name.clone(), head_info(head))).collect(),
        tagger: service
            .tagger
            .as_ref()
            .map(|tagger| TaggerInfo { labels: tagger.labels().to_vec() }),
        sparse: service.sparse.as_deref().map(sparse_info),
        multi_vector: service.late.as_ref().map(multi_vector_info),
        skipped_heads: heads.skipped.clone(),
    }))
}

fn sparse_info(head: &SparseHead) -> SparseInfo {
    let splade = head.splade();
    let method = if splade.is_some() { SparseMethod::Splade } else { SparseMethod::Lexical };
    SparseInfo { method, splade, dimensions: head.vocabulary() }
}

fn multi_vector_info(late: &LateInteraction) -> MultiVectorInfo {
    let LateReader { query_tokens, document_tokens, filling } = &late.reader;
    MultiVectorInfo {
        dimensions: late.head.columns(),
        similarity: late.head.similarity(),
        query_tokens: *query_tokens,
        filled_query_tokens: filling.map(|filling| filling.tokens),
        document_tokens: *document_tokens,
    }
}

fn calibration_info(calibration: &Calibration) -> CalibrationInfo {
    let Calibration { recipe, prompt, texts, .. } = calibration;
    CalibrationInfo { recipe: recipe.clone(), prompt: prompt.clone(), texts: *texts }
}

fn head_info(head: &Head) -> HeadInfo {
    let descriptor = head.descriptor();
    HeadInfo {
        version: head.version().to_owned(),
        labels: descriptor.labels.clone(),
        recipe: head.recipe().clone(),
        problem_type: descriptor.problem_type,
        activation: descriptor.activation,
        score_activation: head.score_activation(),
        temperature: descriptor.temperature,
    }
}
