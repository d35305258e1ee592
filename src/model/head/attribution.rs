//! The contribution of each token to a head's logits, for heads whose logits are a sum over tokens.
//!
//! Letters: `t` tokens, `c` hidden size, `n` layers, `k` classes. With one dense layer over
//! features that aren't normalised, and a pooling that weights every token by its position alone,
//!
//! ```text
//! z = b + Σ_i a_i · Σ_l w_l·H_l[i]
//! ```
//!
//! `a_i` is the token's weight in the pooling, and `w_l (k,c)` are the head's weights for the
//! layer: a slice of them (`concat`), `w/n` (`mean`), `w` (`sum`) or `α_l·w` (`weighted`). This is
//! exact up to rounding. The logits of other heads are not a sum over tokens.

use std::sync::Arc;

use strata_kernels::View;

use super::classifier::Head;
use crate::model::dense::dot;
use crate::model::pooling::Pooling;
use crate::model::pooling_mask::{PoolingMask, counted_rows};
use crate::model::recipe::{Combine, ResolvedRecipe};
use crate::model::row_layer::RowLayer;

/// A head's logits as sums over tokens.
#[derive(Debug)]
pub struct TokenAttribution {
    projections: Vec<Arc<Projection>>,
    bias: Vec<f32>,
}

impl TokenAttribution {
    /// One projection per layer of the head's recipe.
    pub fn projections(&self) -> &[Arc<Projection>] {
        &self.projections
    }

    /// The logits before any token is added, `(k)`.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }
}

/// The part of a head that applies to the tokens of one layer. A projection is equal only to
/// itself.
#[derive(Debug)]
pub struct Projection {
    layer: usize,
    pooling: Pooling,
    /// `(k,c)`, row-major.
    weights: Vec<f32>,
}

impl PartialEq for Projection {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Projection {}

impl Projection {
    /// The hidden state that it applies to; 0 is the embedding output.
    pub fn layer(&self) -> usize {
        self.layer
    }

    /// `H (t,c)` → the contribution of each token that counts to each logit, `(t,k)`, row-major.
    pub fn project(&self, rows: View<'_>, mask: Option<&PoolingMask>) -> Vec<f32> {
        let t = rows.rows();
        let weights = self.pooling.token_weights(t, mask).unwrap_or_default();
        let logits = |(row, _): (usize, usize)| {
            let (weight, row) = (f64::from(weights[row]), rows.row(row));
            let classes = self.weights.chunks_exact(rows.columns());
            classes.map(move |class| (weight * dot(class, row)) as f32)
        };
        counted_rows(t, mask).flat_map(logits).collect()
    }
}

/// Why a head's logits are not a sum over tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotExplainable {
    /// Hidden layers are not linear.
    #[error("it has hidden layers")]
    HiddenLayers,
    /// The checkpoint's own layers after pooling are not linear.
    #[error("its features come from the checkpoint's own layers after pooling")]
    RowLayers,
    /// There is one sum over tokens for each pooling.
    #[error("it has several poolings")]
    SeveralPoolings,
    /// The tokens that are explained include the prompt's.
    #[error("its features leave out the prompt")]
    LeavesOutPrompt,
    /// The norm depends on all features.
    #[error("its features are normalised")]
    Normalized,
    /// The maximum over layers is not linear.
    #[error("it combines layers by their maximum")]
    CombinesByMaximum,
    /// The maximum over tokens is not linear.
    #[error("it pools tokens by their maximum")]
    PoolsByMaximum,
    /// The whole sum would belong to that one token.
    #[error("it reads only one token, which represents the whole text")]
    OneToken,
}

impl Head {
    /// The head's logits as sums over tokens; `c` is the hidden size.
    ///
    /// # Errors
    /// The logits are not a sum over tokens.
    pub fn token_attribution(&self, c: usize) -> Result<TokenAttribution, NotExplainable> {
        let recipe = self.recipe();
        let [RowLayer::Dense { dense: layer, .. }] = self.layers.as_slice() else {
            return Err(NotExplainable::HiddenLayers);
        };
        let pooling = check_linear(recipe)?;
        let n = recipe.layers.len();
        let projection = |(index, &state): (usize, &usize)| {
            let (first, factor) = match recipe.combine {
                Combine::Concat => (index * c, 1.0),
                Combine::Mean => (0, 1.0 / n as f64),
                Combine::Sum | Combine::Max => (0, 1.0),
                Combine::Weighted => {
                    (0, recipe.weights.as_ref().map_or(0.0, |weights| f64::from(weights[index])))
                }
            };
            let classes = layer.weight().chunks_exact(layer.inputs());
            // The head has no weights for columns that the recipe cuts off.
            let column = |row: &[f32], j: usize| row.get(first + j).copied().unwrap_or(0.0);
            let weights = classes
                .flat_map(|row| (0..c).map(move |j| (f64::from(column(row, j)) * factor) as f32));
            let weights = weights.collect();
            Arc::new(Projection { layer: state, pooling, weights })
        };
        let projections = recipe.layers.iter().enumerate().map(projection).collect();
        Ok(TokenAttribution { projections, bias: layer.bias().to_vec() })
    }
}

/// Checks that a recipe's features are a weighted sum of token rows, and returns its pooling.
fn check_linear(recipe: &ResolvedRecipe) -> Result<Pooling, NotExplainable> {
    let &[pooling] = recipe.pooling.as_slice() else {
        return Err(NotExplainable::SeveralPoolings);
    };
    match pooling {
        Pooling::Mean | Pooling::MeanSqrtLen | Pooling::WeightedMean => {}
        Pooling::Max | Pooling::MeanMax => return Err(NotExplainable::PoolsByMaximum),
        Pooling::Cls | Pooling::LastToken => return Err(NotExplainable::OneToken),
    }
    if recipe.leaves_out_prompt {
        return Err(NotExplainable::LeavesOutPrompt);
    }
    if !recipe.row_layers.is_empty() {
        return Err(NotExplainable::RowLayers);
    }
    if recipe.normalize {
        return Err(NotExplainable::Normalized);
    }
    if recipe.combine == Combine::Max && recipe.layers.len() > 1 {
        return Err(NotExplainable::CombinesByMaximum);
    }
    Ok(pooling)
}
