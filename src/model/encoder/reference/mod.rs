//! The reference encoder, over candle-transformers' BERT: every faster encoder is tested against
//! it. Where candle lacks the activation function, the layers are our own.
//!
//! Letters: `b` sequences, `t` tokens of the longest, `c` hidden size. Shorter sequences are
//! padded. The additive mask excludes padding from attention, and pooling never reads it.

mod layer;
mod taps;

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertEncoder, BertModel};

use self::layer::OwnLayer;
use self::taps::read_taps;
use super::interface::{Encoder, PassInput};
use super::numerics;
use crate::model::checkpoint::{BertConfig, Checkpoint};
use crate::model::task::TapValues;

/// BERT with separate layers.
pub struct Reference {
    /// A model without layers: the embedding stage.
    embeddings: BertModel,
    layers: Vec<Layer>,
    pad_token_id: u32,
    device: Device,
}

/// An encoder layer.
enum Layer {
    /// candle's, as an encoder of one layer.
    Candle(BertEncoder),
    /// Our own, for the activation functions that candle lacks.
    Own(OwnLayer),
}

impl Layer {
    /// Hidden rows `(b,t,c)` and the additive mask `(b,1,1,t)` → hidden rows.
    fn forward(&self, hidden: &Tensor, mask: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Candle(layer) => layer.forward(hidden, mask),
            Self::Own(layer) => layer.forward(hidden, mask),
        }
    }
}

impl Reference {
    /// Copies the weights to `device` as f32. In f16 the lowest number of the mask would give NaN.
    ///
    /// # Errors
    /// The device has not enough memory.
    pub fn load(checkpoint: &Checkpoint, device: &Device) -> candle_core::Result<Self> {
        Self::new(checkpoint.weights.var_builder(device), &checkpoint.config)
    }

    fn new(weights: VarBuilder<'_>, config: &BertConfig) -> candle_core::Result<Self> {
        let embeddings = BertModel::load(weights.clone(), &config.candle(0))?;
        let layers = if config.activation_of_candle().is_some() {
            candle_layers(&weights, config)?
        } else {
            let load = |index| OwnLayer::load(weights.pp("encoder.layer").pp(index), config);
            (0..config.layers)
                .map(|index| load(index).map(Layer::Own))
                .collect::<candle_core::Result<_>>()?
        };
        Ok(Self {
            embeddings,
            layers,
            pad_token_id: config.pad_token_id as u32,
            device: weights.device().clone(),
        })
    }

    /// Ids and token types of a batch, `(b,t)` each, padded.
    fn inputs(&self, batch: &[PassInput<'_>], t: usize) -> candle_core::Result<(Tensor, Tensor)> {
        let mut ids = Vec::with_capacity(batch.len() * t);
        let mut type_ids = Vec::with_capacity(batch.len() * t);
        for (row, input) in batch.iter().enumerate() {
            ids.extend_from_slice(&input.sequence.ids);
            ids.resize((row + 1) * t, self.pad_token_id);
            type_ids.extend_from_slice(&input.sequence.type_ids);
            type_ids.resize((row + 1) * t, 0);
        }
        let shape = (batch.len(), t);
        Ok((
            Tensor::from_vec(ids, shape, &self.device)?,
            Tensor::from_vec(type_ids, shape, &self.device)?,
        ))
    }

    /// The additive mask of attention scores, `(b,1,1,t)`: 0 for a token, the lowest number for
    /// padding. It depends on the lengths and not on the ids, since a text may contain the padding
    /// token.
    fn mask(&self, batch: &[PassInput<'_>], t: usize) -> candle_core::Result<Tensor> {
        let row = |len: usize| (0..t).map(move |i| if i < len { 0.0 } else { f32::MIN });
        let mask = batch.iter().flat_map(|input| row(input.sequence.tokens())).collect();
        Tensor::from_vec::<_, f32>(mask, (batch.len(), 1, 1, t), &self.device)
    }
}

impl Encoder for Reference {
    fn forward(&self, batch: &[PassInput<'_>]) -> candle_core::Result<Vec<TapValues>> {
        let t = batch.iter().map(|input| input.sequence.tokens()).max().unwrap_or(0);
        let depth = batch.iter().flat_map(|q| q.taps).map(|tap| tap.layer).max().unwrap_or(0);
        let mut values: Vec<TapValues> =
            batch.iter().map(|input| TapValues::empty(input.taps)).collect();
        if t == 0 {
            return Ok(values);
        }
        let (ids, type_ids) = self.inputs(batch, t)?;
        let mask = self.mask(batch, t)?;
        // (b,t) → (b,t,c)
        let mut hidden = self.embeddings.forward(&ids, &type_ids, None)?;
        read_taps(&hidden, 0, batch, &mut values)?;
        for (at, layer) in self.layers.iter().take(depth).enumerate() {
            hidden = layer.forward(&hidden, &mask)?;
            read_taps(&hidden, at + 1, batch, &mut values)?;
        }
        Ok(values)
    }

    fn pads(&self) -> bool {
        true
    }

    fn name(&self) -> &'static str {
        "reference"
    }

    fn dtype(&self) -> &'static str {
        "f32"
    }

    fn instruction_set(&self) -> &'static str {
        "chosen by candle at run time"
    }

    fn f32_products(&self) -> Option<&'static str> {
        None
    }

    fn numerics(&self) -> &str {
        numerics::REFERENCE
    }
}

/// candle's layers, each as an encoder of its own: the `forward` of a layer is private, but that of
/// an encoder is not.
fn candle_layers(weights: &VarBuilder<'_>, config: &BertConfig) -> candle_core::Result<Vec<Layer>> {
    let encoder = BertEncoder::load(weights.pp("encoder"), &config.candle(config.layers))?;
    let empty = BertEncoder::load(weights.pp("encoder"), &config.candle(0))?;
    let alone = |layer| {
        let mut one = empty.clone();
        one.layers.push(layer);
        Layer::Candle(one)
    };
    Ok(encoder.layers.into_iter().map(alone).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use candle_core::DType;
    use candle_transformers::models::bert;

    use super::*;
    use crate::model::recipe::Pooling;
    use crate::model::task::{Read, Tap};
    use crate::sequence::Sequence;

    #[test]
    fn a_pass_stops_at_the_deepest_layer_that_is_read() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny/single-label");
        let mut encoder = Reference::load(&Checkpoint::open(&dir).unwrap(), &Device::Cpu).unwrap();
        // A third layer of another width: running it fails.
        let narrow = bert::Config { num_hidden_layers: 1, hidden_size: 12, ..Default::default() };
        let zeros = VarBuilder::zeros(DType::F32, &Device::Cpu);
        encoder.layers[2] = Layer::Candle(BertEncoder::load(zeros, &narrow).unwrap());

        let sequence = Sequence { ids: vec![2, 5, 3], type_ids: vec![0; 3] };
        let read = Read::Pooled(Pooling::Mean);
        let pass = |layers: &[usize]| {
            let taps: Vec<[Tap; 1]> =
                layers.iter().map(|&layer| [Tap { layer, read: read.clone() }]).collect();
            let input = |taps| PassInput::whole(&sequence, taps);
            encoder.forward(&taps.iter().map(|taps| input(taps)).collect::<Vec<_>>())
        };
        assert!(pass(&[0]).is_ok());
        assert!(pass(&[1, 2, 0]).is_ok());
        assert!(pass(&[1, 3, 0]).is_err());
    }
}
