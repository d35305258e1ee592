//! Folders of sentence-transformers that are refused, by file and module or field.

use serde_json::{Value, json};

use super::refused;
use crate::support::{CheckpointCopy, Tiny};

const LIST: &str = "modules.json";
const SETTINGS: &str = "sentence_bert_config.json";
const OPTIONS: &str = "config_sentence_transformers.json";

/// A list of folders and classes in a copy of the tiny checkpoint.
fn with_list(modules: &[(&str, &str)]) -> CheckpointCopy {
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    let module = |(at, (path, class)): (usize, &(&str, &str))| {
        let class = if class.contains('.') {
            (*class).to_owned()
        } else {
            format!("sentence_transformers.models.{class}")
        };
        json!({"idx": at, "name": at.to_string(), "path": path, "type": class})
    };
    let list: Vec<Value> = modules.iter().enumerate().map(module).collect();
    copy.write(LIST, json!(list).to_string());
    copy
}

#[test]
fn lists_that_make_no_row_of_a_text_are_refused() {
    let (transformer, pooling) = (("", "Transformer"), ("1_Pooling", "Pooling"));
    let (dense, normalize) = (("2_Dense", "Dense"), ("3_Normalize", "Normalize"));
    let dropout = ("4_Dropout", "Dropout");
    let lists: [(&[(&str, &str)], &str); 13] = [
        (&[transformer, dense], "models.Dense\" at \"2_Dense\" has no Pooling before it"),
        (&[transformer, normalize, pooling], "at \"3_Normalize\" has no Pooling before it"),
        (&[transformer, dropout, pooling], "at \"4_Dropout\" has no Pooling before it"),
        (&[transformer], "the list has no Pooling"),
        (&[], "the list is empty; its first module must be a Transformer"),
        (&[pooling, transformer], "at \"1_Pooling\" is first; the first module must be"),
        (&[dense, transformer, pooling], "at \"2_Dense\" is first"),
        (&[normalize], "at \"3_Normalize\" is first"),
        (&[transformer, ("b", "Transformer"), pooling], "at \"b\" is a second Transformer"),
        (&[transformer, pooling, pooling], "at \"1_Pooling\" comes after tokens are pooled"),
        (&[transformer, pooling, ("w", "WeightedLayerPooling")], "at \"w\" comes after tokens"),
        (&[("../sentence", "Transformer"), pooling], "its path leads out of the checkpoint"),
        (&[transformer, ("/tmp/1_Pooling", "Pooling")], "its path leads out of the checkpoint"),
    ];
    for (list, message) in lists {
        refused(&with_list(list), &[LIST, message]);
    }
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    copy.edit_json(LIST, |json| json[2]["name"] = "1".into());
    refused(&copy, &[LIST, "two modules have the name \"1\""]);
}

#[test]
fn classes_that_cannot_be_served_are_refused_by_their_whole_path() {
    for class in [
        "pylate.models.ColBERT.ColBERT",
        "custom_st.AttentionBased.Pooling",
        "modeling_other.Pooling",
        "sentence_transformers.models.LSTM",
        "sentence_transformers.models.CNN",
        "sentence_transformers.models.WordEmbeddings",
        "sentence_transformers.models.Asym",
        "sentence_transformers.base.modules.router.Router",
        "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding",
        "sentence_transformers.sparse_encoder.modules.sparse_auto_encoder.SparseAutoEncoder",
        "sentence_transformers.multi_vector_encoder.modules.token_pooling.HierarchicalTokenPooling",
    ] {
        let message = format!("module \"{class}\" at \"1_Pooling\"; allowed are");
        refused(&with_list(&[("", "Transformer"), ("1_Pooling", class)]), &[LIST, &message]);
    }
}

#[test]
fn settings_of_a_transformer_that_cannot_be_served_are_refused_by_field() {
    let with_text = |method: &str, output: Value, name: &str| {
        json!({"modality_config": {"text": {"method": method, "method_output_name": output}},
               "module_output_name": name})
    };
    let tokens = "token_embeddings";
    let refusals = [
        (json!({"transformer_task": "text-generation"}), "transformer_task is"),
        (with_text("get_text_features", json!("pooler_output"), tokens), "method is \"get_text"),
        (with_text("forward", json!("pooler_output"), tokens), "method_output_name is \"pooler"),
        (
            with_text("forward", json!("last_hidden_state"), "sentence_embedding"),
            "module_output_name",
        ),
        (with_text("forward", json!("attentions"), tokens), "method_output_name is \"attentions\""),
        (with_text("forward", json!(null), tokens), "method_output_name is null"),
        (
            json!({"modality_config": {"image": {}}, "module_output_name": tokens}),
            "modality_config is [\"image\"]; \"text\" is needed",
        ),
        (
            json!({"modality_config": {"text": {}, "message": {}}}),
            "modality_config is [\"message\",\"text\"]",
        ),
        (
            json!({"processing_kwargs": {"text": {"add_special_tokens": false}}}),
            "add_special_tokens",
        ),
        (json!({"processing_kwargs": {"common": {"truncation": false}}}), "truncation is false"),
        (json!({"processing_kwargs": {"text": {"max_length": "8"}}}), "max_length is \"8\""),
        (json!({"model_kwargs": {"dtype": "float16"}}), "model_kwargs.dtype is \"float16\""),
        (
            json!({"model_args": {"hidden_act": "relu"}}),
            "model_args.hidden_act is \"relu\"; allowed are dtype",
        ),
        (
            json!({"config_kwargs": {"num_hidden_layers": 1}}),
            "config_kwargs.num_hidden_layers is 1",
        ),
        (json!({"config_args": {"layer_norm_eps": 0.1}}), "config_args.layer_norm_eps is 0.1"),
        (json!({"query_length": 32}), "query_length is 32"),
        (json!({"query_expansion": {"strategy": "fixed", "length": 32}}), "query_expansion is"),
        (json!({"tokenizer_name_or_path": "other"}), "tokenizer_name_or_path is \"other\""),
        (json!({"max_length": 12}), "max_length"),
    ];
    for (written, message) in refusals {
        let copy = CheckpointCopy::new(Tiny::SENTENCE);
        copy.write(SETTINGS, written.to_string());
        refused(&copy, &[SETTINGS, message]);
    }
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    copy.remove(SETTINGS);
    copy.create("sentence_albert_config.json", json!({"query_length": 3}).to_string());
    refused(&copy, &["sentence_albert_config.json", "query_length is 3"]);
}

#[test]
fn kinds_of_models_that_cannot_be_served_are_refused_by_field() {
    let refusals = [
        (json!({"model_type": "Asymmetric"}), "model_type is \"Asymmetric\""),
        (json!({"model_type": null}), "model_type is null"),
        (json!({"truncate_dim": 0}), "truncate_dim is 0"),
        (json!({"truncate_dim": -4}), "truncate_dim"),
    ];
    for (written, message) in refusals {
        let copy = CheckpointCopy::new(Tiny::SENTENCE);
        copy.write(OPTIONS, written.to_string());
        refused(&copy, &[OPTIONS, message]);
    }
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    copy.write(OPTIONS, json!({"model_type": "CrossEncoder"}).to_string());
    refused(&copy, &[SETTINGS, "transformer_task is null; a CrossEncoder needs"]);
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    copy.create("adapter_config.json", "{}");
    refused(&copy, &["adapter_config.json", "adapters can't be served"]);
}

#[test]
fn weighted_layers_that_do_not_fit_are_refused() {
    let list = [("", "Transformer"), ("w", "WeightedLayerPooling"), ("1_Pooling", "Pooling")];
    refused(&with_list(&list), &["config.json: output_hidden_states is false", "at \"w\" needs"]);
    for (written, mode, parts) in [
        (json!({"layer_start": 1, "num_hidden_layers": 12}), "mean", ["w/config.json", "12"]),
        (json!({"num_hidden_layers": 3}), "mean", ["w/config.json", "layer_start is 4"]),
        (
            json!({"layer_start": 2, "num_hidden_layers": 3}),
            "max",
            ["1_Pooling/config.json", "pooling_mode is \"max\"; after a WeightedLayerPooling"],
        ),
    ] {
        let copy = with_list(&list);
        copy.edit_json("config.json", |json| json["output_hidden_states"] = true.into());
        copy.create("w/config.json", written.to_string());
        copy.write("1_Pooling/config.json", json!({"pooling_mode": mode}).to_string());
        let weights = crate::support::copy::Stored::f32(&[2], &[1.0, 1.0]);
        let tensors = [("layer_weights".to_owned(), weights)].into();
        copy.write_tensors("w/model.safetensors", &tensors);
        refused(&copy, &parts);
    }
}
