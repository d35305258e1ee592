//! The default model's folder in three layouts: rows of sentence-transformers in float64.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use strata::model::recipe::RecipeRef;
use strata::model::recipe_book::NATIVE;
use strata::model::task::OutputSpec;
use strata::text::LongText;
use tempfile::TempDir;

use crate::support::fixtures::input;
use crate::support::pass::outputs;
use crate::support::{default_model, load};

/// The least cosine between a row and that of sentence-transformers. The least seen is 1 − 1e-12.
const COSINE: f64 = 0.999_999;

/// Files of the encoder in the default model's folder.
const ENCODER: [&str; 5] = [
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "sentence_bert_config.json",
];

#[derive(Deserialize)]
struct Golden {
    texts: Vec<String>,
    rows: Vec<Vec<f64>>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sentence")
}

fn link(name: &str, from: &Path, to: &Path) {
    std::os::unix::fs::symlink(from.join(name).canonicalize().unwrap(), to.join(name)).unwrap();
}

/// Compares the rows of a folder with those of sentence-transformers.
fn check(dir: &Path) {
    let golden: Golden =
        serde_json::from_slice(&fs::read(fixtures().join("layouts.json")).unwrap()).unwrap();
    let parts = load(dir);
    let native = parts.recipes.resolve(&RecipeRef::Name(NATIVE.to_owned())).unwrap();
    for (text, expected) in golden.texts.iter().zip(&golden.rows) {
        let encoded =
            parts.tokenizer.encode(&input(text, None), parts.sequence_tokens, LongText::Truncate);
        let spec = vec![OutputSpec::Embedding(native.clone())];
        let row = outputs(&parts.model, spec, &[encoded.unwrap().sequence]).remove(0);
        let cosine = cosine(&row.values[0], expected);
        println!("{text:.20}: {cosine:.12}");
        assert!(cosine >= COSINE, "{text}: {cosine}");
    }
}

fn cosine(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let found: Vec<f64> = found.iter().map(|&x| f64::from(x)).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(&found, expected) / (dot(&found, &found) * dot(expected, expected)).sqrt()
}

#[test]
fn the_default_model_gives_the_rows_of_sentence_transformers() {
    check(&default_model());
}

#[test]
fn so_does_its_folder_with_the_transformer_in_a_folder_of_its_own() {
    let (dir, model) = (TempDir::new().unwrap(), default_model());
    let encoder = dir.path().join("0_Transformer");
    fs::create_dir(&encoder).unwrap();
    ENCODER.iter().for_each(|name| link(name, &model, &encoder));
    ["1_Pooling", "config_sentence_transformers.json"]
        .iter()
        .for_each(|name| link(name, &model, dir.path()));
    let mut modules: Value =
        serde_json::from_slice(&fs::read(model.join("modules.json")).unwrap()).unwrap();
    modules[0]["path"] = "0_Transformer".into();
    fs::write(dir.path().join("modules.json"), modules.to_string()).unwrap();
    fs::write(dir.path().join("config.json"), r#"{"__version__": "0.3.9"}"#).unwrap();
    check(dir.path());
}

#[test]
fn so_does_the_folder_that_sentence_transformers_6_saves() {
    let (dir, model, saved) = (TempDir::new().unwrap(), default_model(), fixtures().join("saved"));
    for entry in fs::read_dir(&saved).unwrap() {
        link(&entry.unwrap().file_name().to_string_lossy(), &saved, dir.path());
    }
    link("model.safetensors", &model, dir.path());
    // It adds one field to the tokenizer.
    let mut tokenizer: Value =
        serde_json::from_slice(&fs::read(model.join("tokenizer.json")).unwrap()).unwrap();
    tokenizer["truncation"]["direction"] = "Right".into();
    fs::write(dir.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    check(dir.path());
}
