//! Recipes scored against each other on one labelled file.
//!
//! Only rows that are not held out take part, so that `train` can score the winner on rows that had no
//! say in its choice. Settings are chosen once a recipe, on the validation part; then the rows are
//! cross-validated with them, in the same folds for all recipes.

use serde::Serialize;

use super::candidates::Contender;
use super::difference::Difference;
use crate::model::recipe::ResolvedRecipe;
use crate::training::checks;
use crate::training::checks::{check_features, check_folds};
use crate::training::data::{Dataset, Source, Split};
use crate::training::error::TrainError;
use crate::training::evaluation::cross_validate;
use crate::training::evaluation::{CrossScores, Plan};
use crate::training::features::{Candidate, EncodeError, Features};
use crate::training::fit::{Chosen, Data, choose};
use crate::training::options::Settings;

/// In how many parts rows are cross-validated where it isn't said.
pub const FOLDS: usize = 5;

fn folds(settings: &Settings) -> usize {
    settings.folds.unwrap_or(FOLDS)
}

/// What came out.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The file.
    pub data: Source,
    /// Its rows that took part.
    pub rows: usize,
    /// What was drawn with.
    pub seed: u64,
    /// What was read of the layers, in the order in which it was given.
    pub layers: Vec<String>,
    /// Best first; at least one.
    pub outcomes: Vec<Outcome>,
}

/// How a recipe did.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Which.
    #[serde(flatten)]
    pub contender: Contender,
    /// Columns of its features.
    pub columns: usize,
    /// The strength that was chosen, of one layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// Over the folds.
    #[serde(flatten)]
    pub scores: CrossScores,
    /// The first score less that of the best recipe, fold by fold.
    pub to_the_best: Difference,
}

/// Whether there can be a comparison, which is known before there are features: the parts of the data.
///
/// # Errors
/// As [`super::check`]; fewer texts that aren't held out than folds.
pub fn check(dataset: &Dataset, settings: &Settings) -> Result<Split, TrainError> {
    let split = checks::check(dataset, settings)?;
    check_folds(&dataset.of(&split.training()), folds(settings))?;
    Ok(split)
}

/// Scores each contender. `features` gives what a recipe makes of every row of `dataset`; `progress`
/// hears the name of the one that is next and, with nothing, that a fit is done: one for the choice of
/// settings, then one a fold.
///
/// # Errors
/// As [`check`] and [`train`](super::train).
pub fn compare(
    dataset: &Dataset,
    entrants: &[(Contender, Candidate)],
    features: &dyn Fn(&ResolvedRecipe) -> Result<Features, EncodeError>,
    settings: &Settings,
    progress: &mut dyn FnMut(Option<&str>),
) -> Result<Comparison, TrainError> {
    let split = check(dataset, settings)?;
    let (rows, folds) = (split.training(), folds(settings));
    let mut scored = Vec::with_capacity(entrants.len());
    for (contender, candidate) in entrants {
        progress(Some(&contender.name()));
        let features = features(&candidate.reads)?;
        check_features(dataset, &features)?;
        let settings = Settings { tied: candidate.tied, ..settings.clone() };
        let data = Data::of(dataset, &features, &settings);
        let (found, decision) = choose(data, &split, &settings, &mut |_| ())?;
        progress(None);
        let plan = Plan { folds, seed: settings.seed, chosen: found.chosen, decision: &decision };
        let scores = cross_validate(dataset, data, &rows, plan, &mut || progress(None))?;
        let strength = match found.chosen {
            Chosen::Linear { strength } => Some(strength),
            Chosen::Hidden { .. } => None,
        };
        scored.push((contender, candidate, strength, scores));
    }
    scored.sort_by(|a, b| b.3.scores[0].mean.total_cmp(&a.3.scores[0].mean));
    let best = scored.first().map(|(.., scores)| scores.scores[0].clone());
    let outcome =
        |(contender, candidate, strength, scores): (&Contender, &Candidate, _, CrossScores)| {
            let best = best.as_ref().unwrap_or(&scores.scores[0]);
            Outcome {
                contender: contender.clone(),
                columns: candidate.reads.dimensions / candidate.tied.unwrap_or(1),
                strength,
                to_the_best: Difference::of(&scores.scores[0], best),
                scores,
            }
        };
    let mut layers: Vec<String> = entrants.iter().map(|(of, _)| of.layers.clone()).collect();
    layers.dedup();
    Ok(Comparison {
        data: dataset.source.clone(),
        rows: rows.len(),
        seed: settings.seed,
        layers,
        outcomes: scored.into_iter().map(outcome).collect(),
    })
}
