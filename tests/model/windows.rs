//! Texts that are read in windows, compared with transformers in float64 and the rules of the
//! fixture.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use safetensors::SafeTensors;
use serde::Deserialize;
use strata::app::Parts;
use strata::model::PoolingMask;
use strata::model::output::Output;
use strata::model::recipe::{Recipe, RecipeRef};
use strata::model::task::{OutputSpec, Task, TaskSpec};
use strata::text::{TokenizeError, Window};

use crate::parity::tolerance_of;
use crate::support::fixtures::input;
use crate::support::{Worst, default_model, load};

/// A text of `golden/windows.json`: its windows in tokens without special tokens, and how many
/// tokens count in each window.
#[derive(Deserialize)]
struct Case {
    text: String,
    windows: Vec<(usize, usize)>,
    counted: Vec<usize>,
}

#[derive(Deserialize)]
struct Golden {
    max_tokens: usize,
    recipes: BTreeMap<String, Recipe>,
    texts: Vec<Case>,
}

fn golden() -> (Golden, Vec<u8>) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden");
    let golden = serde_json::from_slice(&fs::read(dir.join("windows.json")).unwrap()).unwrap();
    (golden, fs::read(dir.join("windows.safetensors")).unwrap())
}

/// Row `index` of a tensor.
fn row(tensors: &SafeTensors<'_>, name: &str, index: usize) -> Vec<f32> {
    let view = tensors.tensor(name).unwrap();
    let (numbers, _) = view.data().as_chunks();
    let numbers: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let width = numbers.len() / view.shape()[0];
    numbers[index * width..(index + 1) * width].to_vec()
}

fn windows(parts: &Parts, text: &str) -> Vec<Window> {
    parts.tokenizer.encode_windows(&input(text, None), parts.sequence_tokens).unwrap()
}

/// The output of a text, its windows computed in passes of four.
fn output(parts: &Parts, windows: &[Window], specs: Vec<OutputSpec>) -> Output {
    let spec = Arc::new(TaskSpec::new(specs));
    let counted = windows.iter().map(|window| window.counted.clone()).collect();
    let task = |(window, mask): (&Window, Option<PoolingMask>)| {
        let sequence = window.encoded.sequence.clone();
        Task { mask, ..Task::whole(sequence, Arc::clone(&spec)) }
    };
    let tasks: Vec<Task> =
        windows.iter().zip(PoolingMask::for_windows(counted)).map(task).collect();
    let passes = tasks.chunks(4).map(|pass| pass.iter().collect::<Vec<_>>());
    let passes = passes.flat_map(|pass| parts.model.forward(&pass).unwrap());
    parts.model.output_builder().text_output(&spec, passes)
}

#[test]
fn windows_follow_the_rules_and_each_token_counts_once() {
    let ((golden, _), parts) = (golden(), load(&default_model()));
    assert_eq!(golden.max_tokens, parts.sequence_tokens);
    for case in &golden.texts {
        let found = windows(&parts, &case.text);
        let counted: Vec<usize> = found.iter().map(Window::counted_tokens).collect();
        assert_eq!(counted, case.counted);
        // The spans of each window, without special tokens, are a slice of those of the whole text.
        let body: Vec<(usize, usize)> = {
            let whole = parts.tokenizer.encode_windows(&input(&case.text, None), usize::MAX);
            let whole = whole.unwrap().remove(0).encoded.spans;
            whole[1..whole.len() - 1].to_vec()
        };
        for (window, (start, end)) in found.iter().zip(&case.windows) {
            let spans = &window.encoded.spans;
            assert_eq!(spans[1..spans.len() - 1], body[*start..*end]);
            assert!(!window.encoded.truncated());
        }
        assert_eq!(
            found.iter().map(Window::counted_tokens).sum::<usize>(),
            body.len() + 2 * found.len()
        );
    }
    assert!(golden.texts.iter().any(|case| case.text.split_whitespace().count() == 5_000));
}

#[test]
fn windows_of_a_text_join_to_the_features_of_the_whole_text() {
    let ((golden, bytes), parts) = (golden(), load(&default_model()));
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut worst = Worst::default();
    for (index, case) in golden.texts.iter().enumerate() {
        let resolve =
            |recipe: &Recipe| parts.recipes.resolve(&RecipeRef::Object(recipe.clone())).unwrap();
        let specs =
            golden.recipes.values().map(|recipe| OutputSpec::Embedding(resolve(recipe))).collect();
        let output = output(&parts, &windows(&parts, &case.text), specs);
        for (name, found) in golden.recipes.keys().zip(&output.values) {
            let expected = row(&tensors, name, index);
            let torch_error =
                f64::from(row(&tensors, &format!("{name}.torch_f32_error"), index)[0]);
            worst.compare(
                found,
                &expected,
                tolerance_of(name, &expected, torch_error),
                &format!("{name} {index}"),
            );
        }
    }
    worst.check("texts in windows");
}

#[test]
fn a_text_that_fits_is_a_single_window() {
    let parts = load(&default_model());
    let found = windows(&parts, "A short text.");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].counted_tokens(), found[0].encoded.sequence.tokens());
}

#[test]
fn a_pair_is_not_read_in_windows() {
    let parts = load(&default_model());
    let long = "river ".repeat(300);
    let found = parts.tokenizer.encode_windows(&input(&long, Some("a")), parts.sequence_tokens);
    assert_eq!(found, Err(TokenizeError::PairTooLong { tokens: 304, limit: 256 }));
    let short = parts.tokenizer.encode_windows(&input("b", Some("a")), parts.sequence_tokens);
    assert_eq!(short.unwrap().len(), 1);
}
