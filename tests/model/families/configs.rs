//! Fields of `config.json` as the class of each family in transformers reads them.

use serde_json::{Map, Value, json};
use strata::model::checkpoint::EncoderConfig;

use super::golden::family;
use crate::support::CheckpointCopy;

/// The config of a family with other fields.
pub fn edited(name: &str, fields: &Value) -> Result<EncoderConfig, String> {
    let copy = CheckpointCopy::from_folder(&family(name));
    let mut config: Map<String, Value> =
        serde_json::from_slice(&copy.bytes("config.json")).unwrap();
    config.extend(fields.as_object().unwrap().clone());
    copy.write("config.json", Value::Object(config).to_string());
    EncoderConfig::read(&copy.file("config.json")).map_err(|error| error.to_string())
}

/// The rotation of all layers.
fn theta(config: &EncoderConfig) -> f64 {
    config.spec.layers[0].rotation.unwrap().theta
}

fn reaches(config: &EncoderConfig) -> Vec<Option<usize>> {
    config.spec.layers.iter().map(|layer| layer.reach).collect()
}

#[test]
fn a_common_name_counts_where_transformers_reads_it() {
    // Beside its own name it comes first.
    let fields = json!({"n_heads": 4, "num_attention_heads": 2});
    assert_eq!(edited("distilbert", &fields).unwrap().attention_heads, 2);
    let own = edited("distilbert", &json!({})).unwrap();
    let ignored = json!({"hidden_act": "relu", "intermediate_size": 7});
    let config = edited("distilbert", &ignored).unwrap();
    assert_eq!(config.activation, own.activation);
    assert_eq!(config.intermediate_size, own.intermediate_size);
    let own = edited("modernbert", &json!({})).unwrap();
    let ignored = json!({"hidden_act": "relu", "layer_norm_eps": 0.1});
    let config = edited("modernbert", &ignored).unwrap();
    assert_eq!((config.activation, config.layer_norm_eps), (own.activation, own.layer_norm_eps));
}

#[test]
fn a_sliding_window_counts_before_local_attention() {
    let config = edited("modernbert", &json!({})).unwrap();
    assert_eq!(reaches(&config), [None, Some(4), Some(4), None]);
    let config = edited("modernbert", &json!({"sliding_window": 3})).unwrap();
    assert_eq!(reaches(&config), [None, Some(3), Some(3), None]);
    assert!(edited("modernbert", &json!({"sliding_window": "3"})).is_err());
}

#[test]
fn the_kind_of_positions_counts_only_where_a_class_obeyed_it() {
    let positions = json!({"position_embedding_type": "sans_pos"});
    for name in ["modernbert", "mpnet", "distilbert", "nomic_bert"] {
        edited(name, &positions).unwrap();
    }
    for name in ["roberta", "xlm-roberta", "camembert", "gte", "electra", "albert"] {
        let error = edited(name, &positions).err().unwrap();
        assert!(error.contains("position_embedding_type"), "{error}");
    }
}

#[test]
fn rotations_of_another_kind_are_refused_by_either_name() {
    for (field, kind) in [("rope_type", "yarn"), ("type", "linear"), ("type", "dynamic")] {
        let rotation = json!({(field): kind, "rope_theta": 10_000.0});
        let fields = json!({"rope_parameters": {"full_attention": rotation}});
        let error = edited("modernbert", &fields).err().unwrap();
        assert!(error.contains("rope_parameters.full_attention.rope_type"), "{error}");
        assert!(error.contains(kind), "{error}");
    }
    let both = json!({"rope_type": "default", "type": "default"});
    edited("modernbert", &json!({"rope_parameters": {"full_attention": both}})).unwrap();
    for name in ["nomic_bert", "gte"] {
        for (field, kind) in [("rope_type", "yarn"), ("type", "ntk"), ("type", "dynamic")] {
            for place in ["rope_parameters", "rope_scaling"] {
                let error = edited(name, &json!({(place): {(field): kind}})).err().unwrap();
                assert!(error.contains(&format!("{place}.rope_type is \"{kind}\"")), "{error}");
            }
        }
    }
}

#[test]
fn an_angle_is_read_in_the_order_of_transformers() {
    for (name, default) in [("nomic_bert", 1e3), ("gte", 1.6e5)] {
        for (fields, expected) in [
            (json!({"rope_parameters": {"rope_theta": 7}, "rope_theta": 5}), 7.0),
            (json!({"rope_parameters": {"rope_type": "default"}, "rope_theta": 5}), 5.0),
            (json!({"rope_parameters": null, "rope_theta": 5}), 5.0),
            (json!({"rope_parameters": {}}), default),
            (json!({"rope_parameters": null}), default),
            (json!({"rope_parameters": {"rope_theta": 7}, "rope_scaling": {"rope_theta": 9}}), 9.0),
            (
                json!({"rope_parameters": {"rope_theta": 7}, "rope_scaling": {"type": "default"}}),
                default,
            ),
            (json!({"rope_parameters": {"rope_theta": 7}, "rope_scaling": {}}), 7.0),
        ] {
            assert_eq!(theta(&edited(name, &fields).unwrap()), expected, "{name} {fields}");
        }
        let refused = edited(name, &json!({"rope_parameters": {"rope_theta": 0}})).err().unwrap();
        assert!(refused.contains("rope_parameters.rope_theta is 0.0"), "{refused}");
    }
}

#[test]
fn fields_for_code_that_a_class_has_replaced_may_only_ask_for_what_it_computes() {
    let code = json!({"auto_map": {"AutoModel": "modeling.Model"}});
    for name in ["nomic_bert", "gte"] {
        edited(name, &code).unwrap();
    }
    let refused = edited("modernbert", &code).err().unwrap();
    assert!(refused.contains("auto_map"), "{refused}");
    let computed = json!({
        "n_layer": 4, "n_embd": 32, "n_inner": 48, "layer_norm_epsilon": 1e-12, "prenorm": false,
        "rotary_emb_base": 40, "rotary_emb_fraction": 1.0, "rotary_scaling_factor": null,
        "activation_function": "swiglu", "qkv_proj_bias": false,
    });
    edited("nomic_bert", &computed).unwrap();
    let computed = json!({
        "position_embedding_type": "rope", "layer_norm_type": "layer_norm",
        "logn_attention_scale": false, "pack_qkv": true, "use_memory_efficient_attention": true,
    });
    edited("gte", &computed).unwrap();
    for (name, field, value) in [
        ("nomic_bert", "n_layer", json!(12)),
        ("nomic_bert", "rotary_emb_base", json!(10_000)),
        ("nomic_bert", "rotary_emb_fraction", json!(0.5)),
        ("nomic_bert", "rotary_scaling_factor", json!(2)),
        ("nomic_bert", "prenorm", json!(true)),
        ("nomic_bert", "mlp_fc1_bias", json!(true)),
        ("nomic_bert", "activation_function", json!("gelu")),
        ("nomic_bert", "moe_every_n_layers", json!(2)),
        ("gte", "logn_attention_scale", json!(true)),
        ("gte", "layer_norm_type", json!("rms_norm")),
        ("gte", "head_dim", json!(16)),
    ] {
        let refused = edited(name, &json!({(field): value})).err().unwrap();
        assert!(refused.contains(&format!("{field} is {value}")), "{refused}");
    }
}

#[test]
fn only_some_families_may_lack_token_types() {
    let none = json!({"type_vocab_size": 0});
    assert_eq!(edited("gte", &none).unwrap().token_types, None);
    let refused = edited("nomic_bert", &none).err().unwrap();
    assert!(refused.contains("type_vocab_size is 0"), "{refused}");
}

#[test]
fn tables_as_wide_as_hidden_states_are_not_projected() {
    let embeddings = edited("electra", &json!({})).unwrap().spec.embeddings;
    assert_eq!((embeddings.norm.columns, embeddings.is_norm_first), (24, true));
    let columns = embeddings.projection.map(|linear| (linear.inputs, linear.outputs));
    assert_eq!(columns, Some((24, 32)));
    let embeddings = edited("electra", &json!({"embedding_size": 32})).unwrap().spec.embeddings;
    assert_eq!((embeddings.norm.columns, embeddings.projection), (32, None));
    for size in [json!(0), json!(null), json!("24")] {
        let refused = edited("electra", &json!({"embedding_size": size})).err().unwrap();
        assert!(refused.contains("embedding_size"), "{refused}");
    }
}

#[test]
fn what_electra_was_trained_with_is_left_out() {
    let names = ["ElectraForPreTraining", "ElectraModel", "ElectraForMaskedLM"];
    let config = edited("electra", &json!({"architectures": names})).unwrap();
    assert_eq!(config.other_heads, [names[0], names[2]]);
    assert!(config.classifier.is_none());
    let prediction = config.prediction.unwrap().unwrap();
    assert_eq!((prediction.decoder.columns, prediction.layers.len()), (24, 2));
}

#[test]
fn sizes_that_no_tensor_limits_are_limited() {
    for (name, field, value) in [
        ("roberta", "num_hidden_layers", u64::MAX),
        ("distilbert", "n_layers", 1 << 40),
        ("modernbert", "num_hidden_layers", 1025),
        ("modernbert", "max_position_embeddings", 1 << 18),
        ("gte", "max_position_embeddings", 1 << 18),
    ] {
        let error = edited(name, &json!({(field): value, "layer_types": null})).err().unwrap();
        assert!(error.contains(field) && error.contains("at most"), "{error}");
    }
}
