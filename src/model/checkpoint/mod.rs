//! The files of a checkpoint: config, weights, sentence-transformers files; and its fingerprint.
//!
//! Everything is checked here, before it is used. Maps files; knows nothing of texts.

pub mod config;
mod damage;
pub mod error;
pub mod fingerprint;
mod flops;
mod map;
pub mod sentence;
mod table;
pub mod weights;

use std::path::{Path, PathBuf};

pub use config::{BertConfig, ProblemType};
pub use error::CheckpointError;
pub use sentence::Sentence;
pub use table::Table;
pub use weights::Weights;

/// A checkpoint whose files were read and fit together.
pub struct Checkpoint {
    /// Its folder.
    pub dir: PathBuf,
    /// Its config.
    pub config: BertConfig,
    /// Its tensors.
    pub weights: Weights,
    /// Its sentence-transformers files.
    pub sentence: Sentence,
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
        let sentence = Sentence::read(dir, config.hidden_size)?;
        Ok(Self { dir: dir.to_owned(), config, weights, sentence })
    }
}

/// Name and shape of each tensor of the embeddings and the encoder.
fn encoder_tensors(config: &BertConfig) -> Vec<(String, Vec<usize>)> {
    let (c, f) = (config.hidden_size, config.intermediate_size);
    let tables = [
        ("word_embeddings", config.vocab_size),
        ("position_embeddings", config.positions),
        ("token_type_embeddings", config.token_types),
    ];
    let mut tensors: Vec<_> = tables
        .map(|(table, rows)| (format!("embeddings.{table}.weight"), vec![rows, c]))
        .into_iter()
        .collect();
    let mut norm = |module: String| {
        tensors.push((format!("{module}.LayerNorm.weight"), vec![c]));
        tensors.push((format!("{module}.LayerNorm.bias"), vec![c]));
    };
    norm("embeddings".to_owned());
    for layer in 0..config.layers {
        norm(format!("encoder.layer.{layer}.attention.output"));
        norm(format!("encoder.layer.{layer}.output"));
    }
    let linears = [
        ("attention.self.query", c, c),
        ("attention.self.key", c, c),
        ("attention.self.value", c, c),
        ("attention.output.dense", c, c),
        ("intermediate.dense", f, c),
        ("output.dense", c, f),
    ];
    for layer in 0..config.layers {
        for (linear, rows, columns) in linears {
            let module = format!("encoder.layer.{layer}.{linear}");
            tensors.push((format!("{module}.weight"), vec![rows, columns]));
            tensors.push((format!("{module}.bias"), vec![rows]));
        }
    }
    tensors
}
