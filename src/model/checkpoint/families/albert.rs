//! ALBERT (Lan et al. 2019, arXiv:1909.11942): few layers, each of which is computed many times, after
//! tables that are narrower than a hidden state.

use serde_json::{Map, Value, json};

use super::bert;
use super::family::Family;
use super::layout::{self, LayerNames};
use crate::field::unusable;
use crate::model::checkpoint::config::{MOST_LAYERS, RawConfig};
use crate::model::checkpoint::names::TensorNames;
use crate::model::checkpoint::spec::{EncoderSpec, LayerSpec, LinearSpec, PositionRows};
use crate::model::dense::DenseActivation;

/// The family.
pub const ALBERT: Family = Family {
    model_type: "albert",
    class: "Albert",
    tensors: TensorNames::prefixed(&["albert."]),
    defaults,
    encoder,
    classifier: |raw, outputs| {
        Ok(layout::two_layers(raw, [POOLER, "classifier"], DenseActivation::Tanh, outputs))
    },
    prediction: Some(|raw| {
        let (activation, columns) =
            (layout::prediction_activation(raw)?, layout::table_columns(raw)?);
        Ok(layout::narrow_prediction(raw, PREDICTION, activation, columns))
    }),
    pooler: Some(POOLER),
    tokenizer_class: "AlbertTokenizer",
    ..bert::BERT
};

/// The layer before the classifier.
const POOLER: &str = "pooler";

/// The layers that predict tokens, and the bias of the last one.
const PREDICTION: [&str; 3] = ["predictions.dense", "predictions.LayerNorm", "predictions.bias"];

const LAYER: LayerNames = LayerNames {
    layers: "encoder.albert_layer_groups",
    qkv: ["attention.query", "attention.key", "attention.value"],
    attention_output: "attention.dense",
    attention_norm: "attention.LayerNorm",
    intermediate: "ffn",
    output: "ffn_output",
    output_norm: "full_layer_layer_norm",
    ..layout::BERT_LAYER
};

/// How many groups of layers there are.
const GROUPS: &str = "num_hidden_groups";

/// How many layers a group has.
const INNER: &str = "inner_group_num";

fn defaults() -> Map<String, Value> {
    bert::defaults_with(json!({
        "vocab_size": 30_000,
        "embedding_size": 128,
        "hidden_size": 4096,
        "num_attention_heads": 64,
        "intermediate_size": 16_384,
        "hidden_act": "gelu_new",
        (GROUPS): 1,
        (INNER): 1,
    }))
}

fn encoder(raw: &RawConfig) -> Result<EncoderSpec, String> {
    let rows = Some(PositionRows::Places);
    let encoder = layout::encoder(raw, &LAYER, rows, raw.type_vocab_size)?;
    let module = "encoder.embedding_hidden_mapping_in";
    // There is one even if it has as many outputs as inputs.
    let projection = LinearSpec::new(module, layout::table_columns(raw)?, raw.hidden_size);
    let embeddings = encoder.embeddings.with_projection(projection).with_norm_first();
    Ok(EncoderSpec { embeddings, layers: layers(raw)?, ..encoder })
}

/// All layers of one group for each of `num_hidden_layers`.
fn layers(raw: &RawConfig) -> Result<Vec<LayerSpec>, String> {
    let (groups, inner) = (count(raw, GROUPS)?, count(raw, INNER)?);
    let steps = raw.num_hidden_layers;
    if steps.saturating_mul(inner) > MOST_LAYERS {
        let allowed = format!("times num_hidden_layers, {steps}, at most {MOST_LAYERS} are read");
        return Err(unusable(INNER, inner, &allowed));
    }
    // In float64, as transformers computes it.
    let group = |step: usize| (step as f64 / (steps as f64 / groups as f64)) as usize;
    let step = |step| {
        let group = format!("{}.{}.albert_layers", LAYER.layers, group(step));
        (0..inner).map(move |index| layout::layer(raw, &LAYER, &format!("{group}.{index}")))
    };
    Ok((0..steps).flat_map(step).collect())
}

/// A field that is a number above 0. An error names it.
fn count(raw: &RawConfig, field: &str) -> Result<usize, String> {
    let count: usize = raw.other(field)?;
    if count == 0 { Err(unusable(field, 0, "at least 1 is needed")) } else { Ok(count) }
}
