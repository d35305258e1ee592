//! Checkpoints of the fixtures with another configuration or other weights.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{root, tiny};

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

/// A tensor in f32, its numbers as bytes.
pub struct Tensor {
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

/// Edits the weights of a copy, which all are in f32.
pub fn edit_tensors(folder: &Path, edit: impl FnOnce(&mut BTreeMap<String, Tensor>)) {
    let file = folder.join("model.safetensors");
    let read = fs::read(&file).unwrap();
    let read = SafeTensors::deserialize(&read).unwrap();
    let owned = |(name, view): (&str, TensorView<'_>)| {
        assert_eq!(view.dtype(), Dtype::F32, "{name}");
        let tensor = Tensor { shape: view.shape().to_vec(), bytes: view.data().to_vec() };
        (name.to_owned(), tensor)
    };
    let mut tensors = read.iter().map(owned).collect();
    edit(&mut tensors);
    let views = tensors.iter().map(|(name, Tensor { shape, bytes })| {
        (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let written = safetensors::serialize(views, None).unwrap();
    fs::write(file, written).unwrap();
}

/// Names the labels of a `config.json` in their order.
pub fn name_labels(config: &mut Map<String, Value>, labels: &Value) {
    let labels = labels.as_array().unwrap().iter().enumerate();
    let named = labels.map(|(index, label)| (index.to_string(), label.clone()));
    config.insert("id2label".to_owned(), Value::Object(named.collect()));
    config.insert("problem_type".to_owned(), json!(null));
}

/// Puts tensors, lists of numbers or of rows by name, in the place of those whose names begin with one of
/// `dropped`.
pub fn replace_tensors(folder: &Path, dropped: &[&str], new: &Value) {
    edit_tensors(folder, |tensors| {
        tensors.retain(|name, _| !dropped.iter().any(|beginning| name.starts_with(beginning)));
        for (name, rows) in new.as_object().unwrap() {
            let rows = rows.as_array().unwrap();
            let columns = rows[0].as_array().map(Vec::len);
            let numbers = rows.iter().flat_map(|row| match row {
                Value::Array(row) => row.clone(),
                number => vec![number.clone()],
            });
            let bytes = numbers.flat_map(|number| (number.as_f64().unwrap() as f32).to_le_bytes());
            let shape = [rows.len()].into_iter().chain(columns).collect();
            tensors.insert(name.clone(), Tensor { shape, bytes: bytes.collect() });
        }
    });
}

/// What sentence-transformers makes of a masked language model.
pub fn masked_golden(name: &str) -> Value {
    let file = root().join(format!("tests/fixtures/sparse/{name}.json"));
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// The golden values' masked language model.
pub fn masked(golden: &Value) -> TempDir {
    let source = root().join("tests/fixtures").join(golden["encoder"].as_str().unwrap());
    let folder = edited(&source, |config| {
        config.insert("architectures".to_owned(), json!([golden["architecture"]]));
    });
    replace_tensors(
        folder.path(),
        &["classifier.", "pre_classifier.", "head."],
        &golden["tensors"],
    );
    folder
}
