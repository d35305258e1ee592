//! Changed copies of a tiny checkpoint: rows of sentence-transformers in float64.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};
use strata::app::{self, Parts};
use strata::config::Config;
use strata::model::PoolingMask;
use strata::model::encoder::EncoderChoice;
use strata::model::recipe::RecipeRef;
use strata::model::recipe_book::NATIVE;
use strata::model::task::{OutputSpec, Task, TaskSpec};
use strata::text::{LongText, Text, Window, without_prompt};

use crate::support::copy::{Stored, Tensors};
use crate::support::fixtures::{config, input};
use crate::support::pass::whole_outputs;
use crate::support::{CheckpointCopy, Tiny, Worst};

/// Absolute tolerance, for rows with numbers up to 10. Largest difference seen: 4.3e-6.
const ROWS: f64 = 1e-5;

#[derive(Deserialize)]
struct Tensor {
    shape: Vec<usize>,
    numbers: Vec<f32>,
}

/// A change of the checkpoint, and the rows of the texts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default)]
    change: BTreeMap<String, Map<String, Value>>,
    r#move: Option<String>,
    options: Option<Value>,
    #[serde(default)]
    files: BTreeMap<String, Value>,
    #[serde(default)]
    tensors: BTreeMap<String, BTreeMap<String, Tensor>>,
    prompt: Option<String>,
    prompt_name: Option<String>,
    rows: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Golden {
    texts: Vec<String>,
    cases: Vec<Case>,
}

impl Case {
    /// The changed checkpoint.
    fn copy(&self) -> CheckpointCopy {
        let copy = CheckpointCopy::new(Tiny::SENTENCE);
        self.remove.iter().for_each(|name| copy.remove(name));
        for (name, fields) in &self.change {
            copy.edit_json(name, |json| json.as_object_mut().unwrap().extend(fields.clone()));
        }
        if let Some(folder) = &self.r#move {
            copy.move_encoder(folder);
        }
        let options = self.options.iter().map(|file| ("config_sentence_transformers.json", file));
        let files = self.files.iter().map(|(name, content)| (name.as_str(), content));
        for (name, content) in options.chain(files) {
            copy.create(name, content.to_string());
        }
        for (name, tensors) in &self.tensors {
            let stored = |tensor: &Tensor| Stored::f32(&tensor.shape, &tensor.numbers);
            let tensors: Tensors =
                tensors.iter().map(|(name, tensor)| (name.clone(), stored(tensor))).collect();
            copy.create(name, safetensors::serialize(&tensors, None).unwrap());
        }
        copy
    }

    /// The row of a text, as `/embed` computes it.
    fn row(&self, parts: &Parts, text: &str) -> Vec<f32> {
        let sentence = &parts.checkpoint.sentence;
        let prompt = match (&self.prompt, &self.prompt_name) {
            (Some(prompt), _) => prompt.clone(),
            (None, Some(name)) => sentence.prompts[name].clone(),
            (None, None) => sentence.default_prompt.clone().unwrap_or_default(),
        };
        let native = parts.recipes.resolve(&RecipeRef::Name(NATIVE.to_owned())).unwrap();
        let spec = Arc::new(TaskSpec::new(vec![OutputSpec::Embedding(native)]));
        let mut input = input(text, None);
        input.text = Text::parse(text.to_owned(), usize::MAX).unwrap().with_prompt(&prompt);
        let limit = parts.sequence_tokens;
        let encoded = parts.tokenizer.encode(&input, limit, LongText::Truncate).unwrap();
        let mut task = Task::whole(encoded.sequence.clone(), Arc::clone(&spec));
        if spec.leaves_out_prompt() && !prompt.is_empty() {
            let tokens = parts.tokenizer.prompt_tokens(&prompt, Some(limit)).unwrap();
            let counted = without_prompt(&[Window::from(encoded)], tokens);
            task.mask_without_prompt = PoolingMask::after_prompt(counted, tokens).pop();
        }
        whole_outputs(&parts.model, &[&task]).remove(0).values.remove(0)
    }
}

#[test]
fn every_list_of_modules_gives_the_rows_of_sentence_transformers() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sentence/modules.json");
    let golden: Golden = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    assert!(golden.cases.len() > 50);
    let mut worst = Worst::default();
    for case in &golden.cases {
        let copy = case.copy();
        for kind in [EncoderChoice::Packed, EncoderChoice::Reference] {
            let parts = app::load_parts(&with_encoder(copy.dir(), kind))
                .unwrap_or_else(|error| panic!("{}: {error}", case.name));
            for (text, expected) in golden.texts.iter().zip(&case.rows) {
                let place = format!("{}, {kind:?}, {:.20}…", case.name, text);
                worst.compare(&case.row(&parts, text), expected, ROWS, &place);
            }
        }
    }
    worst.check("lists of modules");
}

fn with_encoder(dir: &Path, kind: EncoderChoice) -> Config {
    let mut config = config(dir);
    config.encoder.choice = kind;
    config
}
