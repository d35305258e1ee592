//! The reference encoder: every faster encoder is tested against it. BERT is candle-transformers'; all
//! other encoders, and BERT with an activation function that candle lacks, are computed plainly from
//! their spec.
//!
//! Letters: `b` sequences, `t` tokens of the longest, `c` hidden size. Shorter sequences are
//! padded. The additive mask excludes padding from attention, and pooling never reads it.

mod bert;
mod padded;
mod plain;
mod stages;
mod taps;

use candle_core::{Device, Tensor};

use self::bert::Bert;
use self::padded::PaddedBatch;
use self::plain::Plain;
use self::stages::Stages;
use self::taps::read_taps;
use super::interface::{Encoder, PassInput};
use super::numerics;
use crate::model::checkpoint::Checkpoint;
use crate::model::task::TapValues;

/// An encoder over candle's tensors.
pub struct Reference {
    stages: Box<dyn Stages>,
    pad_token_id: u32,
}

impl Reference {
    /// Copies the weights to `device` as f32. In f16 the lowest number of the mask would give NaN.
    ///
    /// # Errors
    /// The device has not enough memory.
    pub fn load(checkpoint: &Checkpoint, device: &Device) -> candle_core::Result<Self> {
        let (config, weights) = (&checkpoint.config, checkpoint.weights.var_builder(device));
        let stages: Box<dyn Stages> = match config.candle() {
            Some(bert) => Box::new(Bert::load(&weights, &bert)?),
            None => Box::new(Plain::load(&weights, &config.spec)?),
        };
        Ok(Self { stages, pad_token_id: config.pad_token_id as u32 })
    }
}

impl Encoder for Reference {
    fn forward(&self, batch: &[PassInput<'_>]) -> candle_core::Result<Vec<TapValues>> {
        let depth = batch.iter().flat_map(|q| q.taps).map(|tap| tap.layer).max().unwrap_or(0);
        let mut values: Vec<TapValues> =
            batch.iter().map(|input| TapValues::empty(input.taps)).collect();
        let padded = PaddedBatch::new(batch, self.pad_token_id);
        if padded.tokens == 0 {
            return Ok(values);
        }
        let mut read = |layer: usize, hidden: &Tensor| read_taps(hidden, layer, batch, &mut values);
        let hidden = self.stages.embed(&padded)?;
        read(0, &hidden)?;
        self.stages.layers(&padded, hidden, depth, &mut read)?;
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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use candle_core::DType;
    use candle_nn::VarBuilder;
    use candle_transformers::models::bert::{BertEncoder, Config};

    use super::*;
    use crate::model::recipe::Pooling;
    use crate::model::task::{Read, Tap};
    use crate::sequence::Sequence;

    fn tiny(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny").join(name)
    }

    #[test]
    fn a_pass_stops_at_the_deepest_layer_that_is_read() {
        let checkpoint = Checkpoint::open(&tiny("single-label")).unwrap();
        let weights = checkpoint.weights.var_builder(&Device::Cpu);
        let mut bert = Bert::load(&weights, &checkpoint.config.candle().unwrap()).unwrap();
        // A third layer of another width: running it fails.
        let narrow = Config { num_hidden_layers: 1, hidden_size: 12, ..Default::default() };
        let zeros = VarBuilder::zeros(DType::F32, &Device::Cpu);
        bert.layers[2] = BertEncoder::load(zeros, &narrow).unwrap();
        let encoder = Reference { stages: Box::new(bert), pad_token_id: 0 };

        let sequence = Sequence::new(vec![2, 5, 3], vec![0; 3]);
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

    /// Largest difference seen: 4.8e-7.
    const TOLERANCE: f32 = 2e-6;

    #[test]
    fn candles_bert_and_the_plain_encoder_agree() {
        for name in ["single-label", "multi-label", "regression", "sentence"] {
            let checkpoint = Checkpoint::open(&tiny(name)).unwrap();
            let weights = checkpoint.weights.var_builder(&Device::Cpu);
            let plain = Plain::load(&weights, &checkpoint.config.spec).unwrap();
            let plain = Reference { stages: Box::new(plain), pad_token_id: 0 };
            let bert = Reference::load(&checkpoint, &Device::Cpu).unwrap();
            let taps: Vec<Tap> = (0..4).map(|layer| Tap { layer, read: Read::Rows }).collect();
            let sequences = [(7, 0, 3), (1, 1, 0), (30, 1, 0)];
            let sequences = sequences.map(|(tokens, type_id, unattended)| Sequence {
                ids: (0..tokens).map(|token| (token * 37 + 5) % 170).collect(),
                type_ids: vec![type_id; tokens as usize],
                unattended,
            });
            let batch = sequences.each_ref().map(|sequence| PassInput::whole(sequence, &taps));
            let (found, expected) = (plain.forward(&batch).unwrap(), bert.forward(&batch).unwrap());
            let numbers = |values: Vec<TapValues>| -> Vec<f32> {
                values.into_iter().flat_map(|values| values.by_tap.concat()).collect()
            };
            let (found, expected) = (numbers(found), numbers(expected));
            assert_eq!(found.len(), expected.len());
            let differences = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
            let largest = differences.fold(0.0, f32::max);
            println!("{name}: {largest:e}");
            assert!(largest <= TOLERANCE, "{name}: {largest:e}");
        }
    }
}
