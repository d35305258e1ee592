//! Loads a service from a checked configuration.

use std::num::NonZeroUsize;
use std::sync::Arc;

use strata_kernels::Kernels;
use tokio::sync::watch;

use super::engine::ModelEngine;
use super::error::LoadError;
use super::fetching::log_fetching;
use super::late::Late;
use super::parts::{Parts, load_parts};
use crate::batching::{Batcher, BatcherOptions, BatchingMetrics, PassCost, Turns, Worker};
use crate::config::{Config, ServedModel};
use crate::heads::{self, HeadSet, Library};
use crate::http::model_card::ModelCard;
use crate::http::service::{LateInteraction, Service};
use crate::http::text_pool::TextPool;
use crate::model::Model;
use crate::model::checkpoint::{Checkpoint, LeftOut};
use crate::model::head::{Head, HeadContext};
use crate::model::multi_vector::{MultiVectorHead, Role};
use crate::model::recipe_book::RecipeBook;
use crate::model::sparse::SparseHead;
use crate::model::tagger::Tagger;
use crate::model::task::OutputSpec;
use crate::quantization::Calibrations;

/// A service, and the parts that run and end with it.
pub struct Loaded {
    /// What the HTTP handlers need.
    pub service: Service,
    /// The batcher's worker; join it at the end.
    pub worker: Worker,
    /// The heads, to be watched for changes.
    pub library: Library,
    /// Publishes a new set of heads.
    pub publish: watch::Sender<Arc<HeadSet>>,
}

/// What the models of a server have in common.
pub struct Common {
    /// The threads for long work on text.
    pub text_pool: Arc<TextPool>,
    /// The turns in which they compute.
    pub turns: Turns,
    /// What their batchers count.
    pub metrics: BatchingMetrics,
}

impl Common {
    /// Starts the threads for text; `threads` compute passes.
    ///
    /// # Errors
    /// A thread could not be started.
    pub fn start(threads: NonZeroUsize, metrics: BatchingMetrics) -> Result<Self, LoadError> {
        let text_pool = TextPool::start(threads.get()).map_err(LoadError::no_thread)?;
        Ok(Self { text_pool: Arc::new(text_pool), turns: Turns::default(), metrics })
    }
}

/// Loads a model and starts its batcher's worker.
///
/// # Errors
/// A file is missing or can't be used, or a thread could not be started.
pub fn load(model: &ServedModel, common: &Common) -> Result<Loaded, LoadError> {
    let ServedModel { name, weight, config, .. } = model;
    let Parts {
        source,
        checkpoint,
        model: encoder,
        tokenizer,
        scoring,
        recipes,
        sequence_tokens,
        late,
        fingerprint,
    } = load_parts(config, &mut log_fetching())?;
    let library = open_heads(config, &checkpoint, &recipes, &fingerprint)?;
    let (publish, heads) = watch::channel(Arc::new(library.set()));
    let kernels = config.encoder.row_kernels();
    let tagger = Tagger::from_checkpoint(&checkpoint, recipes.shape(), kernels)?;
    let (dtype, weightless) = (config.encoder.dtype, tokenizer.roles().of_texts().collect());
    let sparse = SparseHead::from_checkpoint(&checkpoint, kernels, dtype, weightless)?;
    let late = late_interaction(&checkpoint, kernels, late)?;
    let calibrations = Calibrations::read(&config.calibrations, &fingerprint)?;
    let name = name.clone().unwrap_or(source.name);
    let card = model_card(name, source.commit, fingerprint, &checkpoint, &encoder, config);
    let (pads, output_builder) = (encoder.encoder().pads(), encoder.output_builder().clone());
    let vectors = late.as_ref().map(|late| Arc::clone(&late.head));
    let vectors = vectors.map(|head| OutputSpec::Vectors(head, Role::Document));
    let others = sparse.clone().map(OutputSpec::Sparse).into_iter().chain(vectors);
    let engine = ModelEngine::new(encoder, &recipes, others)
        .map_err(|error| LoadError::Trial(error.into()))?;
    let cost = engine
        .measure(config.batching.budget_tokens.get(), sequence_tokens)
        .map_err(LoadError::Trial)?;
    let options = batcher_options(config, pads, cost);
    let (metrics, turns) = (common.metrics.for_model(&card.name), common.turns.join(*weight));
    let (batcher, worker) =
        Batcher::start(Arc::new(engine), options, metrics, turns).map_err(LoadError::no_thread)?;
    let service = Service {
        model: Arc::new(card),
        takes_pairs: tokenizer.takes_pairs(checkpoint.config.token_types),
        tokenizer,
        scoring,
        text_pool: Arc::clone(&common.text_pool),
        recipes,
        heads,
        tagger,
        sparse,
        late,
        calibrations,
        prompts: checkpoint.sentence.prompts.clone(),
        default_prompt: checkpoint.sentence.default_prompt.clone(),
        default_recipe: config.embed.recipe.clone(),
        default_heads: config.classify.heads.clone(),
        openai: config.openai,
        tei: config.tei,
        limits: config.limits.clone(),
        body_bytes: config.http.body_bytes,
        sequence_tokens,
        output_builder,
        batcher,
    };
    Ok(Loaded { service, worker, library, publish })
}

/// What makes vectors of tokens, if the checkpoint has it.
fn late_interaction(
    checkpoint: &Checkpoint,
    kernels: Kernels,
    late: Option<Late>,
) -> Result<Option<LateInteraction>, LoadError> {
    let (Some(files), Some(Late { reader, skipped })) = (&checkpoint.sentence.multi_vector, late)
    else {
        return Ok(None);
    };
    let head = MultiVectorHead::from_checkpoint(checkpoint, kernels, skipped)?;
    Ok(head.map(|head| LateInteraction { head, reader, ranks: files.ranks }))
}

fn model_card(
    name: String,
    commit: Option<String>,
    fingerprint: String,
    checkpoint: &Checkpoint,
    model: &Model,
    config: &Config,
) -> ModelCard {
    let encoder = model.encoder();
    ModelCard {
        name,
        commit,
        fingerprint,
        vocabulary: checkpoint.config.vocab_size,
        left_out: LeftOut::find(checkpoint),
        encoder: encoder.name(),
        dtype: encoder.dtype(),
        instruction_set: encoder.instruction_set(),
        f32_products: encoder.f32_products(),
        numerics: encoder.numerics().to_owned(),
        threads: config.encoder.threads.get(),
    }
}

/// Loads the only model of a process.
///
/// # Errors
/// Like [`load`].
pub fn load_only(config: &Config) -> Result<Loaded, LoadError> {
    let common = Common::start(config.encoder.threads, BatchingMetrics::default())?;
    load(&ServedModel::only(config.clone()), &common)
}

/// Reads the heads of a checkpoint and of all folders.
///
/// # Errors
/// A head can't be used, or one that the configuration names doesn't exist.
pub fn open_heads(
    config: &Config,
    checkpoint: &Checkpoint,
    recipes: &RecipeBook,
    fingerprint: &str,
) -> Result<Library, LoadError> {
    let own = Head::from_checkpoint(checkpoint, recipes.shape(), fingerprint)?;
    let named = config.classify.heads.as_deref().unwrap_or_default();
    let context = HeadContext { recipes, fingerprint, encoder: config.encoder };
    Ok(Library::open(heads::folders(&config.heads), named, context, own)?)
}

/// The options of a batcher: `padding` as the encoder pads, `cost` as measured.
pub fn batcher_options(config: &Config, padding: bool, cost: PassCost) -> BatcherOptions {
    let batching = &config.batching;
    BatcherOptions {
        token_budget: batching.budget_tokens,
        padding,
        queue_tokens: batching.queue_tokens,
        queue_time: batching.queue_time,
        look_ahead: batching.look_ahead,
        patience: batching.patience,
        gather: batching.gather,
        longest_pass: batching.longest_pass,
        cost,
    }
}
