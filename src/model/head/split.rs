//! What each token adds to a head's logits, where a logit is a sum over tokens.
//!
//! Letters: `t` tokens, `c` hidden size, `n` layers, `k` classes. With one fully connected layer
//! over features that aren't normalised, and pooling that weighs every token by its place alone,
//!
//! ```text
//! z = b + Σ_i a_i · Σ_l w_l·H_l[i]
//! ```
//!
//! `a_i` is the token's weight in pooling, and `w_l (k,c)` the layer's share of the head's weights:
//! its slice (`concat`), `w/n` (`mean`), `w` (`sum`), `α_l·w` (`weighted`). Exact to rounding, and
//! for all other heads there is no such sum.

use std::sync::Arc;

use strata_kernels::View;

use super::Head;
use super::dense::dot;
use crate::model::pooling::{Pooling, counted};
use crate::model::recipe::Combine;
use crate::model::task::Share;

/// A head's logits as sums over tokens.
#[derive(Debug)]
pub struct Split {
    parts: Vec<(usize, Arc<Projection>)>,
    bias: Vec<f32>,
}

impl Split {
    /// Hidden states, 0 the embedding output, each with what is read off it.
    pub fn parts(&self) -> &[(usize, Arc<Projection>)] {
        &self.parts
    }

    /// What a logit is before any token has added to it, `(k)`.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }
}

/// A layer's share of a head. One is equal to itself alone.
#[derive(Debug)]
pub struct Projection {
    pooling: Pooling,
    /// `(k,c)`, row by row.
    weights: Vec<f32>,
}

impl PartialEq for Projection {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Projection {}

impl Projection {
    /// `H (t,c)` → what each token that counts adds to each logit, `(t,k)`, row by row.
    pub fn project(&self, rows: View<'_>, share: Option<&Share>) -> Vec<f32> {
        let t = rows.rows();
        let weights = self.pooling.token_weights(t, share).unwrap_or_default();
        let token = |(row, _): (usize, usize)| {
            let (weight, row) = (f64::from(weights[row]), rows.row(row));
            let classes = self.weights.chunks_exact(rows.columns());
            classes.map(move |class| (weight * dot(class, row)) as f32)
        };
        counted(t, share).flat_map(token).collect()
    }
}

/// Why a head's logits are no sums over tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inseparable {
    /// A function that isn't linear stands between tokens and logits.
    #[error("it has hidden layers")]
    HiddenLayers,
    /// As above: the checkpoint's own layer.
    #[error("its features come out of the checkpoint's own dense layer")]
    Dense,
    /// All features are divided by what depends on each.
    #[error("its features are normalised")]
    Normalized,
    /// The largest of several layers.
    #[error("it combines layers by their maximum")]
    Combined,
    /// The largest of several tokens.
    #[error("it pools tokens by their maximum")]
    Maximum,
    /// All of it would stand at that token.
    #[error("it reads one token alone, which stands for the whole text")]
    OneToken,
}

impl Head {
    /// The head's logits as sums over tokens; `c` is the hidden size.
    ///
    /// # Errors
    /// They are none.
    pub fn split(&self, c: usize) -> Result<Split, Inseparable> {
        let recipe = self.recipe();
        let [layer] = self.layers.as_slice() else {
            return Err(Inseparable::HiddenLayers);
        };
        match recipe.pooling {
            Pooling::Mean | Pooling::MeanSqrtLen | Pooling::WeightedMean => {}
            Pooling::Max | Pooling::MeanMax => return Err(Inseparable::Maximum),
            Pooling::Cls | Pooling::LastToken => return Err(Inseparable::OneToken),
        }
        if recipe.dense {
            return Err(Inseparable::Dense);
        }
        if recipe.normalize {
            return Err(Inseparable::Normalized);
        }
        if recipe.combine == Combine::Max && recipe.layers.len() > 1 {
            return Err(Inseparable::Combined);
        }
        let n = recipe.layers.len();
        let share = |at: usize| {
            let (first, factor) = match recipe.combine {
                Combine::Concat => (at * c, 1.0),
                Combine::Mean => (0, 1.0 / n as f64),
                Combine::Sum | Combine::Max => (0, 1.0),
                Combine::Weighted => {
                    (0, recipe.weights.as_ref().map_or(0.0, |weights| f64::from(weights[at])))
                }
            };
            let classes = layer.weight().chunks_exact(layer.inputs());
            // Columns that the recipe cuts off have no weights.
            let column = |row: &[f32], j: usize| row.get(first + j).copied().unwrap_or(0.0);
            let weights = classes
                .flat_map(|row| (0..c).map(move |j| (f64::from(column(row, j)) * factor) as f32));
            Projection { pooling: recipe.pooling, weights: weights.collect() }
        };
        let parts = recipe.layers.iter().enumerate();
        let parts = parts.map(|(at, &layer)| (layer, Arc::new(share(at)))).collect();
        Ok(Split { parts, bias: layer.bias().to_vec() })
    }
}
