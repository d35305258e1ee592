//! BERT (Devlin et al. 2018, arXiv:1810.04805).

use serde_json::{Map, Value, json};

use super::family::Family;
use super::layout::{self, BERT_LAYER};
use crate::model::checkpoint::names::TensorNames;
use crate::model::checkpoint::spec::PositionRows;
use crate::model::dense::DenseActivation;

/// The family.
pub const BERT: Family = Family {
    model_type: "bert",
    class: "Bert",
    tensors: TensorNames::prefixed(&["bert."]),
    names: &[],
    aliases: &[],
    defaults,
    encoder: |raw| {
        layout::encoder(raw, &BERT_LAYER, Some(PositionRows::Places), raw.type_vocab_size)
    },
    classifier: |raw, outputs| {
        let modules = [POOLER, "classifier"];
        Ok(layout::two_layers(raw, modules, DenseActivation::Tanh, outputs))
    },
    tagger: |raw, outputs| Ok(layout::tagger(raw, outputs)),
    prediction: Some(|raw| layout::prediction_by_hidden_act(raw, PREDICTION)),
    pooler: Some(POOLER),
    tokenizer_class: "BertTokenizer",
};

/// The layer before the classifier, also in the families that follow BERT.
pub const POOLER: &str = "pooler.dense";

/// The layers that predict tokens, and the bias of the last one.
const PREDICTION: [&str; 3] = [
    "cls.predictions.transform.dense",
    "cls.predictions.transform.LayerNorm",
    "cls.predictions.bias",
];

/// The defaults, which most families share.
pub fn defaults() -> Map<String, Value> {
    let defaults = json!({
        "vocab_size": 30_522,
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
        "hidden_act": "gelu",
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    });
    defaults.as_object().cloned().unwrap_or_default()
}

/// The same with the fields of an object over them.
pub fn defaults_with(own: Value) -> Map<String, Value> {
    let mut all = defaults();
    if let Value::Object(own) = own {
        all.extend(own);
    }
    all
}
