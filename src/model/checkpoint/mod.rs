//! The files of a checkpoint: config, weights, sentence-transformers files; and its fingerprint.
//!
//! Everything is checked here, before it is used. Maps files; knows nothing of texts.

mod candle;
pub mod config;
mod damage;
pub mod error;
mod families;
pub mod fingerprint;
mod left_out;
mod map;
mod names;
pub mod sentence;
pub mod spec;
mod table;
mod tensors;
pub mod weights;

use std::path::{Path, PathBuf};

pub use config::{EncoderConfig, ProblemType, ScoreActivation};
pub use error::CheckpointError;
pub use left_out::LeftOut;
pub use names::TensorNames;
pub use sentence::multi_vector::{Expansion, ExpansionWidth, LateText};
pub use sentence::{
    MultiVector, SentenceFiles, Similarity, Splade, SpladeActivation, SpladePooling, TextOptions,
};
pub use table::Table;
pub use weights::Weights;

use sentence::{EncoderFiles, ModuleList, multi_vector};
use spec::PredictionSpec;

/// A checkpoint whose files were read and fit together.
pub struct Checkpoint {
    /// Its folder.
    pub dir: PathBuf,
    /// The folder of the encoder's config, weights and tokenizer: the same, or one inside it.
    pub encoder_dir: PathBuf,
    /// Its config.
    pub config: EncoderConfig,
    /// Its tensors.
    pub weights: Weights,
    /// Its sentence-transformers files.
    pub sentence: SentenceFiles,
}

impl Checkpoint {
    /// Reads a folder and checks that it has every tensor that its config requires.
    ///
    /// # Errors
    /// A file or a tensor is missing or can't be used.
    pub fn open(dir: &Path) -> Result<Self, CheckpointError> {
        let modules = ModuleList::read(dir)?;
        let encoder_dir = modules.as_ref().map_or(dir, |modules| &modules.transformer.dir);
        let adapter = encoder_dir.join("adapter_config.json");
        if adapter.exists() {
            let message = "adapters can't be served; merge them into the weights";
            return Err(CheckpointError::invalid(&adapter, message));
        }
        let config = EncoderConfig::read(&encoder_dir.join("config.json"))?;
        let weights = Weights::open(encoder_dir, config.family.tensors)?;
        for (name, shape) in config.tensors() {
            weights.check(&name, &shape)?;
        }
        let encoder = EncoderFiles { config: &config, weights: &weights };
        let is_colbert = config.other_heads.iter().any(|name| name == multi_vector::COLBERT);
        let mut sentence = match &modules {
            Some(modules) => SentenceFiles::read(dir, modules, &encoder)?,
            None if is_colbert => multi_vector::read_colbert(dir, &encoder)?,
            None => SentenceFiles::default(),
        };
        if sentence.multi_vector.is_none() {
            let heads = multi_vector::read_bge_m3(dir, &config)?;
            (sentence.multi_vector, sentence.token_weight) = (heads.vectors, heads.token_weight);
        }
        let (dir, encoder_dir) = (dir.to_owned(), encoder_dir.to_owned());
        Ok(Self { dir, encoder_dir, config, weights, sentence })
    }

    /// How sparse rows are made and the layers that predict tokens for them, if the checkpoint makes such
    /// rows.
    ///
    /// # Errors
    /// It has no such layers, or they can't be served.
    pub fn sparse(&self) -> Result<Option<(Splade, &PredictionSpec)>, CheckpointError> {
        let Some(splade) = self.sentence.splade else { return Ok(None) };
        let file = self.encoder_dir.join("config.json");
        let invalid = |message: String| Err(CheckpointError::invalid(&file, message));
        match &self.config.prediction {
            Some(Ok(layers)) => Ok(Some((splade, layers))),
            Some(Err(message)) => invalid(message.clone()),
            None => {
                let needed = format!("{}{}", self.config.family.class, config::MASKED);
                let message = format!(
                    "sparse embeddings need the layers that predict tokens: \"architectures\" has to \
                     name {needed}"
                );
                invalid(message)
            }
        }
    }
}
