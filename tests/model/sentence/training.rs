//! Training on `native`: the features are its rows, and a head keeps its name.

use std::fs;

use serde_json::json;
use strata::model::recipe::RecipeRef;
use strata::model::recipe_book::NATIVE;
use strata::model::task::OutputSpec;
use strata::text::LongText;
use strata::training::{Dataset, Extractor, Layout, LongTexts, RowReader, TrainingRecipe};
use tempfile::TempDir;

use crate::support::fixtures::input;
use crate::support::pass::outputs;
use crate::support::{CheckpointCopy, Tiny, Worst, load};

/// Absolute tolerance for rows of length 1. Largest difference seen: 0.
const ROWS: f64 = 1e-6;

#[test]
fn features_of_native_are_its_rows() {
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    // The dense layer is for one pooling.
    copy.edit_json("modules.json", |json| drop(json.as_array_mut().unwrap().remove(2)));
    let modes = json!({"pooling_mode": ["max", "mean", "cls"]});
    copy.write("1_Pooling/config.json", modes.to_string());
    let parts = load(copy.dir());
    let name = RecipeRef::Name(NATIVE.to_owned());
    let recipe = TrainingRecipe::new(&name, &parts.recipes).unwrap();
    assert_eq!(recipe.with_layer_weights(None), name);

    let (folder, texts) = (TempDir::new().unwrap(), ["a good film", "one two", "a bad one", "ten"]);
    let file = folder.path().join("texts.tsv");
    let line = |(at, text): (usize, &&str)| format!("{text}\t{}\n", ["x", "y"][at % 2]);
    let lines: String = texts.iter().enumerate().map(line).collect();
    fs::write(&file, format!("text\tlabel\n{lines}")).unwrap();
    let column = |name: &str| name.parse().unwrap();
    let layout = Layout::new(column("text"), column("label"));
    let dataset = Dataset::read(&file, &layout, &|_, _| None).unwrap();
    let (sequence_tokens, long_texts) = (parts.sequence_tokens, LongTexts::Truncate);
    let extractor = Extractor {
        model: &parts.model,
        shape: parts.recipes.shape(),
        fingerprint: &parts.fingerprint,
        reader: RowReader { tokenizer: &parts.tokenizer, sequence_tokens, long_texts },
        token_budget: 64,
        cache: None,
    };
    let pooled = extractor.extract(&dataset, &[&recipe.features], &mut |_| {}).unwrap();
    assert_eq!(pooled.pooled_layers, 3);
    let features = pooled.features(&recipe.features).unwrap();
    assert_eq!((features.rows, features.width), (texts.len(), 96));

    let native = parts.recipes.resolve(&name).unwrap();
    let mut worst = Worst::default();
    for (row, text) in dataset.rows.iter().enumerate() {
        let input = input(&text.text, None);
        let encoded = parts.tokenizer.encode(&input, 24, LongText::Truncate(None)).unwrap();
        let spec = vec![OutputSpec::Embedding(native.clone())];
        let expected = outputs(&parts.model, spec, &[encoded.sequence]).remove(0);
        worst.compare(features.row(row), &expected.values[0], ROWS, &text.text);
    }
    worst.check("features of native");
}
