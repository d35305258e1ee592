//! Checkpoints of the fixtures with another configuration.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::tiny;

/// A copy of a checkpoint whose `config.json` is edited.
pub fn edited(source: &Path, edit: impl FnOnce(&mut Map<String, Value>)) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let file = folder.path().join("config.json");
    let mut config: Map<String, Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    edit(&mut config);
    fs::write(file, serde_json::to_vec(&config).unwrap()).unwrap();
    folder
}

/// A tiny classifier of texts as one of tokens.
pub fn tagger() -> TempDir {
    edited(&tiny("single-label"), |config| {
        config.insert("architectures".to_owned(), json!(["BertForTokenClassification"]));
    })
}

/// Names the labels of a `config.json` in their order.
pub fn name_labels(config: &mut Map<String, Value>, labels: &Value) {
    let labels = labels.as_array().unwrap().iter().enumerate();
    let named = labels.map(|(index, label)| (index.to_string(), label.clone()));
    config.insert("id2label".to_owned(), Value::Object(named.collect()));
    config.insert("problem_type".to_owned(), json!(null));
}
