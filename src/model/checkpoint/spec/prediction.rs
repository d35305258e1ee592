//! The layers that predict tokens: those of a masked language model after the encoder.

use super::classifier::ClassifierLayer;
use super::tensors::TableSpec;

/// From the last hidden state of a token to a logit for each id of the vocabulary.
#[derive(Clone, Debug)]
pub struct PredictionSpec {
    /// The layers before the last one, `(c) → (e)`; `e` is `c` unless word embeddings are narrower.
    pub layers: Vec<ClassifierLayer>,
    /// The weights of the last one, a row per id: the encoder's own word embeddings, `(vocabulary, e)`.
    pub decoder: TableSpec,
    /// The name of its bias, `(vocabulary)`, if it has one.
    pub bias: Option<String>,
}

impl PredictionSpec {
    /// Name and shape of each tensor.
    pub fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>)> {
        let bias = self.bias.iter().map(|name| (name.clone(), vec![self.decoder.rows]));
        ClassifierLayer::tensors(&self.layers).chain([self.decoder.tensor()]).chain(bias)
    }
}
