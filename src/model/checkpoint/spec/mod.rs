//! What an encoder computes, and which tensors its numbers are in: all that separates the families of
//! encoders, as data. A family fills it in from `config.json`; the encoders read nothing else.
//!
//! Letters: `c` hidden size, `f` intermediate size, `h` attention heads, `d = c/h`.

mod classifier;
mod embeddings;
mod position_bias;
mod prediction;
mod relative;
mod rotation;
mod tensors;

use strata_kernels::Activation;

pub use classifier::{ClassifierLayer, ClassifierSpec};
pub use embeddings::{EmbeddingSpec, PositionRows, PositionTable};
pub use position_bias::PositionBias;
pub use prediction::PredictionSpec;
pub use relative::{RelativePositions, RelativeProjections, RelativeRows};
pub use rotation::Rotation;
pub use tensors::{LinearSpec, NormSpec, TableSpec};

/// An encoder.
#[derive(Clone, Debug)]
pub struct EncoderSpec {
    /// From ids to the first hidden state.
    pub embeddings: EmbeddingSpec,
    /// The encoder layers, in the order in which they are computed. Those that are equal have the same
    /// tensors.
    pub layers: Vec<LayerSpec>,
    /// Attention heads of each layer.
    pub attention_heads: usize,
    /// The activation of the feed-forward layers.
    pub activation: Activation,
    /// What distance adds to the attention scores of all layers.
    pub position_bias: Option<PositionBias>,
    /// What distance and the content of one token add to the attention scores, with the projections of
    /// each layer.
    pub relative: Option<RelativePositions>,
    /// How many dot products a score is the sum of: it is divided by `√(score_terms·d)`.
    pub score_terms: usize,
    /// The norm that makes the last hidden state. Those before it don't have it.
    pub final_norm: Option<NormSpec>,
}

/// An encoder layer:
///
/// ```text
/// x = before_attention(hidden)           hidden = after_attention(hidden + output(attention(x)))
/// x = before_feed_forward(hidden)        hidden = after_feed_forward(hidden + second(act(first(x)) · gate(x)))
/// ```
///
/// A norm that the layer doesn't have is left out, and so is the gate.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSpec {
    /// The norms.
    pub norms: LayerNorms,
    /// Queries, keys and values, `(c) → (c)` each.
    pub qkv: [LinearSpec; 3],
    /// The output projection of attention, `(c) → (c)`.
    pub attention_output: LinearSpec,
    /// The first feed-forward layer, `(c) → (f)`.
    pub intermediate: LinearSpec,
    /// What its output is multiplied with, `(c) → (f)`.
    pub gate: Option<LinearSpec>,
    /// The second feed-forward layer, `(f) → (c)`.
    pub output: LinearSpec,
    /// How queries and keys are rotated.
    pub rotation: Option<Rotation>,
    /// How far a token attends: to those at most so many positions away; `None` for all.
    pub reach: Option<usize>,
    /// The projections of embeddings of distances, if the encoder has these.
    pub relative: Option<RelativeProjections>,
}

/// The norms of a layer: those before its parts, or those after the residual sums.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerNorms {
    /// Of the input of attention.
    pub before_attention: Option<NormSpec>,
    /// Of the sum with attention's output.
    pub after_attention: Option<NormSpec>,
    /// Of the input of the feed-forward layers.
    pub before_feed_forward: Option<NormSpec>,
    /// Of the sum with the feed-forward layers' output.
    pub after_feed_forward: Option<NormSpec>,
}

impl EncoderSpec {
    /// `c`, columns of a hidden state.
    pub fn hidden_size(&self) -> usize {
        self.embeddings.hidden_size()
    }

    /// Whether tokens may follow that none attends to: not with embeddings of distances, which are
    /// gathered by key.
    pub fn allows_unattended(&self) -> bool {
        self.relative.is_none()
    }

    /// The layers that differ, and for each layer of the encoder its place among them.
    pub fn distinct_layers(&self) -> (Vec<&LayerSpec>, Vec<usize>) {
        let mut distinct: Vec<&LayerSpec> = Vec::new();
        let place = |layer| match distinct.iter().position(|known| *known == layer) {
            Some(place) => place,
            None => {
                distinct.push(layer);
                distinct.len() - 1
            }
        };
        let places = self.layers.iter().map(place).collect();
        (distinct, places)
    }

    /// Name and shape of each tensor that the encoder reads.
    ///
    /// They come layer by layer, so that a checkpoint that has fewer layers than its config says is
    /// found out at the first that is missing.
    pub fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>)> {
        let EmbeddingSpec { words, positions, token_types, projection, norm, .. } =
            &self.embeddings;
        let positions = positions.as_ref().map(|positions| &positions.table);
        let bias = self.position_bias.as_ref().map(|bias| &bias.table);
        let relative = self.relative.as_ref().map(|relative| &relative.table);
        let tables = [Some(words), positions, token_types.as_ref(), bias, relative];
        let relative_norm = self.relative.iter().filter_map(|relative| relative.norm.as_ref());
        tables
            .into_iter()
            .flatten()
            .map(TableSpec::tensor)
            .chain(projection.iter().flat_map(LinearSpec::tensors))
            .chain([norm].into_iter().chain(relative_norm).flat_map(NormSpec::tensors))
            .chain(self.distinct_layers().0.into_iter().flat_map(LayerSpec::tensors))
            .chain(self.final_norm.iter().flat_map(NormSpec::tensors))
    }

    /// The operations of the matmuls of `depth` encoder layers for one sequence of `t` tokens; a
    /// multiplication with its addition counts as two. For each layer, with `p` the numbers of its
    /// matrices and `r` its reach:
    ///
    /// `2·t·p + 4·t·min(t, 2r + 1)·c`
    ///
    /// The first term is the projections and the feed-forward layers; the second is the scores and
    /// the weighted values of attention. With embeddings of distances, `2·t·min(2t − 1, 2·span)·c` is
    /// added for each of a layer's projections of them. In BERT, where `p = 4c² + 2cf` and `f = 4c`, this is
    /// `24·t·c² + 4·t²·c`, as in Narayanan et al. 2021 (arXiv:2104.04473, appendix). Softmax, norms
    /// and activations are not counted. An encoder may compute less: it can leave out rows that no
    /// tap reads.
    pub fn flops(&self, t: usize, depth: usize) -> f64 {
        let c = self.hidden_size() as f64;
        let layer = |layer: &LayerSpec| {
            let keys = layer.reach.map_or(t, |reach| t.min(2 * reach + 1));
            let relative = self.relative.as_ref().map_or(0, |relative| {
                let rows = (2 * t).saturating_sub(1).min(2 * relative.rows.span);
                rows * layer.relative.iter().flat_map(RelativeProjections::linears).count()
            });
            let t = t as f64;
            2.0 * t * (layer.matrix_numbers() as f64 + (2 * keys + relative) as f64 * c)
        };
        self.layers.iter().take(depth).map(layer).sum()
    }
}

impl LayerSpec {
    fn linears(&self) -> impl Iterator<Item = &LinearSpec> {
        let rest = [&self.attention_output, &self.intermediate];
        self.qkv.iter().chain(rest).chain(&self.gate).chain([&self.output])
    }

    fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>)> {
        let LayerNorms { before_attention, after_attention, .. } = &self.norms;
        let LayerNorms { before_feed_forward, after_feed_forward, .. } = &self.norms;
        let norms = [before_attention, after_attention, before_feed_forward, after_feed_forward];
        let norms = norms.into_iter().flatten().flat_map(NormSpec::tensors);
        let relative = self.relative.iter().flat_map(RelativeProjections::linears);
        self.linears().chain(relative).flat_map(LinearSpec::tensors).chain(norms)
    }

    /// Numbers of the layer's matrices.
    fn matrix_numbers(&self) -> usize {
        self.linears().map(|linear| linear.inputs * linear.outputs).sum()
    }
}
