//! DistilBERT (Sanh et al. 2019, arXiv:1910.01108): half of BERT's layers, without token types.

use serde_json::{Map, Value, json};

use super::bert;
use super::family::Family;
use super::layout::{self, LayerNames};
use crate::model::checkpoint::config::RawConfig;
use crate::model::checkpoint::names::TensorNames;
use crate::model::checkpoint::spec::{EncoderSpec, PositionRows};
use crate::model::dense::DenseActivation;

/// The family.
pub const DISTILBERT: Family = Family {
    model_type: "distilbert",
    class: "DistilBert",
    tensors: TensorNames::prefixed(&["distilbert."]),
    names: &[
        ("hidden_size", "dim"),
        ("num_hidden_layers", "n_layers"),
        ("num_attention_heads", "n_heads"),
        ("intermediate_size", "hidden_dim"),
        ("hidden_act", "activation"),
    ],
    aliases: &["hidden_size", "num_hidden_layers", "num_attention_heads"],
    defaults,
    encoder,
    classifier: |raw, outputs| {
        let modules = ["pre_classifier", "classifier"];
        Ok(layout::two_layers(raw, modules, DenseActivation::Relu, outputs))
    },
    tagger: |raw, outputs| Ok(layout::tagger(raw, outputs)),
    prediction: Some(|raw| layout::prediction_by_hidden_act(&with_eps(raw), PREDICTION)),
    pooler: None,
    tokenizer_class: "BertTokenizer",
};

/// The classes have this number in their code and no field for it.
const EPS: f64 = 1e-12;

/// The layers that predict tokens, and the bias of the last one.
const PREDICTION: [&str; 3] = ["vocab_transform", "vocab_layer_norm", "vocab_projector.bias"];

const LAYER: LayerNames = LayerNames {
    layers: "transformer.layer",
    qkv: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
    attention_output: "attention.out_lin",
    attention_norm: "sa_layer_norm",
    intermediate: "ffn.lin1",
    output: "ffn.lin2",
    output_norm: "output_layer_norm",
    ..layout::BERT_LAYER
};

fn defaults() -> Map<String, Value> {
    bert::defaults_with(json!({"num_hidden_layers": 6}))
}

fn encoder(raw: &RawConfig) -> Result<EncoderSpec, String> {
    layout::encoder(&with_eps(raw), &LAYER, Some(PositionRows::Places), 0)
}

fn with_eps(raw: &RawConfig) -> RawConfig {
    RawConfig { layer_norm_eps: EPS, ..raw.clone() }
}
