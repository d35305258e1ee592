//! A checkpoint's directory: config, weights, sentence-transformers files, fingerprint.
//!
//! Everything is checked here, before anything computes with it. May map files; knows no text.

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

/// A checkpoint whose files fit together.
pub struct Checkpoint {
    /// Where it is.
    pub dir: PathBuf,
    /// Its shape.
    pub config: BertConfig,
    /// Its tensors.
    pub weights: Weights,
    /// Its sentence-transformers files.
    pub sentence: Sentence,
}

impl Checkpoint {
    /// Reads a directory and checks that every tensor that its config calls for is there.
    ///
    /// # Errors
    /// Names the file and, where it is one, the tensor, with what was there and what was expected.
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

/// Name and shape of each tensor of embeddings and encoder. `c` hidden, `f` intermediate.
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
    let mut norm = |at: String| {
        tensors.push((format!("{at}.LayerNorm.weight"), vec![c]));
        tensors.push((format!("{at}.LayerNorm.bias"), vec![c]));
    };
    norm("embeddings".to_owned());
    for layer in 0..config.layers {
        norm(format!("encoder.layer.{layer}.attention.output"));
        norm(format!("encoder.layer.{layer}.output"));
    }
    let products = [
        ("attention.self.query", c, c),
        ("attention.self.key", c, c),
        ("attention.self.value", c, c),
        ("attention.output.dense", c, c),
        ("intermediate.dense", f, c),
        ("output.dense", c, f),
    ];
    for layer in 0..config.layers {
        for (product, rows, columns) in products {
            let at = format!("encoder.layer.{layer}.{product}");
            tensors.push((format!("{at}.weight"), vec![rows, columns]));
            tensors.push((format!("{at}.bias"), vec![rows]));
        }
    }
    tensors
}
