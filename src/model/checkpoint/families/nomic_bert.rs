//! NomicBERT (Nussbaum et al. 2024, arXiv:2402.01613): rotated queries and keys, and a gate between the
//! feed-forward layers, which have no biases.

use serde_json::{Map, Value, json};

use super::bert;
use super::family::Family;
use super::layout::{self, GATED_LAYER, LayerNames};
use super::{own_code, rotary};
use crate::model::checkpoint::config::RawConfig;
use crate::model::checkpoint::names::{OlderName, TensorNames};
use crate::model::checkpoint::spec::EncoderSpec;

/// The family.
pub const NOMIC_BERT: Family = Family {
    model_type: "nomic_bert",
    class: "NomicBert",
    tensors: TensorNames { prefixes: &["nomic_bert."], older: OLDER },
    defaults,
    encoder,
    prediction: Some(|raw| layout::prediction_by_hidden_act(raw, PREDICTION)),
    // The class has a pooler only with a classifier.
    pooler: None,
    ..bert::BERT
};

/// The layers that predict tokens, and the bias of the last one.
const PREDICTION: [&str; 3] = [
    "cls.predictions.transform.dense",
    "cls.predictions.transform.layer_norm",
    "cls.predictions.bias",
];

/// What the family's first checkpoints call their modules, and transformers when it saves them.
const OLDER: &[OlderName] = &[
    OlderName::new("encoder.layers", &["layers"]),
    OlderName::new("emb_ln", &["embeddings.LayerNorm"]),
    OlderName::new("attn.out_proj", &["self_attn.o_proj"]),
    OlderName::new("attn.Wqkv", &GATED_LAYER.qkv),
    OlderName::new("fc11", &["up_proj"]),
    OlderName::new("fc12", &["gate_proj"]),
    OlderName::new("fc2", &["down_proj"]),
    OlderName::new("norm1", &["post_attention_layernorm"]),
    OlderName::new("norm2", &["post_mlp_layernorm"]),
];

const LAYER: LayerNames = LayerNames {
    without_bias: &[
        GATED_LAYER.qkv[0],
        GATED_LAYER.qkv[1],
        GATED_LAYER.qkv[2],
        GATED_LAYER.attention_output,
        GATED_LAYER.intermediate,
        "mlp.up_proj",
        GATED_LAYER.output,
    ],
    ..GATED_LAYER
};

fn defaults() -> Map<String, Value> {
    bert::defaults_with(json!({
        "vocab_size": 30_528,
        "hidden_act": "silu",
        "max_position_embeddings": 2048,
        "rope_theta": 1000.0,
    }))
}

fn encoder(raw: &RawConfig) -> Result<EncoderSpec, String> {
    let encoder = rotary::encoder(raw, &LAYER)?;
    let theta =
        encoder.layers.iter().find_map(|layer| layer.rotation).map(|rotation| rotation.theta);
    let computed = [
        ("n_embd", json!(raw.hidden_size)),
        ("n_layer", json!(raw.num_hidden_layers)),
        ("n_head", json!(raw.num_attention_heads)),
        ("n_inner", json!(raw.intermediate_size)),
        ("layer_norm_epsilon", json!(raw.layer_norm_eps)),
        ("activation_function", json!("swiglu")),
        ("rotary_emb_base", json!(theta)),
        ("rotary_emb_fraction", json!(1)),
        ("rotary_emb_interleaved", json!(false)),
        ("rotary_emb_scale_base", Value::Null),
        ("rotary_scaling_factor", Value::Null),
        ("prenorm", json!(false)),
        ("parallel_block", json!(false)),
        ("use_rms_norm", json!(false)),
        ("qkv_proj_bias", json!(false)),
        ("mlp_fc1_bias", json!(false)),
        ("mlp_fc2_bias", json!(false)),
        ("causal", json!(false)),
        ("scale_attn_weights", json!(true)),
        ("scale_attn_by_inverse_layer_idx", json!(false)),
        ("moe_every_n_layers", json!(0)),
    ];
    own_code::check(raw, &computed)?;
    Ok(encoder)
}
