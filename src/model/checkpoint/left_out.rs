//! What a checkpoint has and is not served.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::Checkpoint;
use super::config::MASKED;
use super::sentence::multi_vector;
use super::tensors::BUFFERS;

/// The parts of a checkpoint that nothing here computes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftOut {
    /// Architectures of which only the encoder is served.
    pub heads: Vec<String>,
    /// Tensors that are not read, without the prefix of the encoder.
    pub tensors: Vec<String>,
}

impl LeftOut {
    /// The heads and tensors of a checkpoint that are not served.
    pub fn find(checkpoint: &Checkpoint) -> Self {
        let Checkpoint { config, weights, sentence, .. } = checkpoint;
        let mut read: BTreeSet<String> = config.tensors().map(|(name, _)| name).collect();
        read.extend(BUFFERS.map(str::to_owned));
        let mut heads = config.other_heads.clone();
        if let Ok(Some((_, prediction))) = checkpoint.sparse() {
            read.extend(prediction.tensors().map(|(name, _)| name));
            heads.retain(|name| !name.ends_with(MASKED));
        }
        if sentence.reads_linear {
            read.insert(multi_vector::COLBERT_LINEAR.to_owned());
            heads.retain(|name| name != multi_vector::COLBERT);
        }
        if let Some(pooler) = config.family.pooler.filter(|_| sentence.reads_pooler) {
            read.extend(["weight", "bias"].map(|tensor| format!("{pooler}.{tensor}")));
        }
        let left = weights.iter().map(|tensor| tensor.name).filter(|name| !read.contains(*name));
        Self { heads, tensors: left.map(str::to_owned).collect() }
    }
}
