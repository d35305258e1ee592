//! The layers of a checkpoint's own sequence classifier.

use super::tensors::{LinearSpec, NormSpec};
use crate::model::dense::DenseActivation;
use crate::model::pooling::Pooling;

/// From the last hidden state to logits.
#[derive(Clone, Debug)]
pub struct ClassifierSpec {
    /// How its tokens become one row.
    pub pooling: Pooling,
    /// The layers, in order.
    pub layers: Vec<ClassifierLayer>,
}

/// A layer of a classifier, on one row.
#[derive(Clone, Debug)]
pub enum ClassifierLayer {
    /// A fully connected layer and its activation.
    Dense(LinearSpec, DenseActivation),
    /// A layer norm.
    Norm(NormSpec),
}

impl ClassifierLayer {
    /// Name and shape of each tensor of some layers.
    pub fn tensors(layers: &[Self]) -> impl Iterator<Item = (String, Vec<usize>)> {
        layers.iter().flat_map(|layer| match layer {
            Self::Dense(linear, _) => linear.tensors().collect::<Vec<_>>(),
            Self::Norm(norm) => norm.tensors().collect(),
        })
    }
}
