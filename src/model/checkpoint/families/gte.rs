//! GTE (Zhang et al. 2024, arXiv:2407.19669): rotated queries and keys, and a gate between the
//! feed-forward layers.

use serde_json::{Map, Value, json};

use super::bert;
use super::family::Family;
use super::layout::{self, GATED_LAYER};
use super::{own_code, rotary};
use crate::model::checkpoint::config::RawConfig;
use crate::model::checkpoint::names::{OlderName, TensorNames};
use crate::model::checkpoint::spec::EncoderSpec;
use crate::model::dense::DenseActivation;

/// The family.
pub const GTE: Family = Family {
    model_type: "gte",
    class: "Gte",
    tensors: TensorNames { prefixes: &["gte.", "new."], older: OLDER },
    defaults,
    encoder,
    prediction: Some(|raw| Ok(layout::prediction(raw, PREDICTION, DenseActivation::Gelu))),
    // The class has a pooler only with a classifier.
    pooler: None,
    tokenizer_class: "XLMRobertaTokenizer",
    ..bert::BERT
};

/// The layers that predict tokens, and the bias of the last one.
const PREDICTION: [&str; 3] = ["lm_head.dense", "lm_head.layer_norm", "lm_head.decoder.bias"];

/// What the family's first checkpoints call their modules, and transformers when it saves them.
const OLDER: &[OlderName] = &[
    OlderName::new("encoder.layer.", &["layers."]),
    OlderName::new("attention.o_proj", &["self_attn.o_proj"]),
    OlderName::new("attn_ln", &["post_attention_layernorm"]),
    OlderName::new("mlp_ln", &["post_mlp_layernorm"]),
    OlderName::new("attention.qkv_proj", &GATED_LAYER.qkv),
    OlderName::new("mlp.up_gate_proj", &["mlp.up_proj", "mlp.gate_proj"]),
];

fn defaults() -> Map<String, Value> {
    bert::defaults_with(json!({
        "vocab_size": 250_048,
        "max_position_embeddings": 8192,
        "type_vocab_size": 1,
        "pad_token_id": 1,
        "rope_theta": 160_000.0,
    }))
}

fn encoder(raw: &RawConfig) -> Result<EncoderSpec, String> {
    let computed = [
        ("position_embedding_type", json!("rope")),
        ("layer_norm_type", json!("layer_norm")),
        ("logn_attention_scale", json!(false)),
        ("logn_attention_clip1", json!(false)),
    ];
    own_code::check(raw, &computed)?;
    rotary::encoder(raw, &GATED_LAYER)
}
