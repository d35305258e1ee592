//! The fixtures, as written by their generators.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde::Deserialize;
use strata::app::{self, Parts};
use strata::config::{Config, Flags, Sources};
use strata::model::recipe::Recipe;
use strata::text::{Input, Text};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The folder of the default model.
pub fn default_model() -> PathBuf {
    let dir = Path::new(ROOT).join("models/all-MiniLM-L6-v2");
    assert!(dir.is_dir(), "the default model is missing: run `make model`");
    dir
}

/// The folder of a tiny checkpoint.
pub fn tiny(name: &str) -> PathBuf {
    Path::new(ROOT).join("tests/fixtures/tiny").join(name)
}

/// The configuration for a checkpoint: the defaults and the environment.
pub fn config(dir: &Path) -> Config {
    let sources = Sources::from_process(None, Flags::default()).unwrap();
    Config { model: dir.to_owned(), ..Config::load(&sources).unwrap() }
}

/// Loads a checkpoint as the server does.
pub fn load(dir: &Path) -> Parts {
    app::load_parts(&config(dir), &mut |_| {}).unwrap()
}

fn read<T: serde::de::DeserializeOwned>(file: &Path) -> T {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// A text of the golden values and its tokens.
#[derive(Deserialize)]
pub struct Case {
    pub text: String,
    pub pair: Option<String>,
    pub ids: Vec<u32>,
    pub type_ids: Vec<u32>,
    pub offsets: Vec<(usize, usize)>,
    pub special: Vec<u8>,
    pub truncated: bool,
    pub full_tokens: usize,
}

#[derive(Deserialize)]
struct Cases {
    max_tokens: usize,
    texts: Vec<Case>,
    recipes: BTreeMap<String, Recipe>,
}

/// `golden/`: the results of transformers for the default model in float64.
pub struct Golden {
    pub max_tokens: usize,
    pub texts: Vec<Case>,
    pub recipes: BTreeMap<String, Recipe>,
    /// Shape and numbers of each tensor.
    values: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Golden {
    pub fn read() -> Self {
        let dir = Path::new(ROOT).join("tests/fixtures/golden");
        let Cases { max_tokens, texts, recipes } = read(&dir.join("cases.json"));
        let bytes = fs::read(dir.join("values.safetensors")).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let values = tensors.iter().map(|(name, view)| {
            let (numbers, _) = view.data().as_chunks();
            let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            (name.to_owned(), (view.shape().to_vec(), numbers))
        });
        Self { max_tokens, texts, recipes, values: values.collect() }
    }

    /// The expected row of a recipe for a text.
    pub fn row(&self, recipe: &str, text: usize) -> &[f32] {
        let (shape, numbers) = &self.values[recipe];
        assert_eq!(shape[0], self.texts.len());
        &numbers[text * shape[1]..(text + 1) * shape[1]]
    }

    /// The error of PyTorch in float32 for a text.
    pub fn torch_f32_error(&self, recipe: &str, text: usize) -> f64 {
        f64::from(self.values[&format!("{recipe}.torch_f32_error")].1[text])
    }

    /// `t` and the `t·c` numbers of `last-four` token by token; only for the first texts.
    pub fn token_rows(&self, text: usize) -> Option<(usize, &[f32])> {
        let (shape, numbers) = self.values.get(&format!("tokens.{text}"))?;
        Some((shape[0], numbers))
    }
}

/// A text for a tiny checkpoint, its tokens, and the output of transformers.
#[derive(Deserialize)]
pub struct TinyCase {
    pub text: String,
    pub pair: Option<String>,
    pub prompt_name: Option<String>,
    pub ids: Vec<u32>,
    pub type_ids: Vec<u32>,
    #[serde(alias = "logits", alias = "embedding")]
    pub expected: Vec<f32>,
}

/// A tiny checkpoint's `golden.json`.
#[derive(Deserialize)]
pub struct Tiny {
    pub max_tokens: usize,
    pub cases: Vec<TinyCase>,
    /// Outputs with one part of the model left out, one row per case.
    pub dropped: BTreeMap<String, Vec<Vec<f32>>>,
}

impl Tiny {
    /// The checkpoints with a classifier.
    pub const CLASSIFIERS: [&str; 5] =
        ["single-label", "multi-label", "regression", "cross-encoder", "null-softmax"];
    /// The checkpoint with sentence-transformers files.
    pub const SENTENCE: &str = "sentence";

    pub fn read(name: &str) -> Self {
        read(&tiny(name).join("golden.json"))
    }

    /// The outputs, one row per case.
    pub fn expected(&self) -> Vec<Vec<f32>> {
        self.cases.iter().map(|case| case.expected.clone()).collect()
    }
}

/// A text or a pair as an input of the tokenizer.
pub fn input(text: &str, pair: Option<&str>) -> Input {
    let parse = |text: &str| Text::parse(text.to_owned(), usize::MAX).unwrap();
    Input { text: parse(text), pair: pair.map(parse) }
}
