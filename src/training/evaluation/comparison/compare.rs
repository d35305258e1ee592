//! Scores recipes and ranks them.

use serde::Serialize;

use super::candidates::Candidate;
use super::difference::Difference;
use crate::model::recipe::ResolvedRecipe;
use crate::training::checks::{self, check_features, check_folds};
use crate::training::data::{Dataset, Folds, Source, Split};
use crate::training::error::TrainError;
use crate::training::evaluation::{CrossValidationScores, cross_validate};
use crate::training::features::{FeatureError, Features, TrainingRecipe};
use crate::training::fit::{Choice, ResolvedMethod, TrainingData, choose};
use crate::training::options::TrainingOptions;

/// The default number of folds.
pub const DEFAULT_FOLDS: usize = 5;

fn fold_count(options: &TrainingOptions) -> usize {
    options.folds.unwrap_or(DEFAULT_FOLDS)
}

/// The result of a comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The file.
    pub data: Source,
    /// Rows that took part.
    pub rows: usize,
    /// Seed of the split and of the folds.
    pub seed: u64,
    /// The names of the combinations of layers, in the order of the candidates.
    pub layers: Vec<String>,
    /// Best first; at least one.
    pub outcomes: Vec<Outcome>,
}

/// The result of one recipe.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The recipe.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// Width of its features.
    pub columns: usize,
    /// The chosen regularisation strength of one layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// Scores over the folds.
    #[serde(flatten)]
    pub scores: CrossValidationScores,
    /// The first score minus that of the best recipe, fold by fold.
    pub to_the_best: Difference,
}

/// Checks that recipes can be compared on this data set, before features are computed. Returns the
/// parts of the data.
///
/// # Errors
/// As [`checks::check`]; fewer texts that aren't held out than folds.
pub fn check(dataset: &Dataset, options: &TrainingOptions) -> Result<Split, TrainError> {
    let split = checks::check(dataset, options)?;
    check_folds(&dataset.select(&split.training()), fold_count(options))?;
    Ok(split)
}

/// Scores each candidate. `features` gives a recipe's features for all rows of `dataset`.
/// `progress` is called with the name of the next candidate, and with `None` after it is scored.
///
/// # Errors
/// As [`check`] and [`train`](crate::training::train).
pub fn compare(
    dataset: &Dataset,
    candidates: &[(Candidate, TrainingRecipe)],
    features: &dyn Fn(&ResolvedRecipe) -> Result<Features, FeatureError>,
    options: &TrainingOptions,
    progress: &mut dyn FnMut(Option<&str>),
) -> Result<Comparison, TrainError> {
    let split = check(dataset, options)?;
    let mut scored = Vec::with_capacity(candidates.len());
    for (candidate, recipe) in candidates {
        progress(Some(&candidate.name()));
        let features = features(&recipe.features)?;
        let options =
            TrainingOptions { weighted_layers: recipe.weighted_layers, ..options.clone() };
        let result = score(dataset, &features, &split, &options)?;
        progress(None);
        scored.push((candidate, recipe, result));
    }
    let first_mean = |scores: &CrossValidationScores| scores.scores[0].mean;
    scored.sort_by(|a, b| first_mean(&b.2.scores).total_cmp(&first_mean(&a.2.scores)));
    let best = scored.first().map(|(.., best)| best.scores.scores[0].clone());
    let outcome = |(candidate, recipe, result): (&Candidate, &TrainingRecipe, RecipeScores)| {
        let RecipeScores { strength, scores } = result;
        let best = best.as_ref().unwrap_or(&scores.scores[0]);
        Outcome {
            candidate: candidate.clone(),
            columns: recipe.features.dimensions / recipe.weighted_layers.unwrap_or(1),
            strength,
            to_the_best: Difference::new(&scores.scores[0], best),
            scores,
        }
    };
    let mut layers: Vec<String> =
        candidates.iter().map(|(candidate, _)| candidate.layers.clone()).collect();
    layers.dedup();
    Ok(Comparison {
        data: dataset.source.clone(),
        rows: split.training().len(),
        seed: options.seed,
        layers,
        outcomes: scored.into_iter().map(outcome).collect(),
    })
}

struct RecipeScores {
    strength: Option<f64>,
    scores: CrossValidationScores,
}

/// Chooses settings for these features and scores them out of fold. With few rows the same outputs
/// choose the strength, which is one number, and a little in favour of each recipe alike.
fn score(
    dataset: &Dataset,
    features: &Features,
    split: &Split,
    options: &TrainingOptions,
) -> Result<RecipeScores, TrainError> {
    check_features(dataset, features)?;
    let data = TrainingData::new(dataset, features, options);
    let folds = Folds { count: fold_count(options), seed: options.seed };
    let folds = folds.assign(&dataset.select(&split.training()));
    let Choice { method, outputs, .. } = choose(data, split, &folds, options, &mut |_| ())?;
    let scores = cross_validate(&outputs)?;
    let strength = match method {
        ResolvedMethod::Linear { strength } => Some(strength),
        ResolvedMethod::Hidden { .. } => None,
    };
    Ok(RecipeScores { strength, scores })
}
