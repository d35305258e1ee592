//! The reference encoder, over candle-transformers' BERT: every faster encoder is tested against
//! it.
//!
//! Letters: `b` sequences, `t` tokens of the longest, `c` hidden size. Shorter sequences are
//! padded. The additive mask excludes padding from attention, and pooling never reads it.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertEncoder, BertModel};
use strata_kernels::View;

use super::{Encoder, PassInput};
use crate::model::checkpoint::{BertConfig, Checkpoint};
use crate::model::pooling_mask::{PoolingMask, counted_rows};
use crate::model::recipe::Pooling;
use crate::model::task::{Read, Tap, TapValues};

/// candle-transformers' BERT with separate layers.
pub struct Reference {
    /// A model without layers: the embedding stage.
    embeddings: BertModel,
    /// Encoders of one layer each.
    layers: Vec<BertEncoder>,
    pad_token_id: u32,
    device: Device,
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
        let encoder = BertEncoder::load(weights.pp("encoder"), &config.candle(config.layers))?;
        // The `forward` of a layer is private, but that of an encoder with one layer is not.
        let empty = BertEncoder::load(weights.pp("encoder"), &config.candle(0))?;
        let alone = |layer| {
            let mut one = empty.clone();
            one.layers.push(layer);
            one
        };
        Ok(Self {
            embeddings,
            layers: encoder.layers.into_iter().map(alone).collect(),
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
}

/// Reads those taps of the batch that read hidden state `layer`, `(b,t,c)`. Equal taps are read
/// together, for all sequences that have them.
fn read_taps(
    hidden: &Tensor,
    layer: usize,
    batch: &[PassInput<'_>],
    values: &mut [TapValues],
) -> candle_core::Result<()> {
    let mut distinct: Vec<&Tap> = Vec::new();
    for tap in batch.iter().flat_map(|input| input.taps).filter(|tap| tap.layer == layer) {
        if !distinct.contains(&tap) {
            distinct.push(tap);
        }
    }
    for tap in distinct {
        // The sequences of the batch that have it, and its index among their taps.
        let place = |row: usize| batch[row].taps.iter().position(|other| other == tap);
        let with_tap: Vec<(usize, usize)> =
            (0..batch.len()).filter_map(|row| Some((row, place(row)?))).collect();
        let inputs: Vec<&PassInput<'_>> = with_tap.iter().map(|(row, _)| &batch[*row]).collect();
        let index: Vec<u32> = with_tap.iter().map(|(row, _)| *row as u32).collect();
        let chosen = if with_tap.len() == batch.len() {
            hidden.clone()
        } else {
            hidden.index_select(&Tensor::from_vec(index, with_tap.len(), hidden.device())?, 0)?
        };
        for ((row, place), numbers) in
            with_tap.into_iter().zip(read_one(&chosen, &inputs, &tap.read)?)
        {
            values[row].by_tap[place] = numbers;
        }
    }
    Ok(())
}

/// `(b,t,c)` → for each sequence its pooled row, its token rows, or their contributions to a head.
fn read_one(
    hidden: &Tensor,
    inputs: &[&PassInput<'_>],
    read: &Read,
) -> candle_core::Result<Vec<Vec<f32>>> {
    let masks: Vec<_> = inputs.iter().map(|input| input.mask_of(read)).collect();
    if let Read::Pooled(pooling) | Read::PooledWithoutPrompt(pooling) = read {
        return pool(hidden, inputs, &masks, *pooling)?.to_vec2();
    }
    let c = hidden.dim(2)?;
    let one = |(at, input): (usize, &&PassInput<'_>)| {
        let t = input.sequence.tokens();
        let numbers = hidden.get(at)?.narrow(0, 0, t)?.flatten_all()?.to_vec1::<f32>()?;
        let rows = View::new(&numbers, t, c, c);
        Ok(match read {
            Read::Projected(projection) => projection.project(rows, masks[at]),
            _ => counted_rows(t, masks[at]).flat_map(|(row, _)| rows.row(row)).copied().collect(),
        })
    };
    inputs.iter().enumerate().map(one).collect()
}

/// `(b,t,c)` → `(b,c)`, or `(b,2c)` for mean and max.
fn pool(
    hidden: &Tensor,
    inputs: &[&PassInput<'_>],
    masks: &[Option<&PoolingMask>],
    pooling: Pooling,
) -> candle_core::Result<Tensor> {
    let (b, t, _) = hidden.dims3()?;
    let device = hidden.device();
    match pooling {
        Pooling::Max => {
            let mut mask = vec![f32::NEG_INFINITY; b * t];
            for (at, input) in inputs.iter().enumerate() {
                let rows = counted_rows(input.sequence.tokens(), masks[at]);
                rows.for_each(|(row, _)| mask[at * t + row] = 0.0);
            }
            hidden.broadcast_add(&Tensor::from_vec(mask, (b, t, 1), device)?)?.max(1)
        }
        Pooling::MeanMax => {
            let mean = pool(hidden, inputs, masks, Pooling::Mean)?;
            Tensor::cat(&[mean, pool(hidden, inputs, masks, Pooling::Max)?], 1)
        }
        linear => {
            let mut weights = Vec::with_capacity(b * t);
            for (row, input) in inputs.iter().enumerate() {
                let token_weights = linear.token_weights(input.sequence.tokens(), masks[row]);
                weights.extend(token_weights.unwrap_or_default());
                weights.resize((row + 1) * t, 0.0);
            }
            // (b,1,t)·(b,t,c) → (b,c)
            let weights = Tensor::from_vec(weights, (b, 1, t), device)?.to_dtype(DType::F32)?;
            weights.matmul(hidden)?.squeeze(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use candle_transformers::models::bert;

    use super::*;
    use crate::sequence::Sequence;

    #[test]
    fn a_pass_stops_at_the_deepest_layer_that_is_read() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny/single-label");
        let mut encoder = Reference::load(&Checkpoint::open(&dir).unwrap(), &Device::Cpu).unwrap();
        // A third layer of another width: running it fails.
        let narrow = bert::Config { num_hidden_layers: 1, hidden_size: 12, ..Default::default() };
        let zeros = VarBuilder::zeros(DType::F32, &Device::Cpu);
        encoder.layers[2] = BertEncoder::load(zeros, &narrow).unwrap();

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
