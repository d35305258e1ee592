//! candle-transformers' BERT with separate layers.

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertEncoder, BertModel, Config};

use super::padded::PaddedBatch;
use super::stages::Stages;

/// BERT as candle-transformers computes it.
pub struct Bert {
    /// A model without layers: the embedding stage.
    embeddings: BertModel,
    /// The layers, each as an encoder of its own: the `forward` of a layer is private, but that of an
    /// encoder is not.
    pub(super) layers: Vec<BertEncoder>,
    device: Device,
}

impl Bert {
    /// Copies the weights.
    ///
    /// # Errors
    /// The device has not enough memory.
    pub fn load(weights: &VarBuilder<'_>, config: &Config) -> candle_core::Result<Self> {
        let none = Config { num_hidden_layers: 0, ..config.clone() };
        let encoder = BertEncoder::load(weights.pp("encoder"), config)?;
        let empty = BertEncoder::load(weights.pp("encoder"), &none)?;
        let alone = |layer| {
            let mut one = empty.clone();
            one.layers.push(layer);
            one
        };
        Ok(Self {
            embeddings: BertModel::load(weights.clone(), &none)?,
            layers: encoder.layers.into_iter().map(alone).collect(),
            device: weights.device().clone(),
        })
    }
}

impl Stages for Bert {
    fn embed(&self, batch: &PaddedBatch) -> candle_core::Result<Tensor> {
        let ids = batch.tensor(&batch.ids, &self.device)?;
        let type_ids = batch.tensor(&batch.type_ids, &self.device)?;
        self.embeddings.forward(&ids, &type_ids, None)
    }

    fn layers(
        &self,
        batch: &PaddedBatch,
        mut hidden: Tensor,
        depth: usize,
        read: &mut dyn FnMut(usize, &Tensor) -> candle_core::Result<()>,
    ) -> candle_core::Result<()> {
        let mask = batch.mask(None, &self.device)?;
        for (index, layer) in self.layers.iter().take(depth).enumerate() {
            hidden = layer.forward(&hidden, &mask)?;
            read(index + 1, &hidden)?;
        }
        Ok(())
    }
}
