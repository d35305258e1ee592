//! The files of a checkpoint: config, weights, sentence-transformers files; and its fingerprint.
//!
//! Everything is checked here, before it is used. Maps files; knows nothing of texts.

mod candle;
pub mod config;
mod damage;
pub mod error;
pub mod fingerprint;
mod flops;
mod map;
pub mod sentence;
mod table;
pub mod tensors;
pub mod weights;

use std::path::{Path, PathBuf};

pub use config::{BertConfig, ProblemType};
pub use error::CheckpointError;
pub use sentence::SentenceFiles;
pub use table::Table;
pub use weights::Weights;

use tensors::encoder_tensors;

/// A checkpoint whose files were read and fit together.
pub struct Checkpoint {
    /// Its folder.
    pub dir: PathBuf,
    /// Its config.
    pub config: BertConfig,
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
        let config = BertConfig::read(&dir.join("config.json"))?;
        let weights = Weights::open(dir)?;
        for (name, shape) in encoder_tensors(&config) {
            weights.check(&name, &shape)?;
        }
        let sentence = SentenceFiles::read(dir, config.hidden_size)?;
        Ok(Self { dir: dir.to_owned(), config, weights, sentence })
    }
}
