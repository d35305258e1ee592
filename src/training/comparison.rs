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
use super::features::Features;
use super::fit::Chosen;
use super::prepared::Data;
use super::split::Split;
use super::table::table;
use super::{Decision, Settings, TrainError, check, choose};
use crate::model::recipe::ResolvedRecipe;

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

    /// Whether it is less than chance may make it: two standard errors.
    pub fn is_small(&self) -> bool {
        self.mean.abs() <= 2.0 * self.standard_error
    }
}

/// Scores each contender. `features` gives what a recipe makes of every row of `dataset`; `progress`
/// hears the name of the one that is next and, with nothing, that a fit is done: one for the choice of
/// settings, then one a fold.
///
/// # Errors
/// As [`train`](super::train).
pub fn compare(
    dataset: &Dataset,
    entrants: &[(Contender, Candidate)],
    features: &dyn Fn(&ResolvedRecipe) -> Features,
    (settings, folds): (&Settings, usize),
    progress: &mut dyn FnMut(Option<&str>),
) -> Result<Comparison, TrainError> {
    let split = Split::of(dataset, settings.seed)?;
    let rows = split.training();
    let taking_part = dataset.of(&rows);
    let mut outcomes = Vec::with_capacity(entrants.len());
    for (contender, candidate) in entrants {
        progress(Some(&contender.name()));
        let features = features(&candidate.reads);
        check(dataset, &features, settings)?;
        let data = Data {
            features: &features,
            targets: &dataset.targets,
            outputs: dataset.labels.len(),
            class_weights: settings.class_weights,
            layers: candidate.layers,
        };
        let (found, decision) = choose(data, &split, settings, &mut |_| ())?;
        progress(None);
        let Decision { calibration, thresholds } = decision;
        let plan = Plan {
            folds,
            seed: settings.seed,
            chosen: found.chosen,
            temperature: calibration.map_or(1.0, |calibration| calibration.temperature),
            thresholds: thresholds.as_deref(),
        };
        let (features, targets) = (features.of(&rows), &taking_part.targets);
        let data = Data { features: &features, targets, ..data };
        let scores = cross::cross_validate(&taking_part, data, plan, &mut || progress(None))?;
        outcomes.push(Outcome {
            contender: contender.clone(),
            columns: candidate.reads.dimensions / candidate.layers.unwrap_or(1),
            strength: match found.chosen {
                Chosen::Linear { strength } => Some(strength),
                Chosen::Hidden { .. } => None,
            },
            scores,
            to_the_best: Difference { mean: 0.0, standard_error: 0.0 },
        });
    }
    let mut layers: Vec<String> = entrants.iter().map(|(of, _)| of.layers.clone()).collect();
    layers.dedup();
    Ok(Comparison {
        data: dataset.source.clone(),
        rows: rows.len(),
        seed: settings.seed,
        layers,
        outcomes: ranked(outcomes),
    })
}

/// Best first, each with its difference to the best.
fn ranked(mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
    outcomes.sort_by(|a, b| b.scores.scores[0].mean.total_cmp(&a.scores.scores[0].mean));
    if let Some(best) = outcomes.first().map(|best| best.scores.scores[0].clone()) {
        for outcome in &mut outcomes {
            outcome.to_the_best = Difference::of(&outcome.scores.scores[0], &best);
        }
    }
    outcomes
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

    /// The recipes that chance alone may have put behind the best.
    pub fn close_to_the_best(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().skip(1).filter(|outcome| outcome.to_the_best.is_small())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(best) = self.outcomes.first() else { return Ok(()) };
        let folds = best.scores.scores[0].folds.len();
        writeln!(
            f,
            "{}: {} rows in {folds} folds, none of those held out",
            self.data.file, self.rows
        )?;
        writeln!(f)?;
        let (headers, rows) = self.numbers(best);
        writeln!(f, "{}", table(&headers, &rows))?;
        writeln!(f)?;
        write!(
            f,
            "± of a score: the standard deviation of the folds; of a difference: its standard error"
        )?;
        let close: Vec<String> = self.close_to_the_best().map(|of| of.contender.name()).collect();
        if !close.is_empty() {
            write!(f, "\nless than two standard errors behind the best: {}", close.join("; "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
