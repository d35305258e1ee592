//! The two heads that bge-m3 (Chen et al. 2024, arXiv:2402.03216) has beside its rows: vectors of tokens, and
//! a weight of each token.

use std::path::Path;

use super::{LateText, MultiVector, Similarity};
use crate::field::unusable;
use crate::model::checkpoint::config::EncoderConfig;
use crate::model::checkpoint::error::CheckpointError;
use crate::model::checkpoint::weights::Weights;
use crate::model::dense::{Dense, DenseActivation};
use crate::model::row_layer::RowLayer;

/// The file of the layer that makes vectors.
const VECTORS: &str = "colbert_linear.pt";
/// The file of the layer that makes weights.
const WEIGHTS: &str = "sparse_linear.pt";

/// The heads, if the checkpoint has their files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BgeM3 {
    /// How vectors of tokens are made. The first token has none.
    pub vectors: Option<MultiVector>,
    /// The weight of a token, `(c) → (1)`.
    pub token_weight: Option<Dense>,
}

/// Reads the heads beside the modules of the checkpoint in `dir`.
///
/// # Errors
/// A file can't be read, or its layer doesn't fit the encoder.
pub fn read(dir: &Path, config: &EncoderConfig) -> Result<BgeM3, CheckpointError> {
    let vectors = read_linear(&dir.join(VECTORS), config, None, DenseActivation::Identity)?;
    let vectors = vectors.map(|dense| MultiVector {
        layer: config.layers,
        layers: vec![RowLayer::dense(dense), RowLayer::Normalize],
        skips_first: true,
        similarity: Similarity::MeanMaxSim,
        text: LateText::default(),
        ranks: false,
    });
    let token_weight = read_linear(&dir.join(WEIGHTS), config, Some(1), DenseActivation::Relu)?;
    Ok(BgeM3 { vectors, token_weight })
}

/// Reads a layer over hidden states, of any number of outputs unless one is required; `None` without the
/// file.
fn read_linear(
    file: &Path,
    config: &EncoderConfig,
    outputs: Option<usize>,
    activation: DenseActivation,
) -> Result<Option<Dense>, CheckpointError> {
    if !file.exists() {
        return Ok(None);
    }
    let weights = Weights::open_file(file)?;
    let found = weights.shape("weight").and_then(|shape| shape.first().copied());
    let outputs = outputs.or(found).unwrap_or(config.hidden_size);
    if outputs == 0 {
        let message = unusable("weight", outputs, "at least one row is needed");
        return Err(CheckpointError::invalid(file, message));
    }
    let weight = weights.read("weight", &[outputs, config.hidden_size])?.into_owned();
    let bias = weights.read("bias", &[outputs])?.into_owned();
    Ok(Some(Dense::new(weight, bias, activation)))
}
