//! The model: a checkpoint, its encoder, recipes and heads. It knows nothing of requests.
//!
//! A [`Task`] is a sequence with the outputs wanted for it; [`Model::forward`] computes a batch of
//! tasks in one pass. Letters: `t` tokens, `c` hidden size, `L` encoder layers.

pub mod checkpoint;
mod dense;
pub mod encoder;
pub mod head;
mod maximum;
pub mod multi_vector;
pub mod output;
mod pooling;
mod pooling_mask;
pub mod recipe;
pub mod recipe_book;
mod row_layer;
pub mod sparse;
pub mod tagger;
pub mod task;
mod token_layers;

use candle_core::Device;

use crate::sequence::Sequence;

use checkpoint::{Checkpoint, CheckpointError};
use encoder::{Encoder, EncoderKind, EncoderOptions, Packed, PassInput, Reference};
use output::{Output, OutputBuilder, PassOutput};
use recipe::Shape;
use task::{TapValues, Task, TaskSpec};

pub use pooling_mask::PoolingMask;

/// An encoder, and the builder of outputs from its taps.
pub struct Model {
    encoder: Box<dyn Encoder>,
    output_builder: OutputBuilder,
}

impl Model {
    /// Loads the encoder that the options choose on this machine.
    ///
    /// # Errors
    /// A tensor can't be read.
    pub fn load(
        checkpoint: &Checkpoint,
        options: &EncoderOptions,
    ) -> Result<Self, CheckpointError> {
        let encoder: Box<dyn Encoder> = match options.kind() {
            EncoderKind::Packed => Box::new(Packed::load(checkpoint, options)?),
            EncoderKind::Reference => {
                let loaded = Reference::load(checkpoint, &Device::Cpu);
                let invalid = |error: candle_core::Error| {
                    CheckpointError::invalid(&checkpoint.dir, error.to_string())
                };
                Box::new(loaded.map_err(invalid)?)
            }
        };
        let row_layers = &checkpoint.sentence.native.row_layers;
        let output_builder = OutputBuilder::new(row_layers, checkpoint.config.hidden_size);
        Ok(Self { encoder, output_builder })
    }

    /// The sizes of a checkpoint that recipes depend on.
    pub fn shape_of(checkpoint: &Checkpoint) -> Shape {
        Shape { layers: checkpoint.config.layers, hidden: checkpoint.config.hidden_size }
    }

    /// The encoder in use.
    pub fn encoder(&self) -> &dyn Encoder {
        &*self.encoder
    }

    /// Builds outputs from the encoder's taps.
    pub fn output_builder(&self) -> &OutputBuilder {
        &self.output_builder
    }

    /// How many sequences of these lengths, taken in order, fit into a pass of `token_budget`
    /// tokens, padding included if the encoder pads; at least one if there is any.
    pub fn sequences_per_pass(
        &self,
        lengths: impl Iterator<Item = usize>,
        token_budget: usize,
    ) -> usize {
        sequences_per_pass(self.encoder.pads(), lengths, token_budget)
    }

    /// Items in order, divided into passes of at most `token_budget` tokens; `tokens` counts those of an
    /// item.
    pub fn passes<'i, T>(
        &self,
        items: &'i [T],
        tokens: impl Fn(&T) -> usize,
        token_budget: usize,
    ) -> impl Iterator<Item = &'i [T]> {
        let mut rest = items;
        std::iter::from_fn(move || {
            let lengths = rest.iter().map(&tokens);
            let (pass, later) = rest.split_at(self.sequences_per_pass(lengths, token_budget));
            rest = later;
            (!pass.is_empty()).then_some(pass)
        })
    }

    /// One pass over a batch: for each task its output; for a window its part in the output of the
    /// text, to be joined by [`OutputBuilder::text_output`].
    ///
    /// # Errors
    /// The encoder's backend failed.
    pub fn forward(&self, tasks: &[&Task]) -> candle_core::Result<Vec<PassOutput>> {
        let inputs = tasks.iter().map(|task| PassInput {
            sequence: &task.sequence,
            taps: task.spec.taps(),
            mask: task.mask.as_ref(),
            mask_without_prompt: task.mask_without_prompt.as_ref(),
        });
        let batch: Vec<PassInput<'_>> = inputs.collect();
        let values = self.encoder.forward(&batch)?;
        let output = |(task, values): (&&Task, TapValues)| match task.mask {
            None => PassOutput::Whole(self.output_builder.build(&task.spec, &values)),
            Some(_) => PassOutput::Window(self.output_builder.window_part(&task.spec, values)),
        };
        Ok(tasks.iter().zip(values).map(output).collect())
    }

    /// One pass over whole sequences with the same outputs.
    ///
    /// # Errors
    /// The encoder's backend failed.
    pub fn forward_whole(
        &self,
        sequences: &[&Sequence],
        spec: &TaskSpec,
    ) -> candle_core::Result<Vec<Output>> {
        let input = |sequence| PassInput::whole(sequence, spec.taps());
        let batch: Vec<PassInput<'_>> = sequences.iter().copied().map(input).collect();
        let values = self.encoder.forward(&batch)?;
        Ok(values.iter().map(|values| self.output_builder.build(spec, values)).collect())
    }
}

fn sequences_per_pass(
    pads: bool,
    lengths: impl Iterator<Item = usize>,
    token_budget: usize,
) -> usize {
    let (mut taken, mut longest, mut total) = (0, 0, 0);
    for tokens in lengths {
        longest = tokens.max(longest);
        total += tokens;
        let cost = if pads { (taken + 1) * longest } else { total };
        if taken > 0 && cost > token_budget {
            break;
        }
        taken += 1;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::sequences_per_pass;

    #[test]
    fn a_pass_takes_what_fits_the_budget_with_or_without_padding_and_at_least_one() {
        let both = |tokens: &[usize], budget| {
            [true, false].map(|pads| sequences_per_pass(pads, tokens.iter().copied(), budget))
        };
        assert_eq!(both(&[3, 3, 4, 2], 12), [3, 4]);
        assert_eq!(both(&[1, 1, 10, 1], 12), [2, 3]);
        assert_eq!(both(&[13, 1], 12), [1, 1]);
        assert_eq!(both(&[12, 1], 12), [1, 1]);
        assert_eq!(both(&[], 12), [0, 0]);
    }
}
