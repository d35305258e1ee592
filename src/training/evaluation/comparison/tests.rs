use std::collections::BTreeMap;

use super::difference::Difference;
use super::*;
use crate::model::checkpoint::SentenceFiles;
use crate::model::recipe::{RecipeRef, ResolvedRecipe, Shape};
use crate::model::recipe_book::RecipeBook;
use crate::training::data::Targets;
use crate::training::evaluation::FoldScores;
use crate::training::features::{Features, TrainingRecipe};
use crate::training::options::TrainingOptions;
use crate::training::testing;

const ROWS: usize = 400;

/// Texts of two labels. The larger the part of layer 2 in a recipe, the better its features
/// separate them.
fn compared() -> Comparison {
    let texts: Vec<String> = (0..ROWS).map(|at| at.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let label = |at: usize| usize::from(at.is_multiple_of(3));
    let dataset = testing::dataset(&texts, Targets::SingleLabel((0..ROWS).map(label).collect()));
    let shape = Shape { layers: 2, hidden: 1 };
    let book = RecipeBook::new(shape, &SentenceFiles::default(), &BTreeMap::new()).unwrap();
    let with_recipe = |candidate: Candidate| {
        let recipe = RecipeRef::Object(candidate.recipe.clone());
        (candidate, TrainingRecipe::new(&recipe, &book).unwrap())
    };
    let candidates_with_recipes: Vec<_> =
        candidates(2, false).into_iter().map(with_recipe).collect();
    let features = |recipe: &ResolvedRecipe| {
        let noise = |at: usize| ((at * 7919 % 601) as f32 - 300.0) / 150.0;
        let signal =
            if recipe.layers.contains(&2) { 2.0 / recipe.layers.len() as f32 } else { 0.0 };
        let values =
            (0..ROWS).flat_map(|at| vec![signal * label(at) as f32 + noise(at); recipe.dimensions]);
        Ok(Features { rows: ROWS, width: recipe.dimensions, values: values.collect() })
    };
    let mut scored = 0;
    let options = TrainingOptions::default();
    let comparison =
        compare(&dataset, &candidates_with_recipes, &features, &options, &mut |next| {
            scored += usize::from(next.is_none());
        });
    assert_eq!(scored, candidates_with_recipes.len());
    comparison.unwrap()
}

#[test]
fn recipes_are_ranked_with_their_differences_to_the_best() {
    let comparison = compared();
    assert_eq!(comparison.outcomes.len(), 6 * 4);
    let best = &comparison.outcomes[0];
    assert_eq!(best.candidate.layers, "last layer");
    assert_eq!(best.to_the_best, Difference { mean: 0.0, standard_error: 0.0 });
    let means: Vec<f64> =
        comparison.outcomes.iter().map(|outcome| outcome.scores.scores[0].mean).collect();
    assert!(means.is_sorted_by(|a, b| a >= b), "{means:?}");
    let worst = comparison.outcomes.last().unwrap();
    assert!(worst.to_the_best.mean < -0.05 && !worst.to_the_best.may_be_chance(5), "{worst:?}");
    // Other poolings of the last layer have the same features here.
    assert!(comparison.close_to_the_best().any(|outcome| outcome.candidate.layers == "last layer"));
}

#[test]
fn the_standard_error_is_that_computed_by_hand() {
    let scores = |folds: &[f64]| FoldScores {
        metric: "m".to_owned(),
        share: true,
        mean: 0.0,
        deviation: 0.0,
        folds: folds.to_vec(),
    };
    let comparison = Difference::new(&scores(&[0.1, 0.2, 0.6]), &scores(&[0.0, 0.0, 0.0]));
    // The deviation of 0.1, 0.2 and 0.6 is √0.07.
    let error = (0.07_f64 * (1.0 / 3.0 + 1.0 / 2.0)).sqrt();
    assert!(
        (comparison.mean - 0.3).abs() < 1e-12 && (comparison.standard_error - error).abs() < 1e-12
    );
    let thrice = Difference { mean: -0.3, standard_error: 0.1 };
    assert!(thrice.may_be_chance(3) && !thrice.may_be_chance(5) && !thrice.may_be_chance(100));
    assert_eq!(comparison.show(true), "+30.00 ± 24.15 %");
}

#[test]
fn the_terminal_and_the_page_name_every_recipe() {
    let comparison = compared();
    let (text, page) = (comparison.to_string(), comparison.page("strata train --data 'a <b>.tsv'"));
    for outcome in &comparison.outcomes {
        let name = outcome.candidate.name();
        assert!(text.contains(&name) && page.contains(&name), "{name}");
    }
    assert!(text.starts_with("d.tsv: ") && text.contains(" rows in 5 folds; "), "{text}");
    assert!(text.contains("not significantly worse than the best: last layer"), "{text}");
    // One cell and one bar per recipe, and the command as text.
    assert_eq!(page.matches("class=\"heat\"").count(), 24);
    assert_eq!(page.matches("<rect").count(), 24);
    assert!(page.contains("strata train --data 'a &lt;b&gt;.tsv'"));
    for outside in ["<script", "http", "src=", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
}
