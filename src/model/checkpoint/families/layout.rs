//! What the families that normalise after the residual sums have in common.

use super::family::PredictionLayers;
use crate::field::unusable;
use crate::model::checkpoint::config::RawConfig;
use crate::model::checkpoint::spec::{
    ClassifierLayer, ClassifierSpec, EmbeddingSpec, EncoderSpec, LayerNorms, LayerSpec, LinearSpec,
    NormSpec, PositionRows, PositionTable, TableSpec,
};
use crate::model::dense::DenseActivation;
use crate::model::pooling::Pooling;

/// What a family calls the modules of a layer, after the name of the layer.
pub struct LayerNames {
    /// The name of all layers, before their number.
    pub layers: &'static str,
    /// Queries, keys and values.
    pub qkv: [&'static str; 3],
    /// The output projection of attention.
    pub attention_output: &'static str,
    /// The norm after attention.
    pub attention_norm: &'static str,
    /// The first feed-forward layer.
    pub intermediate: &'static str,
    /// The second feed-forward layer.
    pub output: &'static str,
    /// The norm after the feed-forward layers.
    pub output_norm: &'static str,
    /// What the first feed-forward layer is multiplied with.
    pub gate: Option<&'static str>,
    /// Those of the linear layers that have no bias.
    pub without_bias: &'static [&'static str],
}

/// The names in BERT and RoBERTa.
pub const BERT_LAYER: LayerNames = LayerNames {
    layers: "encoder.layer",
    qkv: ["attention.self.query", "attention.self.key", "attention.self.value"],
    attention_output: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    intermediate: "intermediate.dense",
    output: "output.dense",
    output_norm: "output.LayerNorm",
    gate: None,
    without_bias: &[],
};

/// The names in the families whose feed-forward layers have a gate.
pub const GATED_LAYER: LayerNames = LayerNames {
    layers: "layers",
    qkv: ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    attention_output: "self_attn.o_proj",
    attention_norm: "post_attention_layernorm",
    intermediate: "mlp.gate_proj",
    output: "mlp.down_proj",
    output_norm: "post_mlp_layernorm",
    gate: Some("mlp.up_proj"),
    without_bias: &["mlp.gate_proj", "mlp.up_proj"],
};

/// A layer norm of rows of `c` columns with a bias.
pub fn norm(raw: &RawConfig, module: impl Into<String>) -> NormSpec {
    let (columns, eps) = (raw.hidden_size, raw.layer_norm_eps);
    NormSpec { module: module.into(), columns, has_bias: true, eps }
}

/// The encoder with these names of layers. `rows` says which rows of the table of positions its tokens
/// have, if there is one; `type_rows` are those of the table of token types, which isn't there without
/// any.
pub fn encoder(
    raw: &RawConfig,
    names: &LayerNames,
    rows: Option<PositionRows>,
    type_rows: usize,
) -> Result<EncoderSpec, String> {
    let table = |name: &str, rows| {
        let name = format!("embeddings.{name}_embeddings.weight");
        TableSpec { name, rows, columns: raw.hidden_size }
    };
    let positions = |rows| {
        let table = table("position", raw.max_position_embeddings);
        PositionTable { table, rows }
    };
    let embeddings = EmbeddingSpec {
        words: table("word", raw.vocab_size),
        positions: rows.map(positions),
        token_types: (type_rows > 0).then(|| table("token_type", type_rows)),
        projection: None,
        norm: norm(raw, "embeddings.LayerNorm"),
        is_norm_first: false,
    };
    Ok(EncoderSpec {
        embeddings,
        layers: (0..raw.num_hidden_layers)
            .map(|index| layer(raw, names, &format!("{}.{index}", names.layers)))
            .collect(),
        attention_heads: raw.num_attention_heads,
        activation: raw.activation()?,
        position_bias: None,
        relative: None,
        score_terms: 1,
        final_norm: None,
    })
}

/// The layer that is called `layer`.
pub fn layer(raw: &RawConfig, names: &LayerNames, layer: &str) -> LayerSpec {
    let (c, f) = (raw.hidden_size, raw.intermediate_size);
    let module = |name: &str| format!("{layer}.{name}");
    let linear = |name: &str, inputs, outputs| {
        let has_bias = !names.without_bias.contains(&name);
        LinearSpec::new(module(name), inputs, outputs).with_bias(has_bias)
    };
    LayerSpec {
        norms: LayerNorms {
            after_attention: Some(norm(raw, module(names.attention_norm))),
            after_feed_forward: Some(norm(raw, module(names.output_norm))),
            ..LayerNorms::default()
        },
        qkv: names.qkv.map(|name| linear(name, c, c)),
        attention_output: linear(names.attention_output, c, c),
        intermediate: linear(names.intermediate, c, f),
        gate: names.gate.map(|name| linear(name, c, f)),
        output: linear(names.output, f, c),
        rotation: None,
        reach: None,
        relative: None,
    }
}

/// `e`, the columns of the tables of an embedding stage with a projection. An error names the field.
pub fn table_columns(raw: &RawConfig) -> Result<usize, String> {
    const FIELD: &str = "embedding_size";
    let columns: usize = raw.other(FIELD)?;
    if columns == 0 {
        return Err(unusable(FIELD, 0, "at least 1 is needed"));
    }
    Ok(columns)
}

/// A classifier over the first token of two layers: `(c) → (c)` with an activation, and
/// `(c) → (outputs)`.
pub fn two_layers(
    raw: &RawConfig,
    [first, second]: [&str; 2],
    activation: DenseActivation,
    outputs: usize,
) -> ClassifierSpec {
    let c = raw.hidden_size;
    ClassifierSpec {
        pooling: Pooling::Cls,
        layers: vec![
            ClassifierLayer::Dense(LinearSpec::new(first, c, c), activation),
            ClassifierLayer::Dense(LinearSpec::new(second, c, outputs), DenseActivation::Identity),
        ],
    }
}

/// A classifier of tokens of one layer.
pub fn tagger(raw: &RawConfig, outputs: usize) -> Vec<ClassifierLayer> {
    let linear = LinearSpec::new("classifier", raw.hidden_size, outputs);
    vec![ClassifierLayer::Dense(linear, DenseActivation::Identity)]
}

/// The layers that predict tokens: a fully connected one with an activation, a norm, and a last one with
/// this bias.
pub fn prediction(
    raw: &RawConfig,
    names: [&'static str; 3],
    activation: DenseActivation,
) -> PredictionLayers {
    narrow_prediction(raw, names, activation, raw.hidden_size)
}

/// The same with so many columns after the first layer: those of the table of words.
pub fn narrow_prediction(
    raw: &RawConfig,
    [dense, norm_name, bias]: [&'static str; 3],
    activation: DenseActivation,
    columns: usize,
) -> PredictionLayers {
    let linear = LinearSpec::new(dense, raw.hidden_size, columns);
    let norm = NormSpec { columns, ..norm(raw, norm_name) };
    let layers = vec![ClassifierLayer::Dense(linear, activation), ClassifierLayer::Norm(norm)];
    (layers, Some(bias))
}

/// The same with the activation of the feed-forward layers.
pub fn prediction_by_hidden_act(
    raw: &RawConfig,
    names: [&'static str; 3],
) -> Result<PredictionLayers, String> {
    Ok(prediction(raw, names, prediction_activation(raw)?))
}

/// The activation of the feed-forward layers before predictions of tokens. An error names the field.
pub fn prediction_activation(raw: &RawConfig) -> Result<DenseActivation, String> {
    DenseActivation::from_transformers(&raw.hidden_act).map_err(|allowed| {
        let allowed = format!("before predictions of tokens, {allowed}");
        unusable("hidden_act", raw.hidden_act.as_str(), &allowed)
    })
}
