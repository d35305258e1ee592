//! Fields that have defaults, and values of them that change nothing.

use serde_json::{Map, Value, json};
use strata::model::checkpoint::EncoderConfig;

use super::{NAME, edited, with};
use crate::support::{CheckpointCopy, Tiny, load, logits};

#[test]
fn fields_that_are_missing_have_the_defaults_of_transformers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    std::fs::write(&file, r#"{"model_type": "bert"}"#).unwrap();
    let config = EncoderConfig::read(&file).unwrap();
    let sizes = [
        (config.vocab_size, 30_522),
        (config.hidden_size, 768),
        (config.layers, 12),
        (config.attention_heads, 12),
        (config.intermediate_size, 3072),
        (config.positions, 512),
        (config.token_types.unwrap(), 2),
        (config.pad_token_id, 0),
    ];
    assert!(sizes.iter().all(|(found, expected)| found == expected), "{sizes:?}");
    assert_eq!(config.activation, strata_kernels::Activation::Gelu);
    assert_eq!(config.layer_norm_eps, 1e-12);
    assert_eq!(config.tokenizer_class, None);
}

#[test]
fn the_padding_token_does_not_change_the_outputs() {
    let cases = Tiny::read(NAME).cases;
    let outputs = |copy: CheckpointCopy| logits(&load(copy.dir()), &cases);
    let expected = outputs(CheckpointCopy::new(NAME));
    for id in [json!(-1), json!(-171), json!(170), json!(5), Value::Null] {
        let mut edits = Map::new();
        edits.insert("pad_token_id".to_owned(), id.clone());
        assert_eq!(outputs(edited(&edits)), expected, "{id}");
    }
}

#[test]
fn fields_that_change_nothing_are_allowed() {
    let cases = Tiny::read(NAME).cases;
    let expected = logits(&load(CheckpointCopy::new(NAME).dir()), &cases);
    for (field, value) in [
        ("is_decoder", json!(false)),
        ("is_causal", json!(false)),
        ("add_cross_attention", json!(false)),
        ("position_embedding_type", json!("absolute")),
        ("pruned_heads", json!({})),
        ("auto_map", json!({})),
        ("quantization_config", Value::Null),
        ("attn_implementation", json!("sdpa")),
        ("chunk_size_feed_forward", json!(3)),
        ("use_cache", json!(true)),
        ("torch_dtype", json!("float16")),
        ("tie_word_embeddings", json!(false)),
        ("classifier_dropout", json!(0.3)),
        ("output_attentions", json!(true)),
        ("n_layer", json!(1)),
    ] {
        let copy = with(field, value);
        assert_eq!(logits(&load(copy.dir()), &cases), expected, "{field}");
    }
}
