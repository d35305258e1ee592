//! `tests/fixtures/families`, as written by their generator.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::support::Tiny;

/// The checkpoints, by their folders.
pub const FAMILIES: [&str; 14] = [
    "roberta",
    "xlm-roberta",
    "camembert",
    "mpnet",
    "distilbert",
    "modernbert",
    "modernbert-biases",
    "nomic_bert",
    "gte",
    "deberta-v2",
    "deberta-v2-apart",
    "electra",
    "albert",
    "albert-inner",
];

/// The folder of a checkpoint.
pub fn family(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families").join(name)
}

/// What transformers computes for a checkpoint in float64.
pub struct Family {
    /// Texts, ids, logits, and logits without one part.
    pub tiny: Tiny,
    /// The fields of `config.json` whose change leaves a part out, by that part.
    pub config: BTreeMap<String, Map<String, Value>>,
    /// The tensors of which each tensor by an older name consists, row by row.
    pub older: BTreeMap<String, Vec<String>>,
    /// The ids of the texts with other fields in `tokenizer_config.json`.
    pub tokenizing: Vec<Tokenizing>,
    /// The hidden states of the first texts, `(t, c)` each, by text and layer.
    hidden: BTreeMap<(usize, usize), Vec<f32>>,
}

/// Fields of `tokenizer_config.json`, and the ids of all texts with them.
#[derive(Deserialize)]
pub struct Tokenizing {
    pub fields: Map<String, Value>,
    pub ids: Vec<Vec<u32>>,
}

impl Family {
    pub fn read(name: &str) -> Self {
        let dir = family(name);
        let golden: Value =
            serde_json::from_slice(&fs::read(dir.join("golden.json")).unwrap()).unwrap();
        let bytes = fs::read(dir.join("hidden.safetensors")).unwrap();
        let hidden = SafeTensors::deserialize(&bytes).unwrap();
        let state = |(name, view): (&str, safetensors::tensor::TensorView<'_>)| {
            let (text, layer) = name.split_once('.').unwrap();
            let (numbers, _) = view.data().as_chunks();
            let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            ((text.parse().unwrap(), layer.parse().unwrap()), numbers)
        };
        Self {
            hidden: hidden.iter().map(state).collect(),
            config: serde_json::from_value(golden["config"].clone()).unwrap(),
            older: Option::deserialize(&golden["older"]).unwrap().unwrap_or_default(),
            tokenizing: Option::deserialize(&golden["tokenizing"]).unwrap().unwrap_or_default(),
            tiny: serde_json::from_value(golden).unwrap(),
        }
    }

    /// How many texts have hidden states.
    pub fn texts(&self) -> usize {
        self.hidden.keys().filter(|(_, layer)| *layer == 0).count()
    }

    /// A hidden state of a text, row by row.
    pub fn hidden(&self, text: usize, layer: usize) -> &[f32] {
        &self.hidden[&(text, layer)]
    }
}
