//! Whatever changes what an encoder computes changes its fingerprint, to which heads are bound.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use strata::app::load_parts;
use tempfile::TempDir;

use crate::support::app::config;
use crate::support::root;

/// A checkpoint of `tests/fixtures/checkpoints` whose files a test changes.
struct Copy(TempDir);

impl Copy {
    fn new(case: &str) -> Self {
        let copy = Self(TempDir::new().unwrap());
        copy_folder(&root().join("tests/fixtures/checkpoints").join(case), copy.0.path());
        copy
    }

    fn fingerprint(&self) -> String {
        load_parts(&config(self.0.path().to_owned())).unwrap().fingerprint
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

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Every so many bytes of the weights, one is changed.
const STRIDE: usize = 61;

#[test]
fn every_byte_of_the_weights_counts() {
    let copy = Copy::new("values/padding-3");
    let file = copy.0.path().join("model.safetensors");
    let original = fs::read(&file).unwrap();
    let (length, _) = original.split_first_chunk().unwrap();
    let start = 8 + usize::try_from(u64::from_le_bytes(*length)).unwrap();
    let fingerprint = copy.fingerprint();
    let places = (start..original.len()).step_by(STRIDE).chain([original.len() - 1]);
    for place in places {
        let mut changed = original.clone();
        // The lowest bit of a byte, so that no number becomes infinite.
        changed[place] ^= 1;
        // A new file, since the old one may still be mapped.
        fs::remove_file(&file).unwrap();
        fs::write(&file, changed).unwrap();
        assert_ne!(copy.fingerprint(), fingerprint, "byte {place}");
    }
}

#[test]
fn every_byte_of_config_and_tokenizer_counts() {
    for (case, files) in [
        ("values/padding-3", ["config.json", "tokenizer.json"]),
        ("tokenizer-classes/fast-class", ["config.json", "vocab.txt"]),
    ] {
        let copy = Copy::new(case);
        let fingerprint = copy.fingerprint();
        for file in files {
            let path = copy.0.path().join(file);
            let original = fs::read_to_string(&path).unwrap();
            // White space after the end of JSON, or one more line of the vocabulary.
            fs::write(&path, format!("{original}\n")).unwrap();
            assert_ne!(copy.fingerprint(), fingerprint, "{case}: {file}");
            fs::write(&path, original).unwrap();
        }
        assert_eq!(copy.fingerprint(), fingerprint, "{case}");
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
