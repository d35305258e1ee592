//! From a checked configuration to a service: checkpoint, tokenizer, recipes, heads, batcher.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use super::threads::size_pool;
use crate::batching::{Batcher, Engine, Settings, Worker};
use crate::config::Config;
use crate::heads::{self, HeadSet, HeadsError, Library};
use crate::http::state::{ModelCard, Service};
use crate::model::Model;
use crate::model::checkpoint::{Checkpoint, CheckpointError, fingerprint::fingerprint};
use crate::model::encoder::EncoderKind;
use crate::model::head::{Head, HeadContext};
use crate::model::output::PassOutput;
use crate::model::recipe::InvalidRecipe;
use crate::model::recipe_book::{InvalidNamedRecipe, RecipeBook};
use crate::model::task::Task;
use crate::text::{Tokenizer, TokenizerError};

/// Why something that is to be served can't be.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such checkpoint.
    #[error("{}: no such folder; {advice}", model.display())]
    NoModel {
        /// What was asked for.
        model: PathBuf,
        /// How to get it.
        advice: &'static str,
    },
    /// The checkpoint can't be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Its tokenizer can't be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A configured recipe doesn't fit the model.
    #[error("recipes.{name}.{}: {error}", error.field)]
    Recipe {
        /// Its name.
        name: String,
        /// What is wrong.
        error: InvalidRecipe,
    },
    /// The heads can't be loaded.
    #[error(transparent)]
    Heads(#[from] HeadsError),
    /// There is no such head.
    #[error("no head is called \"{name}\", and there is no such folder; there are {known}")]
    NoHead {
        /// Its name.
        name: String,
        /// Those there are.
        known: String,
    },
    /// No thread could be started.
    #[error("no thread could be started: {0}")]
    Thread(String),
}

/// What serving and training both need.
pub struct Parts {
    /// The checkpoint's files.
    pub checkpoint: Checkpoint,
    /// The encoder and what follows it.
    pub model: Model,
    /// Text to tokens.
    pub tokenizer: Tokenizer,
    /// Recipes by name.
    pub recipes: RecipeBook,
    /// Tokens of a sequence, special tokens included.
    pub sequence_tokens: usize,
    /// What tells this encoder from others.
    pub fingerprint: String,
}

/// A service and the worker behind it.
pub struct Loaded {
    /// For the HTTP side.
    pub service: Service,
    /// To be joined at the end.
    pub worker: Worker,
    /// The heads, to be looked at again.
    pub library: Library,
    /// Where new ones go.
    pub publish: watch::Sender<Arc<HeadSet>>,
}

/// Loads the checkpoint with what belongs to it, and sizes candle's thread pool if it is to be used.
///
/// # Errors
/// Something in it can't be used.
pub fn parts(config: &Config) -> Result<Parts, LoadError> {
    let dir = &config.model;
    if !dir.is_dir() {
        let default = Config::defaults().is_ok_and(|defaults| defaults.model == *dir);
        let advice = if default {
            "`make model` brings it, or name another with --model"
        } else {
            "--model takes a folder with config.json, tokenizer.json and safetensors"
        };
        return Err(LoadError::NoModel { model: dir.clone(), advice });
    }
    // The packed encoder has a pool of its own.
    if config.encoder.kind() == EncoderKind::Reference {
        let threads = config.encoder.threads;
        size_pool(threads).map_err(|error| LoadError::Thread(error.to_string()))?;
    }
    let checkpoint = Checkpoint::open(dir)?;
    let tokenizer = Tokenizer::load(dir)?;
    tokenizer.check_fits(checkpoint.config.vocab_size)?;
    let limit = sequence_limit(config, &checkpoint, &tokenizer)?;
    let shape = Model::shape_of(&checkpoint);
    let recipes = RecipeBook::new(shape, &checkpoint.sentence, &config.recipes)
        .map_err(|InvalidNamedRecipe { name, error }| LoadError::Recipe { name, error })?;
    let config_file = dir.join("config.json");
    let files = [config_file.as_path(), tokenizer.file()];
    // Hashing takes as long as loading; on two threads the one hides the other.
    let (model, fingerprint) = std::thread::scope(|scope| {
        let hashing = scope.spawn(|| fingerprint(&checkpoint.weights, &files, limit));
        let model = Model::load(&checkpoint, &config.encoder);
        let died = |_| LoadError::Thread("hashing the checkpoint died".to_owned());
        Ok::<_, LoadError>((model?, hashing.join().map_err(died)??))
    })?;
    // The encoder has its own copy of nearly all.
    checkpoint.weights.release_pages();
    Ok(Parts { checkpoint, model, tokenizer, recipes, sequence_tokens: limit, fingerprint })
}

/// The least of what the position table, the tokenizer, sentence-transformers and the
/// configuration allow.
fn sequence_limit(
    config: &Config,
    checkpoint: &Checkpoint,
    tokenizer: &Tokenizer,
) -> Result<usize, LoadError> {
    let limits = [
        Some(checkpoint.config.positions),
        tokenizer.model_max_length(),
        checkpoint.sentence.max_seq_length,
        config.limits.sequence_tokens.map(std::num::NonZeroUsize::get),
    ];
    let limit = limits.into_iter().flatten().min().unwrap_or(0);
    let special = tokenizer.added_tokens(true);
    if limit <= special {
        let message = format!(
            "sequences may have {limit} tokens; a pair needs {special} special tokens and one more"
        );
        return Err(CheckpointError::invalid(&checkpoint.dir, message).into());
    }
    Ok(limit)
}

/// Loads everything and starts the worker.
///
/// # Errors
/// Something in it can't be used.
pub fn load(config: &Config) -> Result<Loaded, LoadError> {
    let Parts { checkpoint, model, tokenizer, recipes, sequence_tokens, fingerprint } =
        parts(config)?;
    let own = Head::from_checkpoint(&checkpoint, recipes.shape(), &fingerprint)?;
    let named = config.classify.heads.clone();
    let named_list = named.as_deref().unwrap_or_default();
    let folders = heads::folders(&config.heads);
    let context = HeadContext { recipes: &recipes, fingerprint: &fingerprint };
    let library = Library::open(folders, named_list, context, own)?;
    let (publish, heads) = watch::channel(Arc::new(library.set()));
    let card = ModelCard {
        name: name_of(&config.model),
        fingerprint,
        vocabulary: checkpoint.config.vocab_size,
        encoder: model.encoder().name(),
        dtype: model.encoder().dtype(),
        instruction_set: model.encoder().instruction_set(),
        threads: config.encoder.threads.get(),
    };
    let settings = settings(config, model.encoder().pads());
    let output_builder = model.output_builder().clone();
    let (batcher, worker) = Batcher::start(Arc::new(Forward(model)), settings)
        .map_err(|error| LoadError::Thread(error.to_string()))?;
    let service = Service {
        model: card,
        tokenizer,
        recipes,
        heads,
        prompts: checkpoint.sentence.prompts.clone(),
        default_prompt: checkpoint.sentence.default_prompt.clone(),
        default_recipe: config.embed.recipe.clone(),
        default_heads: named,
        limits: config.limits.clone(),
        sequence_tokens,
        takes_pairs: checkpoint.config.token_types > 1,
        output_builder,
        batcher,
    };
    Ok(Loaded { service, worker, library, publish })
}

/// One head: that of a folder, or the one that `serve` would serve by that name.
///
/// # Errors
/// There is none, or it can't be used with this encoder.
pub fn head(parts: &Parts, config: &Config, wanted: &str) -> Result<Arc<Head>, LoadError> {
    let context = HeadContext { recipes: &parts.recipes, fingerprint: &parts.fingerprint };
    if Path::new(wanted).is_dir() {
        return Ok(Library::read(Path::new(wanted), context)?);
    }
    let own = Head::from_checkpoint(&parts.checkpoint, parts.recipes.shape(), &parts.fingerprint)?;
    let library = Library::open(heads::folders(&config.heads), &[], context, own)?;
    let mut set = library.set();
    set.loaded.remove(wanted).ok_or_else(|| LoadError::NoHead {
        name: wanted.to_owned(),
        known: set.loaded.keys().cloned().collect::<Vec<_>>().join(", "),
    })
}

fn settings(config: &Config, padding: bool) -> Settings {
    let batching = &config.batching;
    Settings {
        budget: batching.budget_tokens,
        padding,
        queue_tokens: batching.queue_tokens,
        look_ahead: batching.look_ahead,
        patience: batching.patience,
        gather: batching.gather,
    }
}

/// A folder's own name, whatever way it was pointed at.
fn name_of(model: &Path) -> String {
    let resolved = model.canonicalize().unwrap_or_else(|_| model.to_owned());
    resolved.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The model as the batcher knows it.
struct Forward(Model);

impl Engine for Forward {
    type Item = Task;
    type Output = PassOutput;

    fn run(&self, items: &[&Task]) -> Result<Vec<PassOutput>, Box<dyn Error + Send + Sync>> {
        let outputs = self.0.forward(items)?;
        // JSON can't express non-finite numbers, and they are of no use to a client.
        if !outputs.iter().all(PassOutput::is_finite) {
            return Err("the model computed a non-finite number".into());
        }
        Ok(outputs)
    }
}
