//! Recipes scored against each other on one labelled file.
//!
//! Only rows that are not held out take part, so that `train` can score the winner on rows that had no
//! say in its choice. Settings are chosen once a recipe, on the validation part; then the rows are
//! cross-validated with them, in the same folds for all recipes.

mod contenders;
mod page;

use std::fmt;

use serde::Serialize;

pub use contenders::{Contender, contenders};

use super::candidate::Candidate;
use super::cross::{self, CrossScores, Plan, Spread, mean_and_deviation};
use super::dataset::{Dataset, Source};
use super::encode::EncodeError;
use super::features::Features;
use super::fit::Chosen;
use super::prepared::Data;
use super::split::Split;
use super::table::table;
use super::{Settings, TrainError, check_features, check_folds, choose};
use crate::model::recipe::ResolvedRecipe;

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

/// The quantile of Student's t that 95 of 100 lie within, by degrees of freedom from 1 on; those beyond
/// the last, from 2.23 down to 1.96, are taken as that.
const T: [f64; 10] = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];

/// A mean difference over folds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// 0 of the best.
    pub mean: f64,
    /// Of the mean: `deviation · √(1/k + 1/(k−1))`, since the folds' rows to fit overlap (Nadeau and
    /// Bengio, 2003).
    pub standard_error: f64,
}

impl Difference {
    fn of(scores: &Spread, best: &Spread) -> Self {
        let differences = scores.folds.iter().zip(&best.folds).map(|(score, best)| score - best);
        let differences: Vec<f64> = differences.collect();
        let (mean, deviation) = mean_and_deviation(&differences);
        let k = differences.len() as f64;
        Self { mean, standard_error: deviation * (1.0 / k + 1.0 / (k - 1.0)).sqrt() }
    }

    /// `−0.33 ± 0.41 %` or `−0.0033 ± 0.0041`
    fn show(&self, share: bool) -> String {
        let Self { mean, standard_error } = self;
        if share {
            format!("{:+.2} ± {:.2} %", 100.0 * mean, 100.0 * standard_error)
        } else {
            format!("{mean:+.4} ± {standard_error:.4}")
        }
    }

    /// Whether nothing is in the interval that holds the difference in 95 of 100 cases, by Student's t.
    fn may_be_chance(&self, folds: usize) -> bool {
        let freedom = folds.saturating_sub(1).clamp(1, T.len());
        self.mean.abs() <= T[freedom - 1] * self.standard_error
    }
}

/// Whether there can be a comparison, which is known before there are features: the parts of the data.
///
/// # Errors
/// As [`super::check`]; fewer texts that aren't held out than folds.
pub fn check(dataset: &Dataset, settings: &Settings) -> Result<Split, TrainError> {
    let split = super::check(dataset, settings)?;
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
        let scores = cross::cross_validate(dataset, data, &rows, plan, &mut || progress(None))?;
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

impl Comparison {
    /// Headers and a row a recipe.
    fn numbers<'a>(&self, best: &'a Outcome) -> ([&'a str; 6], Vec<Vec<String>>) {
        let [first, second] = [0, 1].map(|at| best.scores.scores[at].metric.as_str());
        let row = |outcome: &Outcome| {
            let [score, other] = [0, 1].map(|at| &outcome.scores.scores[at]);
            vec![
                outcome.contender.name(),
                outcome.columns.to_string(),
                outcome.strength.map_or("–".to_owned(), |strength| strength.to_string()),
                score.show(),
                other.show(),
                outcome.to_the_best.show(score.share),
            ]
        };
        let headers = ["recipe", "columns", "C", first, second, "to the best"];
        (headers, self.outcomes.iter().map(row).collect())
    }

    /// The recipes that chance alone may have put behind the best, each taken for itself.
    fn close_to_the_best(&self) -> impl Iterator<Item = &Outcome> {
        let close = |outcome: &&Outcome| {
            outcome.to_the_best.may_be_chance(outcome.scores.scores[0].folds.len())
        };
        self.outcomes.iter().skip(1).filter(close)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(best) = self.outcomes.first() else { return Ok(()) };
        let folds = best.scores.scores[0].folds.len();
        writeln!(
            f,
            "{}: {} rows in {folds} folds; those that train holds out took no part",
            self.data.file, self.rows
        )?;
        writeln!(f)?;
        let (headers, rows) = self.numbers(best);
        writeln!(f, "{}", table(&headers, &rows))?;
        writeln!(f)?;
        let given_up: usize = self.outcomes.iter().map(|of| of.scores.unconverged).sum();
        if given_up > 0 {
            writeln!(f, "{given_up} fits were given up before they converged")?;
        }
        write!(
            f,
            "± of a score: the standard deviation of the folds; of a difference: its standard error"
        )?;
        let close: Vec<String> = self.close_to_the_best().map(|of| of.contender.name()).collect();
        if !close.is_empty() {
            write!(f, "\nnot told apart from the best by these folds: {}", close.join("; "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
