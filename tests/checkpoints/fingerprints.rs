//! Whatever changes what an encoder computes changes its fingerprint, to which heads are bound.

use std::fs;

use serde_json::{Value, json};
use strata::app::load_parts;
use tempfile::TempDir;

use crate::case::Case;
use crate::support::app::config;

/// A checkpoint of `tests/fixtures/checkpoints` whose files a test changes.
struct Copy(TempDir);

impl Copy {
    /// A copy of `KIND/CASE`.
    fn new(case: &str) -> Self {
        let (kind, name) = case.split_once('/').unwrap();
        Self(Case::read(kind, name).write())
    }

    fn fingerprint(&self) -> String {
        load_parts(&config(self.0.path().to_owned()), &mut |_| {}).unwrap().fingerprint
    }

    /// Sets fields of a JSON file, which need not exist.
    fn set(&self, file: &str, fields: &Value) -> &Self {
        let path = self.0.path().join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|_| "{}".to_owned());
        let mut json: Value = serde_json::from_str(&text).unwrap();
        for (name, value) in fields.as_object().unwrap() {
            json[name] = value.clone();
        }
        fs::write(path, json.to_string()).unwrap();
        self
    }
}

#[track_caller]
fn assert_changes(case: &str, file: &str, fields: &Value) {
    let copy = Copy::new(case);
    let fingerprint = copy.fingerprint();
    copy.set(file, fields);
    assert_ne!(copy.fingerprint(), fingerprint, "{case}: {file} {fields}");
}

#[test]
fn lines_of_vocab_txt_count() {
    let copy = Copy::new("tokenizer-classes/fast-class");
    let (fingerprint, file) = (copy.fingerprint(), copy.0.path().join("vocab.txt"));
    let original = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{original}\n")).unwrap();
    assert_ne!(copy.fingerprint(), fingerprint);
}

#[test]
fn settings_beside_the_tokenizer_count() {
    let (json, vocab) = ("casing/lower-case", "tokenizer-classes/fast-class");
    for case in [json, vocab] {
        let settings = "tokenizer_config.json";
        assert_changes(case, settings, &json!({"do_lower_case": false}));
        assert_changes(case, settings, &json!({"strip_accents": false}));
        assert_changes(case, settings, &json!({"tokenize_chinese_chars": false}));
        assert_changes(case, settings, &json!({"model_max_length": 9}));
        assert_changes(case, settings, &json!({"truncation_side": "left"}));
        let names = json!({"model_input_names": ["input_ids", "attention_mask"]});
        assert_changes(case, settings, &names);
        assert_changes(case, settings, &json!({"additional_special_tokens": ["the"]}));
    }
    assert_changes("added-tokens/added-tokens-file", "added_tokens.json", &json!({"[E3]": 82}));
    let names = json!({"additional_special_tokens": ["[E2]", "[E1]"]});
    assert_changes("added-tokens/special-tokens-map", "special_tokens_map.json", &names);
}

#[test]
fn settings_of_sentence_transformers_count() {
    let (case, file) = ("subfolders/usual", "0_Transformer/sentence_bert_config.json");
    assert_changes(case, file, &json!({"max_seq_length": 11}));
    assert_changes(case, file, &json!({"do_lower_case": true}));
    assert_changes(case, file, &json!({"tokenizer_args": {"do_lower_case": false}}));
}

#[test]
fn all_that_native_computes_counts() {
    let hidden_state = json!({"method": "forward", "method_output_name": ["hidden_states", 0]});
    let from_layer_0 = json!({
        "modality_config": {"text": hidden_state},
        "module_output_name": "token_embeddings",
    });
    let residual = "module-chains/residual";
    assert_changes(residual, "sentence_bert_config.json", &from_layer_0);
    assert_changes(residual, "1_Pooling/config.json", &json!({"pooling_mode": "max"}));
    assert_changes(residual, "1_Pooling/config.json", &json!({"include_prompt": false}));
    assert_changes(residual, "2_Dense/config.json", &json!({"use_residual": false}));
    let relu = json!({"activation_function": "torch.nn.modules.activation.ReLU"});
    assert_changes(residual, "2_Dense/config.json", &relu);
    assert_changes(residual, "config_sentence_transformers.json", &json!({"truncate_dim": 3}));
    let copy = Copy::new(residual);
    let (fingerprint, file) = (copy.fingerprint(), copy.0.path().join("2_Dense/model.safetensors"));
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_ne!(copy.fingerprint(), fingerprint);
}
