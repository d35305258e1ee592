//! Fields of `config.json` as the class of each family in transformers reads them.

use serde_json::{Map, Value, json};
use strata::model::checkpoint::EncoderConfig;

use super::golden::family;
use crate::support::CheckpointCopy;

/// The config of a family with other fields.
fn edited(name: &str, fields: &Value) -> Result<EncoderConfig, String> {
    let copy = CheckpointCopy::from_folder(&family(name));
    let mut config: Map<String, Value> =
        serde_json::from_slice(&copy.bytes("config.json")).unwrap();
    config.extend(fields.as_object().unwrap().clone());
    copy.write("config.json", Value::Object(config).to_string());
    EncoderConfig::read(&copy.file("config.json")).map_err(|error| error.to_string())
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
    for name in ["modernbert", "mpnet", "distilbert"] {
        edited(name, &positions).unwrap();
    }
    for name in ["roberta", "xlm-roberta", "camembert"] {
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
}

#[test]
fn sizes_that_no_tensor_limits_are_limited() {
    for (name, field, value) in [
        ("roberta", "num_hidden_layers", u64::MAX),
        ("distilbert", "n_layers", 1 << 40),
        ("modernbert", "num_hidden_layers", 1025),
        ("modernbert", "max_position_embeddings", 1 << 18),
    ] {
        let error = edited(name, &json!({(field): value, "layer_types": null})).err().unwrap();
        assert!(error.contains(field) && error.contains("at most"), "{error}");
    }
}
