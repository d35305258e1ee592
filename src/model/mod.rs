//! The model: a checkpoint, an encoder over it, recipes and heads. It knows nothing of requests.
//!
//! A [`Task`] says what is asked of a sequence; [`Model::forward`] answers a batch of them in one
//! pass. Letters: `t` tokens, `c` hidden size, `L` encoder layers.

pub mod checkpoint;
pub mod encoder;
pub mod head;
mod pooling;
pub mod recipe;
pub mod recipe_book;
mod recipe_ref;
pub mod task;

use candle_core::Device;

use checkpoint::{Checkpoint, CheckpointError};
use encoder::{Encoder, EncoderKind, EncoderOptions, Packed, Query, Reference};
use head::Dense;
use recipe::{ResolvedRecipe, Shape};
use task::{Answer, Ask, Tap, Task};

/// An encoder with what follows it.
pub struct Model {
    encoder: Box<dyn Encoder>,
    dense: Option<Dense>,
    shape: Shape,
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
        Ok(Self {
            encoder,
            dense: checkpoint.sentence.dense.clone(),
            shape: Self::shape_of(checkpoint),
        })
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

    /// How many of these sequences, in this order, a pass of `budget` tokens holds as its encoder
    /// counts them; at least one if there is any.
    pub fn fit(&self, tokens: impl Iterator<Item = usize>, budget: usize) -> usize {
        fit(self.encoder.pads(), tokens, budget)
    }

    /// One pass: for each task, a list of numbers for each thing that it asks.
    ///
    /// # Errors
    /// The encoder's backend failed.
    pub fn forward(&self, tasks: &[&Task]) -> candle_core::Result<Vec<Answer>> {
        let queries = tasks.iter();
        let batch: Vec<Query<'_>> = queries
            .map(|task| Query { sequence: &task.sequence, taps: task.asks.taps() })
            .collect();
        let read = self.encoder.forward(&batch)?;
        Ok(tasks.iter().zip(read).map(|(task, values)| self.answer(task, &values)).collect())
    }

    fn answer(&self, task: &Task, values: &[Vec<f32>]) -> Answer {
        let taps = task.asks.taps();
        let value = |tap: Tap| {
            let at = taps.iter().position(|other| *other == tap);
            at.map_or(&[][..], |at| values[at].as_slice())
        };
        let one = |ask: &Ask| {
            let rows: Vec<&[f32]> = ask.taps().map(value).collect();
            match ask {
                Ask::Embedding(recipe) => self.features(recipe, &rows),
                Ask::Logits(head) => head.logits(&self.features(head.recipe(), &rows)),
                Ask::Tokens(recipe) => token_rows(recipe, &rows, self.shape.hidden),
            }
        };
        task.asks.list().iter().map(one).collect()
    }

    /// Pooled rows, one a layer → the recipe's row.
    fn features(&self, recipe: &ResolvedRecipe, rows: &[&[f32]]) -> Vec<f32> {
        let combined = recipe.combine(rows);
        let row = match &self.dense {
            Some(dense) if recipe.dense => dense.forward(&combined),
            _ => combined,
        };
        recipe.finish(row)
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

/// `n × (t·c)` token rows → combined, cut and normalised token by token, one after another.
fn token_rows(recipe: &ResolvedRecipe, layers: &[&[f32]], c: usize) -> Vec<f32> {
    let tokens = layers.first().map_or(0, |rows| rows.len() / c);
    let token = |i: usize| {
        let rows: Vec<&[f32]> = layers.iter().map(|rows| &rows[i * c..(i + 1) * c]).collect();
        recipe.finish(recipe.combine(&rows))
    };
    (0..tokens).flat_map(token).collect()
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
