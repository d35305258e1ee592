//! Padding changes nothing: a text has the same output alone and in any batch, with any outputs of
//! its neighbours.

use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use proptest::test_runner::Config;
use strata::app::Parts;
use strata::model::recipe::{Combine, Pooling, Recipe, RecipeRef};
use strata::model::task::{OutputSpec, Task, TaskSpec};
use strata::sequence::Sequence;
use strata::text::{LongText, Text};

use crate::parity::relative;
use crate::support::fixtures::input;
use crate::support::pass::whole_outputs;
use crate::support::{Golden, Worst, default_model, load};

/// Longer texts take more time and show nothing new.
const TOKENS: usize = 32;
const HIDDEN: usize = 384;

fn texts() -> impl Strategy<Value = String> {
    let golden: Vec<String> = Golden::read().texts.into_iter().map(|case| case.text).collect();
    prop_oneof![
        prop::sample::select(golden),
        prop::collection::vec(any::<char>(), 1..40).prop_map(String::from_iter),
        (1..40_usize, prop::sample::select(vec!["river ", "å ", "[PAD]", "1", "語"]))
            .prop_map(|(times, word)| word.repeat(times)),
    ]
    .prop_filter("blank", |text| Text::parse(text.clone(), usize::MAX).is_ok())
}

fn recipes() -> impl Strategy<Value = Recipe> {
    use Combine::{Concat, Max, Mean, Sum, Weighted};
    use Pooling::{Cls, LastToken, MeanMax, MeanSqrtLen, WeightedMean};
    let layers = Just((-7..=-1).collect::<Vec<i32>>()).prop_shuffle();
    let combine = prop::sample::select(vec![Mean, Sum, Max, Concat, Weighted]);
    let poolings =
        vec![Pooling::Mean, Cls, Pooling::Max, MeanSqrtLen, WeightedMean, LastToken, MeanMax];
    let weights = prop::collection::vec(0.1_f32..2.0, 7);
    // With fewer columns, normalising could divide by almost zero.
    let dimensions = prop::option::of(HIDDEN / 4..=HIDDEN);
    (
        layers,
        1..=4_usize,
        combine,
        prop::sample::select(poolings),
        any::<bool>(),
        weights,
        dimensions,
    )
        .prop_map(|(mut layers, n, combine, pooling, normalize, mut weights, dimensions)| {
            layers.truncate(n);
            weights.truncate(n);
            let weights = (combine == Weighted).then_some(weights);
            Recipe { layers, combine, pooling, normalize, weights, dimensions }
        })
}

/// Loaded once per process.
fn parts() -> &'static Parts {
    static PARTS: OnceLock<Parts> = OnceLock::new();
    PARTS.get_or_init(|| load(&default_model()))
}

fn tokens(parts: &Parts, text: &str) -> Sequence {
    let encoded = parts.tokenizer.encode(&input(text, None), TOKENS, LongText::Truncate(None));
    encoded.unwrap().sequence
}

fn task(parts: &Parts, text: &str, recipe: &Recipe) -> Task {
    let recipe = parts.recipes.resolve(&RecipeRef::Object(recipe.clone())).unwrap();
    let specs = vec![OutputSpec::Embedding(Arc::clone(&recipe)), OutputSpec::Tokens(recipe)];
    Task::whole(tokens(parts, text), Arc::new(TaskSpec::new(specs)))
}

proptest! {
    #![proptest_config(Config {
        cases: 24,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..Config::default()
    })]

    // The tolerance is that of parity; the largest difference seen in 1,500 cases is 0.40 of it.
    #[test]
    fn a_text_has_the_same_output_alone_and_in_any_batch(
        batch in prop::collection::vec((texts(), recipes()), 2..6),
    ) {
        let parts = parts();
        let tasks: Vec<Task> =
            batch.iter().map(|(text, recipe)| task(parts, text, recipe)).collect();
        let together = whole_outputs(&parts.model, &tasks.iter().collect::<Vec<_>>());
        let mut worst = Worst::default();
        for ((task, together), (text, recipe)) in tasks.iter().zip(&together).zip(&batch) {
            let alone = whole_outputs(&parts.model, &[task]).remove(0);
            for (index, kind) in ["embedding", "tokens"].into_iter().enumerate() {
                let row = format!("{kind} of {text:?} by {recipe:?}");
                let (together, alone) = (&together.values[index], &alone.values[index]);
                worst.compare(together, alone, relative(alone), &row);
            }
        }
        prop_assert!(worst.is_within(), "{}", worst.describe());
    }
}
