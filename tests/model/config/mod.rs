//! Fields of `config.json`, compared with what transformers makes of them in float64.

mod activations;
mod heads;
mod labels;
mod sizes;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::support::CheckpointCopy;

/// The checkpoint whose config is edited; it has four labels.
const NAME: &str = "multi-label";

/// `golden/config_fields.json`.
#[derive(Deserialize)]
struct Golden {
    activations: BTreeMap<String, Vec<Vec<f32>>>,
    labels: Vec<Labels>,
    probabilities: Vec<Probabilities>,
}

/// Edits of the config, and the label of each output as transformers' pipeline finds it.
#[derive(Deserialize)]
struct Labels {
    edits: Map<String, Value>,
    labels: Vec<Option<Value>>,
}

/// The function that transformers' pipeline applies to the logits of a classifier.
#[derive(Deserialize)]
struct Probabilities {
    problem_type: Option<String>,
    labels: usize,
    activation: Option<String>,
}

impl Golden {
    fn read() -> Self {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/config_fields.json");
        serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
    }
}

/// A copy with these fields; null removes one.
fn edited(edits: &Map<String, Value>) -> CheckpointCopy {
    let copy = CheckpointCopy::new(NAME);
    copy.edit_json("config.json", |json| {
        let fields = json.as_object_mut().unwrap();
        for (field, value) in edits {
            fields.insert(field.clone(), value.clone());
            if value.is_null() {
                fields.remove(field);
            }
        }
    });
    copy
}

/// A copy with one other field.
fn with(field: &str, value: Value) -> CheckpointCopy {
    edited(&Map::from_iter([(field.to_owned(), value)]))
}
