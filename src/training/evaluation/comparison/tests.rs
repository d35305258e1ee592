use std::collections::BTreeMap;

use super::*;
use crate::model::checkpoint::Sentence;
use crate::model::recipe::ResolvedRecipe;
use crate::model::recipe::{RecipeRef, Shape};
use crate::model::recipe_book::RecipeBook;
use crate::training::data::Targets;
use crate::training::evaluation::Spread;
use crate::training::features::{Candidate, Features};
use crate::training::options::Settings;
use crate::training::testing;

const ROWS: usize = 400;

/// Texts of two labels; the more a recipe has to do with layer 2, the better it tells them apart.
fn compared() -> Comparison {
    let texts: Vec<String> = (0..ROWS).map(|at| at.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let label = |at: usize| usize::from(at.is_multiple_of(3));
    let dataset = testing::dataset(&texts, Targets::One((0..ROWS).map(label).collect()));
    let shape = Shape { layers: 2, hidden: 1, dense: None };
    let book = RecipeBook::new(shape, &Sentence::default(), &BTreeMap::new()).unwrap();
    let entrant = |contender: Contender| {
        let recipe = RecipeRef::Object(contender.recipe.clone());
        (contender, Candidate::new(&recipe, &book).unwrap())
    };
    let entrants: Vec<_> = contenders(2, false).into_iter().map(entrant).collect();
    let features = |recipe: &ResolvedRecipe| {
        let noise = |at: usize| ((at * 7919 % 601) as f32 - 300.0) / 150.0;
        let says = if recipe.layers.contains(&2) { 2.0 / recipe.layers.len() as f32 } else { 0.0 };
        let values =
            (0..ROWS).flat_map(|at| vec![says * label(at) as f32 + noise(at); recipe.dimensions]);
        Ok(Features { rows: ROWS, width: recipe.dimensions, values: values.collect() })
    };
    let mut fits = 0;
    let settings = Settings::default();
    let found = compare(&dataset, &entrants, &features, &settings, &mut |next| {
        fits += usize::from(next.is_none());
    });
    assert_eq!(fits, entrants.len() * 6);
    found.unwrap()
}

#[test]
fn recipes_are_ranked_with_their_differences_to_the_best() {
    let found = compared();
    assert_eq!(found.outcomes.len(), 6 * 4);
    let best = &found.outcomes[0];
    assert_eq!(best.contender.layers, "last layer");
    assert_eq!(best.to_the_best, Difference { mean: 0.0, standard_error: 0.0 });
    let means: Vec<f64> = found.outcomes.iter().map(|of| of.scores.scores[0].mean).collect();
    assert!(means.is_sorted_by(|a, b| a >= b), "{means:?}");
    let worst = found.outcomes.last().unwrap();
    assert!(worst.to_the_best.mean < -0.05 && !worst.to_the_best.may_be_chance(5), "{worst:?}");
    // Other poolings of the last layer have the same features here.
    assert!(found.close_to_the_best().any(|of| of.contender.layers == "last layer"));
}

#[test]
fn a_standard_error_is_that_computed_by_hand() {
    let spread = |folds: &[f64]| Spread {
        metric: "m".to_owned(),
        share: true,
        mean: 0.0,
        deviation: 0.0,
        folds: folds.to_vec(),
    };
    let found = Difference::of(&spread(&[0.1, 0.2, 0.6]), &spread(&[0.0, 0.0, 0.0]));
    // The deviation of 0.1, 0.2 and 0.6 is √0.07.
    let error = (0.07_f64 * (1.0 / 3.0 + 1.0 / 2.0)).sqrt();
    assert!((found.mean - 0.3).abs() < 1e-12 && (found.standard_error - error).abs() < 1e-12);
    let thrice = Difference { mean: -0.3, standard_error: 0.1 };
    assert!(thrice.may_be_chance(3) && !thrice.may_be_chance(5) && !thrice.may_be_chance(100));
    assert_eq!(found.show(true), "+30.00 ± 24.15 %");
}

#[test]
fn the_terminal_and_the_page_name_every_recipe() {
    let found = compared();
    let (said, page) = (found.to_string(), found.page("strata train --data 'a <b>.tsv'"));
    for outcome in &found.outcomes {
        let name = outcome.contender.name();
        assert!(said.contains(&name) && page.contains(&name), "{name}");
    }
    assert!(said.starts_with("d.tsv: ") && said.contains(" rows in 5 folds; "), "{said}");
    assert!(said.contains("not told apart from the best by these folds: last layer"), "{said}");
    // One cell a recipe, one bar a recipe, and the command as text.
    assert_eq!(page.matches("class=\"heat\"").count(), 24);
    assert_eq!(page.matches("<rect").count(), 24);
    assert!(page.contains("strata train --data 'a &lt;b&gt;.tsv'"));
    for outside in ["<script", "http", "src=", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
}
