//! The default model's folder in three layouts: rows of sentence-transformers in float64.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::case::write;
use crate::support::answer::rows;
use crate::support::app::{TestApp, config};
use crate::support::{default_model, root};

/// The least cosine between a row and that of sentence-transformers. The least seen is 1 − 3e-13.
const COSINE: f64 = 0.999_999;

/// Files of the encoder in the default model's folder.
const ENCODER: [&str; 5] = [
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "sentence_bert_config.json",
];

/// `golden/layouts.json`.
#[derive(Deserialize)]
struct Golden {
    texts: Vec<String>,
    rows: Vec<Vec<f64>>,
    /// The JSON files that sentence-transformers saves, except `tokenizer.json`.
    saved: BTreeMap<String, Value>,
}

impl Golden {
    fn read() -> Self {
        let file = root().join("tests/fixtures/golden/layouts.json");
        serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
    }
}

/// Links a file or folder of the default model.
fn link(name: &str, to: &Path) {
    symlink(default_model().join(name).canonicalize().unwrap(), to.join(name)).unwrap();
}

/// A JSON file of the default model.
fn read(name: &str) -> Value {
    serde_json::from_slice(&fs::read(default_model().join(name)).unwrap()).unwrap()
}

/// Compares the rows of a folder with those of sentence-transformers.
async fn assert_rows(folder: &Path) {
    let Golden { texts, rows: expected, .. } = Golden::read();
    let app = TestApp::new(&config(folder.to_owned()));
    let answer = app.post("/embed", json!({"inputs": texts, "recipe": "native"})).await;
    let found = rows(&answer.ok()["embeddings"]);
    assert_eq!(found.len(), texts.len());
    for (text, (found, expected)) in texts.iter().zip(found.iter().zip(&expected)) {
        let cosine = cosine(found, expected);
        println!("{text:.20}: 1 - {:.1e}", 1.0 - cosine);
        assert!(cosine >= COSINE, "{text}: {cosine}");
    }
}

fn cosine(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let found: Vec<f64> = found.iter().map(|&x| f64::from(x)).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(&found, expected) / (dot(&found, &found) * dot(expected, expected)).sqrt()
}

#[tokio::test]
async fn the_default_model_gives_the_rows_of_sentence_transformers() {
    assert_rows(&default_model()).await;
}

#[tokio::test]
async fn so_does_its_folder_with_the_encoder_in_a_folder_of_its_own() {
    let folder = TempDir::new().unwrap();
    let encoder = folder.path().join("0_Transformer");
    fs::create_dir(&encoder).unwrap();
    ENCODER.iter().for_each(|name| link(name, &encoder));
    ["1_Pooling", "config_sentence_transformers.json"]
        .iter()
        .for_each(|name| link(name, folder.path()));
    let mut modules = read("modules.json");
    modules[0]["path"] = "0_Transformer".into();
    write(folder.path(), "modules.json", modules.to_string());
    write(folder.path(), "config.json", r#"{"__version__": "0.3.9"}"#);
    assert_rows(folder.path()).await;
}

#[tokio::test]
async fn so_does_the_folder_that_sentence_transformers_6_saves() {
    let folder = TempDir::new().unwrap();
    for (path, content) in Golden::read().saved {
        write(folder.path(), &path, content.to_string());
    }
    link("model.safetensors", folder.path());
    // One field is added to the tokenizer.
    let mut tokenizer = read("tokenizer.json");
    tokenizer["truncation"]["direction"] = "Right".into();
    write(folder.path(), "tokenizer.json", tokenizer.to_string());
    assert_rows(folder.path()).await;
}
