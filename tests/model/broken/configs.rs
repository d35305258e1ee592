//! Configs that can't be served, and folders without one.

use std::fs;

use serde_json::{Value, json};

use super::{NAME, message, refused};
use crate::support::CheckpointCopy;
use crate::support::copy::MODEL;

#[test]
fn a_config_that_cannot_be_served_is_refused_with_what_is_allowed() {
    let edits: [(&str, Value, &[&str]); 20] = [
        ("model_type", json!("xlnet"), &["model_type is \"xlnet\"", "allowed are bert, roberta"]),
        ("model_type", json!(["bert"]), &["model_type is [\"bert\"]"]),
        ("hidden_act", json!("prelu"), &["hidden_act is \"prelu\"", "gelu_pytorch_tanh, "]),
        ("hidden_act", json!("xielu"), &["hidden_act is \"xielu\""]),
        ("hidden_act", json!("GELU"), &["hidden_act is \"GELU\""]),
        ("hidden_act", json!(null), &["hidden_act"]),
        (
            "hidden_size",
            json!(34),
            &["hidden_size is 34; a multiple of num_attention_heads, which is 4"],
        ),
        (
            "num_attention_heads",
            json!(5),
            &["hidden_size is 32", "num_attention_heads, which is 5"],
        ),
        ("num_attention_heads", json!(0), &["num_attention_heads is 0; at least 1"]),
        ("num_hidden_layers", json!(-1), &["field \"num_hidden_layers\"", "-1"]),
        ("pad_token_id", json!(171), &["pad_token_id is 171", "-171 to 170", "vocab_size"]),
        ("pad_token_id", json!(-172), &["pad_token_id is -172", "-171 to 170"]),
        (
            "problem_type",
            json!("ranking"),
            &["problem_type is \"ranking\"; allowed are \"single_label"],
        ),
        ("id2label", json!({"0": null}), &["id2label.0 is null; a text, a number"]),
        ("id2label", json!({"0": "a", "00": "b"}), &["id2label has the number 0 twice"]),
        ("id2label", json!({"one": "a"}), &["a key of id2label is \"one\"", "whole number"]),
        ("id2label", json!({}), &["id2label gives 0 labels"]),
        ("num_labels", json!(1e9 as u64), &["num_labels gives 1000000000 labels"]),
        ("vocab_size", json!("many"), &["field \"vocab_size\"", "many"]),
        ("intermediate_size", json!(null), &["intermediate_size"]),
    ];
    for (field, value, parts) in edits {
        let copy = CheckpointCopy::new(NAME);
        copy.edit_json("config.json", |json| json[field] = value);
        refused(&copy, "config.json", parts);
    }
}

#[test]
fn a_field_that_would_change_what_is_computed_is_refused_by_its_name() {
    let fields: [(&str, &[Value]); 13] = [
        ("is_decoder", &[json!(true), json!(1), json!("false")]),
        ("is_causal", &[json!(true), json!(1), json!("no")]),
        ("add_cross_attention", &[json!(true), json!(1), json!("true")]),
        (
            "position_embedding_type",
            &[json!("relative_key"), json!("relative_key_query"), json!("alibi")],
        ),
        ("pruned_heads", &[json!({"0": [1]}), json!({"1": []}), json!([1])]),
        ("per_layer_config", &[json!({"0": {"hidden_act": "relu"}}), json!({"1": {}}), json!(1)]),
        ("quantization_config", &[json!({"quant_method": "fp8"}), json!({}), json!("int8")]),
        ("fusion_config", &[json!({"a": 1}), json!({}), json!(true)]),
        (
            "attn_implementation",
            &[json!("kernels-community/flash-attn"), json!("a/b:c"), json!({"": "sdpa"})],
        ),
        ("transformers_weights", &[json!("other.safetensors"), json!(""), json!(1)]),
        ("configuration_files", &[json!(["config.5.0.0.json"]), json!({"a": 1}), json!("a")]),
        ("auto_map", &[json!({"AutoModel": "a.B"}), json!({"AutoConfig": "a.B"}), json!("a.B")]),
        ("trust_remote_code", &[json!(true), json!("yes"), json!(1)]),
    ];
    for (field, values) in fields {
        for value in values {
            let copy = CheckpointCopy::new(NAME);
            copy.edit_json("config.json", |json| json[field] = value.clone());
            refused(&copy, "config.json", &[&format!("{field} is {value}; only ")]);
        }
    }
}

#[test]
fn sizes_that_differ_from_those_of_the_tensors_are_refused() {
    let edits: [(&str, Value, &str, &str, &str); 4] = [
        ("vocab_size", json!(170), "embeddings.word_embeddings.weight", "[171, 32]", "[170, 32]"),
        (
            "max_position_embeddings",
            json!(128),
            "embeddings.position_embeddings.weight",
            "[64, 32]",
            "[128, 32]",
        ),
        ("num_hidden_layers", json!(4), "encoder.layer.3.", "nothing", "[32, 32]"),
        (
            "intermediate_size",
            json!(128),
            "encoder.layer.0.intermediate.dense.weight",
            "[64, 32]",
            "[128, 32]",
        ),
    ];
    for (field, value, tensor, found, expected) in edits {
        let copy = CheckpointCopy::new(NAME);
        copy.edit_json("config.json", |json| json[field] = value);
        refused(&copy, MODEL, &[&format!("tensor \"{tensor}"), "found", found, expected]);
    }
}

#[test]
fn a_config_that_is_missing_or_not_json_is_refused() {
    let copy = CheckpointCopy::new(NAME);
    let more = [copy.bytes("config.json").as_slice(), b"}"].concat();
    copy.write("config.json", more);
    refused(&copy, "config.json", &["not valid JSON: trailing characters"]);
    copy.write("config.json", "{\"model_type\": \"bert\",");
    refused(&copy, "config.json", &["EOF", "line 1"]);
    copy.remove("config.json");
    refused(&copy, "config.json", &["not found; expected a checkpoint's config.json"]);
}

#[test]
fn a_missing_folder_is_refused_with_advice() {
    let copy = CheckpointCopy::new(NAME);
    let dir = copy.file("lost");
    let said = message(&dir);
    assert!(said.starts_with(&format!("{}: no such folder; ", dir.display())), "{said}");
    assert!(said.contains("config.json, tokenizer.json and safetensors"), "{said}");
    fs::write(&dir, "a file").unwrap();
    assert!(message(&dir).contains("no such folder"));
}
