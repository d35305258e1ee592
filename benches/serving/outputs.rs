//! Measures what several outputs of a pass cost: passes over the same texts for their dense rows, in turn
//! with passes that also give the results of two heads, the tags of tokens and a vector of each, and with
//! passes that give sparse rows besides.
//!
//! The layers after the encoder have random weights and usual shapes: 9 labels of tokens, vectors of 128
//! columns, the layers of BERT that predict tokens.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Value, json};
use strata::app::{self, Parts};
use strata::config::Config;
use strata::model::checkpoint::Checkpoint;
use strata::model::multi_vector::{MultiVectorHead, Role, SkippedTokens};
use strata::model::recipe::RecipeRef;
use strata::model::sparse::SparseHead;
use strata::model::tagger::Tagger;
use strata::model::task::{OutputSpec, Task, TaskSpec};

use super::work::{passes, tasks_for};
use super::{TEXTS, median, rate};

const ROUNDS: usize = 9;
const LABELS: usize = 9;
const VECTOR: usize = 128;

pub fn run(parts: &Parts, config: &Config, texts: &[String]) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    write_checkpoint(parts, folder.path())?;
    let mut checkpoint = Checkpoint::open(folder.path())?;
    checkpoint.sentence.splade = Some(Default::default());
    let (kernels, dtype) = (config.encoder.row_kernels(), config.encoder.dtype);
    let shipped = |name: &str| app::load_head(parts, config, name).map(OutputSpec::Logits);
    let recipe = parts.recipes.resolve(&RecipeRef::Name("last-four".to_owned()))?;
    let shape = parts.recipes.shape();
    let missing = || anyhow::anyhow!("the checkpoint lacks a layer that was written");
    let tagger = Tagger::from_checkpoint(&checkpoint, shape, kernels)?.ok_or_else(missing)?;
    let vectors = MultiVectorHead::from_checkpoint(&checkpoint, kernels, SkippedTokens::default())?;
    let sparse = SparseHead::from_checkpoint(&checkpoint, kernels, dtype, Vec::new())?;
    let dense = vec![OutputSpec::Embedding(recipe)];
    let mut several = dense.clone();
    several.extend([shipped("sentiment")?, shipped("register")?, OutputSpec::Tags(tagger)]);
    several.push(OutputSpec::Vectors(vectors.ok_or_else(missing)?, Role::Document));
    let mut all = several.clone();
    all.push(OutputSpec::Sparse(sparse.ok_or_else(missing)?));
    let tasks = |spec| tasks_for(parts, texts, &Arc::new(TaskSpec::new(spec)));
    let tasks: Vec<Vec<Task>> =
        [dense, several, all].into_iter().map(tasks).collect::<anyhow::Result<_>>()?;
    let token_budget = config.batching.budget_tokens.get();
    let mut ratios = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let rates = tasks.iter().map(|tasks| rate(TEXTS, || passes(parts, tasks, token_budget)));
        let rates = rates.collect::<anyhow::Result<Vec<f64>>>()?;
        if round > 0 {
            println!(
                "round {round}: dense {:.1}, several {:.1}, with sparse {:.1} texts/s",
                rates[0], rates[1], rates[2]
            );
            ratios[0].push(rates[0] / rates[1]);
            ratios[1].push(rates[0] / rates[2]);
        }
    }
    let [several, all] = ratios.map(median);
    let operations = operations(parts, &tasks[0]);
    println!("medians, in times of the dense rows alone:");
    println!("dense, two heads, tags and vectors of tokens: {several:.3}");
    println!(
        "with sparse rows: {all:.3}; their operations: {operations:.3}; time by operations: {:.3}",
        all / operations
    );
    Ok(())
}

/// The operations of all matmuls, in those of the encoder.
fn operations(parts: &Parts, tasks: &[Task]) -> f64 {
    let config = &parts.checkpoint.config;
    let c = config.hidden_size as f64;
    let per_token = 2.0 * c * (LABELS as f64 + VECTOR as f64 + c + config.vocab_size as f64);
    let encoder = |task: &Task| config.spec.flops(task.sequence.tokens(), config.layers);
    let (mut encoders, mut tokens) = (0.0, 0);
    for task in tasks {
        encoders += encoder(task);
        tokens += task.sequence.tokens();
    }
    1.0 + per_token * tokens as f64 / encoders
}

/// Writes the model with all kinds of layers after its encoder.
fn write_checkpoint(parts: &Parts, folder: &Path) -> anyhow::Result<()> {
    let from = &parts.checkpoint.encoder_dir;
    let mut config: Value = serde_json::from_slice(&fs::read(from.join("config.json"))?)?;
    config["architectures"] = json!(["BertForMaskedLM", "BertForTokenClassification"]);
    config["num_labels"] = json!(LABELS);
    fs::write(folder.join("config.json"), config.to_string())?;
    let c = parts.checkpoint.config.hidden_size;
    let vocabulary = parts.checkpoint.config.vocab_size;
    let bytes = fs::read(from.join("model.safetensors"))?;
    let read = SafeTensors::deserialize(&bytes)?;
    let mut tensors: BTreeMap<String, Numbers> = BTreeMap::new();
    for (name, view) in read.tensors() {
        let numbers = Numbers {
            dtype: view.dtype(),
            shape: view.shape().to_vec(),
            bytes: view.data().to_vec(),
        };
        tensors.insert(name, numbers);
    }
    for (name, shape) in [
        ("classifier.weight", vec![LABELS, c]),
        ("classifier.bias", vec![LABELS]),
        ("cls.predictions.transform.dense.weight", vec![c, c]),
        ("cls.predictions.transform.dense.bias", vec![c]),
        ("cls.predictions.transform.LayerNorm.weight", vec![c]),
        ("cls.predictions.transform.LayerNorm.bias", vec![c]),
        ("cls.predictions.bias", vec![vocabulary]),
    ] {
        tensors.insert(name.to_owned(), Numbers::drawn(shape));
    }
    write_tensors(&folder.join("model.safetensors"), &tensors)?;
    let kinds = ["Transformer", "Dense"].map(|kind| format!("sentence_transformers.models.{kind}"));
    let module = |(index, kind): (usize, &String)| {
        let path = if index == 0 { "" } else { "1_Dense" };
        json!({"idx": index, "name": index.to_string(), "path": path, "type": kind})
    };
    let modules: Vec<Value> = kinds.iter().enumerate().map(module).collect();
    fs::write(folder.join("modules.json"), Value::from(modules).to_string())?;
    let options = json!({"model_type": "MultiVectorEncoder"});
    fs::write(folder.join("config_sentence_transformers.json"), options.to_string())?;
    fs::create_dir(folder.join("1_Dense"))?;
    let dense = json!({
        "in_features": c, "out_features": VECTOR, "bias": false,
        "activation_function": "torch.nn.modules.linear.Identity",
    });
    fs::write(folder.join("1_Dense/config.json"), dense.to_string())?;
    let weight = BTreeMap::from([("linear.weight".to_owned(), Numbers::drawn(vec![VECTOR, c]))]);
    write_tensors(&folder.join("1_Dense/model.safetensors"), &weight)
}

/// A tensor as it is stored.
struct Numbers {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Numbers {
    /// Small numbers in f32.
    fn drawn(shape: Vec<usize>) -> Self {
        let count: usize = shape.iter().product();
        let number = |at: usize| ((at as f32 * 0.7).sin() * 0.05).to_le_bytes();
        Self { dtype: Dtype::F32, shape, bytes: (0..count).flat_map(number).collect() }
    }
}

fn write_tensors(file: &Path, tensors: &BTreeMap<String, Numbers>) -> anyhow::Result<()> {
    let views = tensors.iter().map(|(name, Numbers { dtype, shape, bytes })| {
        Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?))
    });
    let views = views.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(fs::write(file, safetensors::serialize(views, None)?)?)
}
