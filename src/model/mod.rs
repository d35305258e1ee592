//! The model: a checkpoint, an encoder over it, recipes and heads. It knows nothing of requests.
//!
//! A [`Task`] says what is asked of a sequence; [`Model::forward`] answers a batch of them in one
//! pass. Letters: `t` tokens, `c` hidden size, `L` encoder layers.

pub mod checkpoint;
pub mod encoder;
pub mod finish;
pub mod head;
mod pooling;
pub mod recipe;
pub mod recipe_book;
mod recipe_ref;
pub mod task;

use candle_core::Device;

use checkpoint::{Checkpoint, CheckpointError};
use encoder::{Encoder, EncoderKind, EncoderOptions, Packed, Query, Reference};
use finish::Finish;
use head::Dense;
use recipe::Shape;
use task::{Answer, Task};

/// An encoder with what follows it.
pub struct Model {
    encoder: Box<dyn Encoder>,
    finish: Finish,
}

impl Model {
    /// Loads the encoder that the options come to on this machine.
    ///
    /// # Errors
    /// A tensor that can't be read.
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
        let dense = checkpoint.sentence.dense.clone();
        Ok(Self { encoder, finish: Finish::new(dense, checkpoint.config.hidden_size) })
    }

    /// What recipes need to know of a checkpoint.
    pub fn shape_of(checkpoint: &Checkpoint) -> Shape {
        Shape {
            layers: checkpoint.config.layers,
            hidden: checkpoint.config.hidden_size,
            dense: checkpoint.sentence.dense.as_ref().map(Dense::outputs),
        }
    }

    /// The encoder in use.
    pub fn encoder(&self) -> &dyn Encoder {
        &*self.encoder
    }

    /// What follows the encoder.
    pub fn finish(&self) -> &Finish {
        &self.finish
    }

    /// How many of these sequences, in this order, a pass of `budget` tokens holds as its encoder
    /// counts them; at least one if there is any.
    pub fn fit(&self, tokens: impl Iterator<Item = usize>, budget: usize) -> usize {
        fit(self.encoder.pads(), tokens, budget)
    }

    /// One pass: for each task, a list of numbers for each thing that it asks; for a window, its
    /// part, to be joined by [`Finish::join`].
    ///
    /// # Errors
    /// The encoder's backend failed.
    pub fn forward(&self, tasks: &[&Task]) -> candle_core::Result<Vec<Answer>> {
        let queries = tasks.iter();
        let batch: Vec<Query<'_>> = queries
            .map(|task| Query {
                sequence: &task.sequence,
                taps: task.asks.taps(),
                share: task.share.as_ref(),
            })
            .collect();
        let read = self.encoder.forward(&batch)?;
        let answer = |(task, values): (&&Task, Answer)| match task.share {
            None => self.finish.answer(&task.asks, &values),
            Some(_) => self.finish.part(&task.asks, values),
        };
        Ok(tasks.iter().zip(read).map(answer).collect())
    }
}

fn fit(pads: bool, tokens: impl Iterator<Item = usize>, budget: usize) -> usize {
    let (mut taken, mut longest, mut total) = (0, 0, 0);
    for tokens in tokens {
        longest = tokens.max(longest);
        total += tokens;
        let cost = if pads { (taken + 1) * longest } else { total };
        if taken > 0 && cost > budget {
            break;
        }
        taken += 1;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn a_pass_holds_as_many_as_fit_padded_or_not_and_at_least_one() {
        let both = |tokens: &[usize], budget| {
            [true, false].map(|pads| fit(pads, tokens.iter().copied(), budget))
        };
        assert_eq!(both(&[3, 3, 4, 2], 12), [3, 4]);
        assert_eq!(both(&[1, 1, 10, 1], 12), [2, 3]);
        assert_eq!(both(&[13, 1], 12), [1, 1]);
        assert_eq!(both(&[12, 1], 12), [1, 1]);
        assert_eq!(both(&[], 12), [0, 0]);
    }
}
