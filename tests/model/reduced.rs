//! The accuracy of bf16 and int8, with the default model on the labelled snippets.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use strata::app::Parts;
use strata::model::Model;
use strata::model::encoder::{EncoderChoice, EncoderOptions};
use strata::model::head::{Head, HeadContext, HeadFiles};
use strata::model::recipe::RecipeRef;
use strata::model::task::{OutputSpec, TaskSpec};
use strata::sequence::Sequence;
use strata::text::LongText;
use strata::training::is_held_out;
use strata_kernels::Dtype;

use crate::support::fixtures::{config, input};
use crate::support::{default_model, load};

const SNIPPETS: usize = 400;

/// Cosine to f32 of `last-four`. Smallest seen: 0.99999.
const BF16_MIN: f64 = 0.9999;
/// The same with int8. Seen: 0.99962 on average, at least 0.99911.
const INT8_MEAN: f64 = 0.9995;
const INT8_MIN: f64 = 0.998;
/// Tolerance for the held-out accuracy of `sentiment`, in percentage points. Seen: 0.00.
const POINTS: f64 = 0.3;

const TEXTS_PER_PASS: usize = 16;

/// The labelled snippets, `(label, text)`.
fn labelled() -> Vec<(String, String)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sentiment.tsv");
    let file = fs::read_to_string(file).expect("`make data` downloads the labelled texts");
    let lines = file.lines().skip(1).filter_map(|line| line.split_once('\t'));
    lines.map(|(label, text)| (label.to_owned(), text.to_owned())).collect()
}

fn model(parts: &Parts, dtype: Dtype) -> Model {
    let encoder = config(&default_model()).encoder;
    let options = EncoderOptions { choice: EncoderChoice::Packed, dtype, ..encoder };
    Model::load(&parts.checkpoint, &options).unwrap()
}

/// One row per text.
fn rows(parts: &Parts, model: &Model, output: &OutputSpec, texts: &[&str]) -> Vec<Vec<f32>> {
    let spec = TaskSpec::new(vec![output.clone()]);
    let sequence = |text: &&str| {
        let (input, limit) = (input(text, None), parts.sequence_tokens);
        parts.tokenizer.encode(&input, limit, LongText::Truncate(None)).unwrap().sequence
    };
    let sequences: Vec<Sequence> = texts.iter().map(sequence).collect();
    let passes = sequences.chunks(TEXTS_PER_PASS).map(|pass| pass.iter().collect::<Vec<_>>());
    let outputs = passes.flat_map(|pass| model.forward_whole(&pass, &spec).unwrap());
    outputs.map(|mut output| output.values.remove(0)).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn embeddings_in_bf16_and_int8_have_the_direction_of_those_in_f32() {
    let parts = load(&default_model());
    let labelled = labelled();
    let texts: Vec<&str> = labelled.iter().take(SNIPPETS).map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts.len(), SNIPPETS);
    let recipe = parts.recipes.resolve(&RecipeRef::Name("last-four".to_owned())).unwrap();
    let output = OutputSpec::Embedding(recipe);
    let exact = rows(&parts, &model(&parts, Dtype::F32), &output, &texts);
    let cosines = |dtype| {
        let found = rows(&parts, &model(&parts, dtype), &output, &texts);
        let cosines: Vec<f64> = found.iter().zip(&exact).map(|(a, b)| cosine(a, b)).collect();
        let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
        let min = cosines.into_iter().fold(1.0, f64::min);
        println!("{}: cosine to f32 {mean:.6} on average, at least {min:.6}", dtype.name());
        (mean, min)
    };
    let (_, min) = cosines(Dtype::Bf16);
    assert!(min >= BF16_MIN, "bf16: {min}");
    let (mean, min) = cosines(Dtype::Int8);
    assert!(mean >= INT8_MEAN && min >= INT8_MIN, "int8: {mean}, {min}");
}

#[test]
fn the_shipped_head_is_as_accurate_with_int8() {
    let parts = load(&default_model());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/heads/sentiment");
    let files = HeadFiles {
        name: "sentiment".to_owned(),
        origin: folder.display().to_string(),
        json: fs::read(folder.join("head.json")).unwrap(),
        weights: fs::read(folder.join("head.safetensors")).unwrap(),
    };
    let encoder = config(&default_model()).encoder;
    let context = HeadContext { recipes: &parts.recipes, fingerprint: &parts.fingerprint, encoder };
    let head: Arc<Head> = Arc::new(files.load(context).unwrap());
    let labels = head.descriptor().labels.clone();
    let labelled = labelled();
    let held_out: Vec<_> = labelled.iter().filter(|(_, text)| is_held_out(text)).collect();
    assert_eq!(held_out.len(), 2_095);
    let texts: Vec<&str> = held_out.iter().map(|(_, text)| text.as_str()).collect();
    let accuracy = |dtype: Dtype| {
        let output = OutputSpec::Logits(Arc::clone(&head));
        let logits = rows(&parts, &model(&parts, dtype), &output, &texts);
        let right = logits.iter().zip(&held_out).filter(|(logits, (label, _))| {
            let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            best.is_some_and(|(index, _)| labels[index] == *label)
        });
        let percent = 100.0 * right.count() as f64 / held_out.len() as f64;
        println!("{}: {percent:.2} % of {} held-out texts", dtype.name(), held_out.len());
        percent
    };
    let (exact, int8) = (accuracy(Dtype::F32), accuracy(Dtype::Int8));
    assert!((exact - int8).abs() <= POINTS, "f32 {exact:.2} %, int8 {int8:.2} %");
}
