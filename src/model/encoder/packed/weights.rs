//! The packed weights of a checkpoint.

use std::sync::Arc;

use rayon::prelude::*;
use strata_kernels::{Dtype, Kernels};

use super::attention::AttentionHeads;
use super::embeddings::Embeddings;
use super::layer::Layer;
use super::layer_norm::LayerNorm;
use super::positions::PositionTables;
use crate::model::checkpoint::spec::LayerSpec;
use crate::model::checkpoint::{Checkpoint, CheckpointError};

/// The packed weights, and the sizes that passes need.
pub struct PackedWeights {
    pub kernels: Kernels,
    pub dtype: Dtype,
    pub embeddings: Embeddings,
    /// In the order in which they are computed. Equal layers of the spec are one.
    pub layers: Vec<Arc<Layer>>,
    /// The norm of the last hidden state.
    pub final_norm: Option<LayerNorm>,
    pub attention_heads: AttentionHeads,
    /// `c`
    pub hidden_size: usize,
}

impl PackedWeights {
    /// Packs the weights in parallel, on the thread pool that this is called in.
    ///
    /// # Errors
    /// A tensor can't be read, or there is not enough memory.
    pub fn load(
        checkpoint: &Checkpoint,
        kernels: Kernels,
        dtype: Dtype,
    ) -> Result<Self, CheckpointError> {
        let (config, weights) = (&checkpoint.config, &checkpoint.weights);
        let tables = PositionTables::load(checkpoint, kernels)?;
        let load = |spec: &LayerSpec| {
            let positions = tables.of_layer(checkpoint, kernels, dtype, spec)?;
            Layer::load(checkpoint, kernels, dtype, spec, positions).map(Arc::new)
        };
        let (distinct, places) = config.spec.distinct_layers();
        let distinct: Vec<Arc<Layer>> =
            distinct.into_par_iter().map(load).collect::<Result<_, _>>()?;
        let layers: Vec<_> = places.into_iter().map(|place| Arc::clone(&distinct[place])).collect();
        let attention_heads = AttentionHeads {
            count: config.attention_heads,
            columns: config.hidden_size / config.attention_heads,
            qkv_distance: layers.first().map_or(0, |layer| layer.qkv.columns() / 3),
        };
        Ok(Self {
            kernels,
            dtype,
            embeddings: Embeddings::load(checkpoint, kernels)?,
            layers,
            final_norm: LayerNorm::load_if_any(weights, config.spec.final_norm.as_ref())?,
            attention_heads,
            hidden_size: config.hidden_size,
        })
    }

    /// Columns of a row of hidden states, including those that fill up a panel.
    pub fn width(&self) -> usize {
        self.attention_heads.qkv_distance
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn layers_with_the_same_tensors_are_packed_once() {
        let families = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families");
        for (name, equal) in [
            ("albert", [true, false, true]),
            ("albert-inner", [false, false, false]),
            ("electra", [false, false, false]),
        ] {
            let checkpoint = Checkpoint::open(&families.join(name)).unwrap();
            let PackedWeights { layers, .. } =
                PackedWeights::load(&checkpoint, Kernels::best(), Dtype::F32).unwrap();
            assert_eq!(layers.len(), 4, "{name}");
            let found = [0, 1, 2].map(|at| Arc::ptr_eq(&layers[at], &layers[at + 1]));
            assert_eq!(found, equal, "{name}");
            // Of the second step of a group with several layers.
            assert_eq!(Arc::ptr_eq(&layers[1], &layers[3]), name == "albert-inner", "{name}");
        }
    }
}
