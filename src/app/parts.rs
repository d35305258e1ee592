//! Loads the parts of a checkpoint that serving and the commands over a labelled file need.

use std::path::Path;
use std::sync::Arc;

use super::error::LoadError;
use super::late::Late;
use super::source::Source;
use super::threads::size_pool;
use crate::config::Config;
use crate::field::unusable;
use crate::heads::{self, Library};
use crate::hub;
use crate::model::Model;
use crate::model::checkpoint::fingerprint::fingerprint;
use crate::model::checkpoint::{Checkpoint, CheckpointError, Splade, TextOptions};
use crate::model::encoder::EncoderKind;
use crate::model::head::{Head, HeadContext};
use crate::model::recipe_book::{InvalidNamedRecipe, RecipeBook};
use crate::telemetry::panics;
use crate::text::{
    Limit, TextReader, Tokenizer, TokenizerArguments, TokenizerError, TokenizerHints,
};

/// The parts of a checkpoint, for serving and for training.
pub struct Parts {
    /// Where the checkpoint is from.
    pub source: Source,
    /// The checkpoint's files.
    pub checkpoint: Checkpoint,
    /// The encoder, and what turns its hidden states into outputs.
    pub model: Model,
    /// Turns text into tokens.
    pub tokenizer: Tokenizer,
    /// What reads the pairs that a cross-encoder scores.
    pub scoring: Option<TextReader>,
    /// The built-in and the configured recipes.
    pub recipes: RecipeBook,
    /// Maximum tokens per sequence, special tokens included.
    pub sequence_tokens: usize,
    /// How queries and documents are read, if the model makes vectors of tokens.
    pub late: Option<Late>,
    /// Identifies the encoder: SHA-256 over its files and settings.
    pub fingerprint: String,
}

/// The parts of a checkpoint whose files were read and fit together. Its weights are still in their files.
pub struct ReadParts {
    /// Where the checkpoint is from.
    pub source: Source,
    /// The checkpoint's files.
    pub checkpoint: Checkpoint,
    /// Turns text into tokens.
    pub tokenizer: Tokenizer,
    /// What reads the pairs that a cross-encoder scores.
    pub scoring: Option<TextReader>,
    /// The built-in and the configured recipes.
    pub recipes: RecipeBook,
    /// Maximum tokens per sequence, special tokens included.
    pub sequence_tokens: usize,
    /// How queries and documents are read, if the model makes vectors of tokens.
    pub late: Option<Late>,
}

/// Loads all parts of a checkpoint. For the reference encoder it also sets the size of
/// candle's thread pool. `observe` hears what a hub does.
///
/// # Errors
/// A file is missing or can't be used.
pub fn load_parts(
    config: &Config,
    observe: &mut dyn FnMut(hub::Event<'_>),
) -> Result<Parts, LoadError> {
    let read = read_parts(config, observe)?;
    // The packed encoder has its own pool.
    if config.encoder.kind() == EncoderKind::Reference {
        let threads = config.encoder.threads;
        size_pool(threads).map_err(LoadError::no_thread)?;
    }
    // Hashing takes as long as loading, so the two run at the same time.
    let (model, fingerprint) = std::thread::scope(|scope| {
        let hashing = scope.spawn(|| read.fingerprint());
        let model = Model::load(&read.checkpoint, &config.encoder);
        let panicked =
            |_| LoadError::Thread("the thread that hashes the checkpoint panicked".to_owned());
        Ok::<_, LoadError>((model?, hashing.join().map_err(panicked)??))
    })?;
    let ReadParts { source, checkpoint, tokenizer, scoring, recipes, sequence_tokens, late } = read;
    // The encoder has its own copy of nearly all weights.
    checkpoint.weights.release_pages();
    Ok(Parts {
        source,
        checkpoint,
        model,
        tokenizer,
        scoring,
        recipes,
        sequence_tokens,
        late,
        fingerprint,
    })
}

/// Reads and checks all files of a checkpoint. `observe` hears what a hub does.
///
/// # Errors
/// A file is missing or can't be used.
pub fn read_parts(
    config: &Config,
    observe: &mut dyn FnMut(hub::Event<'_>),
) -> Result<ReadParts, LoadError> {
    let source = Source::find(&config.model, observe)?;
    let checkpoint = open_checkpoint(&source.dir, config.embed.sparse)?;
    let hints = tokenizer_hints(&checkpoint, &checkpoint.sentence.text);
    let tokenizer = load_tokenizer(&checkpoint.encoder_dir, &hints)?;
    tokenizer.check_fits(checkpoint.config.vocab_size, checkpoint.config.token_types)?;
    check_classifier_tokens(&checkpoint, &tokenizer)?;
    let sequence_tokens = sequence_limit(config, &checkpoint, &tokenizer)?;
    let scoring = scoring_reader(config, &checkpoint)?;
    let shape = Model::shape_of(&checkpoint);
    let recipes = RecipeBook::new(shape, &checkpoint.sentence, &config.recipes)
        .map_err(|InvalidNamedRecipe { name, error }| LoadError::Recipe { name, error })?;
    let late = Late::read(config, &checkpoint, &tokenizer, sequence_tokens)?;
    Ok(ReadParts { source, checkpoint, tokenizer, scoring, recipes, sequence_tokens, late })
}

impl ReadParts {
    /// SHA-256 over the encoder's files and settings. Reads all weights.
    ///
    /// # Errors
    /// A file can't be read.
    pub fn fingerprint(&self) -> Result<String, CheckpointError> {
        let Self { checkpoint, tokenizer, sequence_tokens, .. } = self;
        let Checkpoint { encoder_dir, weights, sentence, .. } = checkpoint;
        let config_file = encoder_dir.join("config.json");
        let files = [config_file.as_path(), tokenizer.file()];
        fingerprint(weights, sentence, &files, tokenizer.beyond_file(), *sequence_tokens)
    }
}

/// Opens a checkpoint, which may be asked for `sparse` rows although its files don't say so. Files at which
/// candle's reader of PyTorch's files panics are refused like any other.
fn open_checkpoint(dir: &Path, sparse: bool) -> Result<Checkpoint, CheckpointError> {
    let opened = panics::catch(|| Checkpoint::open(dir)).unwrap_or_else(|panicked| {
        let message = format!("not a checkpoint: reading it {panicked}; download it again");
        Err(CheckpointError::invalid(dir, message))
    });
    let mut checkpoint = opened?;
    if sparse && checkpoint.sentence.splade.is_none() {
        checkpoint.sentence.splade = Some(Splade::default());
    }
    if let Some((_, layers)) = checkpoint.sparse()? {
        for (name, shape) in layers.tensors() {
            checkpoint.weights.check(&name, &shape)?;
        }
    }
    Ok(checkpoint)
}

/// Loads a tokenizer. A file at which the tokenizers crate panics is refused like any other.
///
/// # Errors
/// Those of [`Tokenizer::load`].
pub fn load_tokenizer(dir: &Path, hints: &TokenizerHints) -> Result<Tokenizer, TokenizerError> {
    panics::catch(|| Tokenizer::load(dir, hints)).unwrap_or_else(|panicked| {
        let message = format!("not a tokenizer: reading it {panicked}; download it again");
        Err(TokenizerError { file: dir.join("tokenizer.json"), message })
    })
}

/// What reads the pairs that a cross-encoder scores: with its own settings of text, which the encoder
/// doesn't have.
fn scoring_reader(
    config: &Config,
    checkpoint: &Checkpoint,
) -> Result<Option<TextReader>, LoadError> {
    let Some(text) = &checkpoint.sentence.scoring_text else { return Ok(None) };
    let tokenizer = load_tokenizer(&checkpoint.encoder_dir, &tokenizer_hints(checkpoint, text))?;
    tokenizer.check_fits(checkpoint.config.vocab_size, checkpoint.config.token_types)?;
    let sequence_tokens = sequence_limit(config, checkpoint, &tokenizer)?;
    Ok(Some(TextReader { tokenizer, sequence_tokens }))
}

/// What the checkpoint's other files say about its tokenizer.
fn tokenizer_hints(checkpoint: &Checkpoint, text: &TextOptions) -> TokenizerHints {
    let limit = |tokens: Option<usize>, field: &str| {
        let (tokens, file) = (tokens?, text.file.clone()?);
        Some(Limit { tokens, file, field: field.to_owned() })
    };
    TokenizerHints {
        lower_case: text.lower_case,
        arguments: text.file.clone().map(|file| TokenizerArguments {
            file,
            field: text.tokenizer_arguments.field,
            map: text.tokenizer_arguments.map.clone(),
        }),
        max_seq_length: limit(text.max_seq_length, "max_seq_length"),
        max_length: limit(text.max_length, "processing_kwargs.max_length"),
        markers: match &checkpoint.sentence.multi_vector {
            Some(late) => late.text.markers.clone(),
            None => Vec::new(),
        },
        ..transformers_hints(checkpoint)
    }
}

/// What transformers itself reads of that: nothing of sentence-transformers.
fn transformers_hints(checkpoint: &Checkpoint) -> TokenizerHints {
    TokenizerHints {
        config_class: checkpoint.config.tokenizer_class.clone(),
        family_class: Some(checkpoint.config.family.tokenizer_class),
        word_rows: Some(checkpoint.config.vocab_size),
        ..TokenizerHints::default()
    }
}

/// Checks that a checkpoint's own classifier reads the tokens that transformers would give it, which
/// doesn't know the settings of sentence-transformers.
fn check_classifier_tokens(
    checkpoint: &Checkpoint,
    tokenizer: &Tokenizer,
) -> Result<(), LoadError> {
    let Some(file) = &checkpoint.sentence.text.file else { return Ok(()) };
    if checkpoint.config.classifier.is_none() {
        return Ok(());
    }
    let plain = load_tokenizer(&checkpoint.encoder_dir, &transformers_hints(checkpoint))?;
    let limit = |tokenizer: &Tokenizer| {
        let positions = checkpoint.config.max_tokens;
        tokenizer.max_length().map_or(positions, |limit| limit.tokens.min(positions))
    };
    if plain.beyond_file() == tokenizer.beyond_file() && limit(&plain) == limit(tokenizer) {
        return Ok(());
    }
    let message = "its settings of text change what the tokens are, and architectures of config.json \
                   has a classifier, for which transformers doesn't read them; only settings that \
                   both have can be served, or an encoder without a classifier";
    Err(CheckpointError::invalid(file, message).into())
}

/// Maximum tokens per sequence: the minimum of the limits of the position table, the tokenizer's
/// files and the configuration.
fn sequence_limit(
    config: &Config,
    checkpoint: &Checkpoint,
    tokenizer: &Tokenizer,
) -> Result<usize, LoadError> {
    let positions = Limit {
        tokens: checkpoint.config.max_tokens,
        file: checkpoint.encoder_dir.join("config.json"),
        field: "max_position_embeddings".to_owned(),
    };
    let configured = config.limits.sequence_tokens.map(|tokens| Limit {
        tokens: tokens.get(),
        file: checkpoint.dir.clone(),
        field: "the configured limits.sequence_tokens".to_owned(),
    });
    let limits = [Some(&positions), tokenizer.max_length(), configured.as_ref()];
    let lowest = limits.into_iter().flatten().min_by_key(|limit| limit.tokens);
    let Limit { tokens, file, field } = lowest.unwrap_or(&positions);
    let special = tokenizer.special_tokens(true);
    if *tokens <= special {
        let needed = format!("a pair needs {special} special tokens and at least one more");
        return Err(CheckpointError::invalid(file, unusable(field, *tokens, &needed)).into());
    }
    Ok(*tokens)
}

/// Loads one head: `wanted` is its folder, or the name under which `serve` would serve it.
///
/// # Errors
/// The head does not exist, or it can't be used with this encoder.
pub fn load_head(parts: &Parts, config: &Config, wanted: &str) -> Result<Arc<Head>, LoadError> {
    let encoder = config.encoder;
    let context = HeadContext { recipes: &parts.recipes, fingerprint: &parts.fingerprint, encoder };
    if Path::new(wanted).is_dir() {
        return Ok(Library::read(Path::new(wanted), context)?);
    }
    let own = Head::from_checkpoint(&parts.checkpoint, parts.recipes.shape(), &parts.fingerprint)?;
    let library = Library::open(heads::folders(&config.heads), &[], context, own)?;
    let set = library.set();
    set.find(wanted)
        .cloned()
        .ok_or_else(|| LoadError::NoHead { name: wanted.to_owned(), known: set.names().join(", ") })
}
