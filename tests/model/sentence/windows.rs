//! `native` of a text that is read in windows: several poolings, and a prompt that is left out.

use std::sync::Arc;

use serde_json::json;
use strata::app::Parts;
use strata::model::PoolingMask;
use strata::model::recipe::{Recipe, RecipeRef};
use strata::model::recipe_book::NATIVE;
use strata::model::task::{OutputSpec, Task, TaskSpec};
use strata::text::{Window, without_prompt};

use crate::support::fixtures::input;
use crate::support::pass::outputs;
use crate::support::{CheckpointCopy, Tiny, Worst, load};

/// Columns of a hidden state.
const C: usize = 32;

/// Absolute tolerance for numbers up to 10. Largest difference seen: 2.4e-7.
const SUMS: f64 = 1e-5;

/// The rows of the last layer of a window's tokens.
fn token_rows(parts: &Parts, window: &Window) -> Vec<Vec<f32>> {
    let last = Recipe { layers: vec![-1], ..Recipe::default() };
    let last = parts.recipes.resolve(&RecipeRef::Object(last)).unwrap();
    let sequence = window.encoded.sequence.clone();
    let rows = outputs(&parts.model, vec![OutputSpec::Tokens(last)], &[sequence]).remove(0);
    rows.values[0].chunks_exact(C).map(<[f32]>::to_vec).collect()
}

/// `native` of a text, by way of its windows.
fn native(parts: &Parts, windows: &[Window], prompt: usize) -> Vec<f32> {
    let native = parts.recipes.resolve(&RecipeRef::Name(NATIVE.to_owned())).unwrap();
    let spec = Arc::new(TaskSpec::new(vec![OutputSpec::Embedding(native)]));
    let counted = windows.iter().map(|window| window.counted.clone()).collect();
    let masks = PoolingMask::for_windows(counted).into_iter();
    let others = PoolingMask::after_prompt(without_prompt(windows, prompt), prompt);
    let tasks = windows.iter().zip(masks.zip(others)).map(|(window, (mask, other))| Task {
        mask,
        mask_without_prompt: Some(other).filter(|_| prompt > 0),
        ..Task::whole(window.encoded.sequence.clone(), Arc::clone(&spec))
    });
    let tasks: Vec<Task> = tasks.collect();
    let passes = parts.model.forward(&tasks.iter().collect::<Vec<_>>()).unwrap();
    parts.model.output_builder().text_output(&spec, passes).values.remove(0)
}

/// Mean, weighted mean, maximum and last row of `rows`, whose positions begin after `before`.
fn expected(rows: &[&Vec<f32>], before: usize) -> Vec<f32> {
    let column = |fold: &dyn Fn(&mut dyn Iterator<Item = f64>) -> f64| {
        (0..C).map(|j| fold(&mut rows.iter().map(|row| f64::from(row[j]))) as f32).collect()
    };
    let n = rows.len() as f64;
    let sum: f64 = (1..=rows.len()).map(|i| (before + i) as f64).sum();
    let positions = |values: &mut dyn Iterator<Item = f64>| {
        values.enumerate().map(|(i, x)| (before + i + 1) as f64 * x).sum::<f64>() / sum
    };
    let parts: [Vec<f32>; 4] = [
        column(&|values| values.sum::<f64>() / n),
        column(&positions),
        column(&|values| values.fold(f64::NEG_INFINITY, f64::max)),
        rows[rows.len() - 1].clone(),
    ];
    parts.concat()
}

#[test]
fn several_poolings_join_over_windows_with_and_without_the_prompt() {
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    copy.edit_json("modules.json", |json| json.as_array_mut().unwrap().truncate(2));
    let modes = json!(["mean", "weightedmean", "max", "lasttoken"]);
    let pooling = json!({"pooling_mode": modes, "include_prompt": false});
    copy.write("1_Pooling/config.json", pooling.to_string());
    let parts = load(copy.dir());
    let limit = parts.sequence_tokens;
    let mut worst = Worst::default();
    // The last one is longer than a window.
    let long = "one two three: ".repeat(12);
    for prompt in ["", "query: ", "one two three: ", &long] {
        let text = format!("{prompt} {}", "a good film and a bad one ".repeat(8));
        let windows = parts.tokenizer.encode_windows(&input(&text, None), limit).unwrap();
        assert!(windows.len() > 2, "{prompt}");
        let tokens = match prompt {
            "" => 0,
            prompt => parts.tokenizer.prompt_tokens(prompt, None).unwrap(),
        };
        let rows: Vec<_> = windows.iter().map(|window| token_rows(&parts, window)).collect();
        let mut counted: Vec<&Vec<f32>> = Vec::new();
        let mut left = tokens;
        for (at, (window, rows)) in windows.iter().zip(&rows).enumerate() {
            for (token, row) in rows.iter().enumerate().filter(|(token, _)| window.counted[*token])
            {
                // The prompt has the special token at the beginning of the text, and no other one.
                let is_first = (at, token) == (0, 0);
                if left > 0 && (is_first || !window.encoded.special[token]) {
                    left -= 1;
                } else {
                    counted.push(row);
                }
            }
        }
        let found = native(&parts, &windows, tokens);
        worst.compare(&found, &expected(&counted, tokens), SUMS, &format!("prompt \"{prompt}\""));
    }
    worst.check("windows");
}
