//! The default model, compared with transformers in float64: every recipe on every text.

use std::sync::Arc;

use strata::app::Parts;
use strata::model::recipe::{RecipeRef, ResolvedRecipe};
use strata::model::task::OutputSpec;
use strata::sequence::Sequence;

use crate::support::pass::outputs;
use crate::support::{Golden, Worst, default_model, load, sequence};

/// Absolute tolerance of the most used recipes. Largest difference seen: 3.6e-6, in
/// `last-four-concat`.
const STRICT: f64 = 1e-5;
const STRICT_RECIPES: [&str; 3] = ["last-four", "last-four-concat", "native"];
/// Tolerance of the other recipes, multiplied by the largest absolute reference value if that is
/// above 1. Largest difference seen: 0.45 of the tolerance, in `last-token`.
pub const RELATIVE: f64 = 4e-6;
/// Alternatively this many times the error of PyTorch in float32 on the same text, if that is more.
const TORCH_ERRORS: f64 = 3.0;

/// Most tokens of a short text. Padding all texts to the longest one would take too long.
const SHORT: usize = 100;

/// The tolerance of a recipe on a text.
fn tolerance(golden: &Golden, recipe: &str, text: usize) -> f64 {
    tolerance_of(recipe, golden.row(recipe, text), golden.torch_f32_error(recipe, text))
}

/// The tolerance of a recipe's row; `torch_error` is the error of PyTorch in float32 on that text.
pub fn tolerance_of(recipe: &str, reference: &[f32], torch_error: f64) -> f64 {
    if STRICT_RECIPES.contains(&recipe) {
        return STRICT;
    }
    relative(reference).max(TORCH_ERRORS * torch_error)
}

/// The tolerance of a row relative to its largest absolute value.
pub fn relative(reference: &[f32]) -> f64 {
    RELATIVE * f64::from(reference.iter().fold(1.0_f32, |largest, x| largest.max(x.abs())))
}

/// Every recipe of the fixture.
fn recipes(golden: &Golden, parts: &Parts) -> Vec<(String, Arc<ResolvedRecipe>)> {
    let resolve = |(name, recipe): (&String, _)| {
        let recipe = RecipeRef::Object(Clone::clone(recipe));
        (name.clone(), parts.recipes.resolve(&recipe).unwrap())
    };
    golden.recipes.iter().map(resolve).collect()
}

fn sequences(golden: &Golden) -> Vec<Sequence> {
    golden.texts.iter().map(|case| sequence(&case.ids, &case.type_ids)).collect()
}

/// Compares every recipe on the texts `batch`, computed in one pass.
fn compare(golden: &Golden, parts: &Parts, batch: &[usize], worst: &mut [Worst; 2]) {
    let recipes = recipes(golden, parts);
    let specs =
        recipes.iter().map(|(_, recipe)| OutputSpec::Embedding(Arc::clone(recipe))).collect();
    let all = sequences(golden);
    let chosen: Vec<Sequence> = batch.iter().map(|&text| all[text].clone()).collect();
    for (&text, output) in batch.iter().zip(outputs(&parts.model, specs, &chosen)) {
        for ((name, _), found) in recipes.iter().zip(&output.values) {
            let group = usize::from(!STRICT_RECIPES.contains(&name.as_str()));
            let row = format!("{name} of text {text}");
            worst[group].compare(
                found,
                golden.row(name, text),
                tolerance(golden, name, text),
                &row,
            );
        }
    }
}

fn check(worst: &[Worst; 2]) {
    worst[0].check("last-four, last-four-concat and native");
    worst[1].check("other recipes");
}

#[test]
fn every_recipe_agrees_with_transformers_on_every_text_alone() {
    let (golden, parts) = (Golden::read(), load(&default_model()));
    assert_eq!((golden.texts.len(), golden.recipes.len()), (48, 25));
    let mut worst = [Worst::default(), Worst::default()];
    for text in 0..golden.texts.len() {
        compare(&golden, &parts, &[text], &mut worst);
    }
    check(&worst);
}

#[test]
fn every_recipe_agrees_with_transformers_in_padded_batches() {
    let (golden, parts) = (Golden::read(), load(&default_model()));
    let mut worst = [Worst::default(), Worst::default()];
    let tokens = |text: usize| golden.texts[text].ids.len();
    let (long, short): (Vec<usize>, _) =
        (0..golden.texts.len()).partition(|&text| tokens(text) > SHORT);
    // Every fourth text, so that each batch has short and long texts.
    for first in 0..4 {
        let batch: Vec<usize> = short.iter().copied().skip(first).step_by(4).collect();
        compare(&golden, &parts, &batch, &mut worst);
    }
    compare(&golden, &parts, &[&short[..3], &long].concat(), &mut worst);
    check(&worst);
}

#[test]
fn token_vectors_agree_with_transformers_and_exclude_padding() {
    let (golden, parts) = (Golden::read(), load(&default_model()));
    let last_four = parts.recipes.resolve(&RecipeRef::Name("last-four".to_owned())).unwrap();
    let kept: Vec<_> = (0..).map_while(|text| golden.token_rows(text)).collect();
    assert_eq!(kept.len(), 6);
    let chosen = &sequences(&golden)[..kept.len()];
    let found = outputs(&parts.model, vec![OutputSpec::Tokens(last_four)], chosen);
    let mut worst = Worst::default();
    for (text, ((t, expected), output)) in kept.into_iter().zip(found).enumerate() {
        assert_eq!(t, golden.texts[text].ids.len());
        worst.compare(
            &output.values[0],
            expected,
            relative(expected),
            &format!("tokens of text {text}"),
        );
    }
    worst.check("token vectors");
}

#[test]
fn built_in_recipes_are_those_of_the_fixture() {
    let (golden, parts) = (Golden::read(), load(&default_model()));
    for name in strata::model::recipe_book::BUILT_IN {
        let named = parts.recipes.resolve(&RecipeRef::Name(name.to_owned())).unwrap();
        let written = RecipeRef::Object(golden.recipes[name].clone());
        assert_eq!(named, parts.recipes.resolve(&written).unwrap(), "{name}");
    }
}
