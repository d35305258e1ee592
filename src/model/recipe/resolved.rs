//! A recipe checked against one model, and its arithmetic on pooled rows.

use serde::Serialize;
use utoipa::ToSchema;

use super::combine::Combine;
use crate::model::pooling::Pooling;
use crate::model::row_layer::{RowLayerKind, l2_normalize};

/// How the tokens of each layer are pooled.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Poolings {
    /// One pooling, as in all recipes but `native`.
    One(Pooling),
    /// Several poolings, whose rows lie side by side.
    Several(Vec<Pooling>),
}

impl Poolings {
    /// The poolings, at least one.
    pub fn as_slice(&self) -> &[Pooling] {
        match self {
            Self::One(pooling) => std::slice::from_ref(pooling),
            Self::Several(poolings) => poolings,
        }
    }
}

/// A recipe checked against one model: layers counted from 0, widths known.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ResolvedRecipe {
    /// Hidden states; 0 is the embedding output.
    pub layers: Vec<usize>,
    /// How the layers are combined.
    pub combine: Combine,
    /// How the tokens of each layer are pooled.
    pub pooling: Poolings,
    /// Whether pooling leaves out the tokens of a prompt.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub leaves_out_prompt: bool,
    /// The checkpoint's own layers after pooling, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub row_layers: Vec<RowLayerKind>,
    /// Whether the row is divided by its L2 norm, as the last step.
    pub normalize: bool,
    /// One factor per layer, for `weighted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f32>>,
    /// Columns of the result.
    pub dimensions: usize,
    /// Columns before a request's `dimensions` cut it.
    #[serde(skip)]
    pub width: usize,
}

impl ResolvedRecipe {
    /// Columns after pooling and combining layers of `hidden` columns, and after combining the rows
    /// of one token.
    pub(super) fn pooled_width(&self, hidden: usize) -> usize {
        let rows: usize =
            self.pooling.as_slice().iter().map(|pooling| pooling.width_factor()).sum();
        rows * self.combined_width(hidden)
    }

    /// Columns after combining rows of `width` columns.
    fn combined_width(&self, width: usize) -> usize {
        if self.combine == Combine::Concat { width * self.layers.len() } else { width }
    }

    /// Columns of a token's row (`tokens: true`) for a hidden size of `hidden`. Neither pooling nor
    /// the layers after it apply to tokens.
    pub fn token_width(&self, hidden: usize) -> usize {
        let combined = self.combined_width(hidden);
        if self.dimensions < self.width { combined.min(self.dimensions) } else { combined }
    }

    /// Combines one row per layer, in the order of `layers`: `n × (w) → (w)` or `(n·w)`.
    pub fn combine(&self, rows: &[&[f32]]) -> Vec<f32> {
        self.combine.apply(rows, self.weights.as_deref().unwrap_or_default())
    }

    /// Combines the pooled rows of all layers, those of each pooling by themselves, one pooling
    /// after another.
    pub fn combine_pooled(&self, rows: &[&[f32]]) -> Vec<f32> {
        rows.chunks(self.layers.len()).flat_map(|layers| self.combine(layers)).collect()
    }

    /// The last step: cuts a row to `columns`, then divides it by its L2 norm if the recipe
    /// normalises.
    pub fn cut_and_normalize(&self, mut row: Vec<f32>, columns: usize) -> Vec<f32> {
        row.truncate(columns);
        if self.normalize {
            l2_normalize(&mut row);
        }
        row
    }
}
