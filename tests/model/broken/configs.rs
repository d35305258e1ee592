//! Configs that can't be served, and folders without one.

use std::fs;

use serde_json::{Value, json};

use super::{NAME, message, refused};
use crate::support::CheckpointCopy;
use crate::support::copy::MODEL;

#[test]
fn a_config_that_cannot_be_served_is_refused_with_what_is_allowed() {
    let edits: [(&str, Value, &[&str]); 17] = [
        ("model_type", json!("roberta"), &["model_type is \"roberta\"", "only \"bert\""]),
        ("model_type", json!("distilbert"), &["model_type is \"distilbert\""]),
        (
            "architectures",
            json!(["BertForTokenClassification"]),
            &["architectures names \"BertForTokenClassification\"", "allowed are BertModel,"],
        ),
        (
            "position_embedding_type",
            json!("relative_key"),
            &["position_embedding_type is \"relative_key\"", "only \"absolute\""],
        ),
        ("hidden_act", json!("silu"), &["hidden_act is \"silu\"", "\"gelu_pytorch_tanh\""]),
        ("hidden_act", json!(null), &["hidden_act"]),
        ("hidden_size", json!(34), &["hidden_size 34", "multiple of num_attention_heads 4"]),
        ("num_attention_heads", json!(5), &["hidden_size 32", "num_attention_heads 5"]),
        ("num_attention_heads", json!(0), &["num_attention_heads is 0; at least 1"]),
        ("num_hidden_layers", json!(-1), &["field \"num_hidden_layers\"", "-1"]),
        ("pad_token_id", json!(171), &["pad_token_id 171", "vocab_size 171"]),
        ("problem_type", json!("ranking"), &["field \"problem_type\"", "ranking"]),
        ("id2label", json!({"0": "a", "2": "b"}), &["id2label has the key \"2\"", "0 to 1"]),
        ("id2label", json!({"0": "a", "00": "b"}), &["id2label has the same number twice"]),
        ("id2label", json!({"one": "a"}), &["id2label has the key \"one\"", "0 to 0"]),
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
        ("num_hidden_layers", json!(4), "encoder.layer.3.", "nothing", "[32]"),
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
