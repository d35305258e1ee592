//! Loads a service from a checked configuration.

use std::sync::Arc;

use tokio::sync::watch;

use super::engine::ModelEngine;
use super::error::LoadError;
use super::fetching::log_fetching;
use super::parts::{Parts, load_parts};
use crate::batching::{Batcher, BatcherOptions, PassCost, Worker};
use crate::config::Config;
use crate::heads::{self, HeadSet, Library};
use crate::http::model_card::ModelCard;
use crate::http::state::Service;
use crate::http::text_pool::TextPool;
use crate::model::checkpoint::{Checkpoint, LeftOut};
use crate::model::head::{Head, HeadContext};
use crate::model::recipe_book::RecipeBook;
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

/// Loads everything and starts the batcher's worker.
///
/// # Errors
/// A file is missing or can't be used, or a thread could not be started.
pub fn load(config: &Config) -> Result<Loaded, LoadError> {
    let Parts {
        source,
        checkpoint,
        model,
        tokenizer,
        scoring,
        recipes,
        sequence_tokens,
        fingerprint,
    } = load_parts(config, &mut log_fetching())?;
    let library = open_heads(config, &checkpoint, &recipes, &fingerprint)?;
    let (publish, heads) = watch::channel(Arc::new(library.set()));
    let calibrations = Calibrations::read(&config.calibrations, &fingerprint)?;
    let card = ModelCard {
        name: source.name,
        commit: source.commit,
        fingerprint,
        vocabulary: checkpoint.config.vocab_size,
        left_out: LeftOut::find(&checkpoint),
        encoder: model.encoder().name(),
        dtype: model.encoder().dtype(),
        instruction_set: model.encoder().instruction_set(),
        f32_products: model.encoder().f32_products(),
        numerics: model.encoder().numerics().to_owned(),
        threads: config.encoder.threads.get(),
    };
    let (pads, output_builder) = (model.encoder().pads(), model.output_builder().clone());
    let engine =
        ModelEngine::new(model, &recipes).map_err(|error| LoadError::Trial(error.into()))?;
    let cost = engine
        .measure(config.batching.budget_tokens.get(), sequence_tokens)
        .map_err(LoadError::Trial)?;
    let options = batcher_options(config, pads, cost);
    let (batcher, worker) =
        Batcher::start(Arc::new(engine), options).map_err(LoadError::no_thread)?;
    let service = Service {
        model: card,
        aliases: config.aliases.clone(),
        takes_pairs: tokenizer.takes_pairs(checkpoint.config.token_types),
        tokenizer,
        scoring,
        text_pool: TextPool::start(config.encoder.threads.get()).map_err(LoadError::no_thread)?,
        recipes,
        heads,
        calibrations,
        prompts: checkpoint.sentence.prompts.clone(),
        default_prompt: checkpoint.sentence.default_prompt.clone(),
        default_recipe: config.embed.recipe.clone(),
        default_heads: config.classify.heads.clone(),
        openai: config.openai,
        tei: config.tei,
        limits: config.limits.clone(),
        sequence_tokens,
        output_builder,
        batcher,
    };
    Ok(Loaded { service, worker, library, publish })
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
    let context = HeadContext { recipes, fingerprint };
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
