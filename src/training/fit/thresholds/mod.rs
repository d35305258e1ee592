//! The probability from which each label of a multi-label problem is predicted.
//!
//! A label's own threshold is that with its best F1, which is noise for a rare label: one row that ranks
//! low lets hundreds of others through. So own thresholds are cross-validated (SCutFBR: Fan and Lin, A
//! Study on Threshold Selection for Multi-label Classification, 2007), drawn towards one threshold that
//! all labels share, and used only if they score better on rows that they weren't chosen on.

use serde::{Deserialize, Serialize};

use crate::model::head::{DEFAULT_THRESHOLD, is_predicted};
use crate::training::fit::best_threshold::{BestThreshold, best_threshold};
use crate::training::logits::sigmoid;
use crate::training::metrics::{LabelCounts, macro_f1, micro_f1};

/// Rows that a label needs for a threshold of its own.
const MIN_POSITIVES: usize = 20;

/// The best F1 that a label needs for a threshold of its own: the "fbr" of SCutFBR.
const MIN_F1: f64 = 0.4;

/// The shared threshold counts as much as this many rows of the label.
const PRIOR_ROWS: f64 = 30.0;

/// How thresholds were chosen, the simplest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdRule {
    /// 0.5 for all labels.
    Half,
    /// One threshold for all labels, with the best micro F1.
    Shared,
    /// A threshold of its own for each label that has enough rows and is found well enough.
    PerLabel,
}

impl ThresholdRule {
    const ALL: [Self; 3] = [Self::Half, Self::Shared, Self::PerLabel];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Half => "0.5 for all labels",
            Self::Shared => "one for all labels",
            Self::PerLabel => "one per label",
        }
    }
}

/// How the thresholds of a head were chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThresholdChoice {
    /// The best rule.
    pub rule: ThresholdRule,
    /// The threshold that all labels share by [`ThresholdRule::Shared`].
    pub shared: f32,
    /// Everything that was tried, in order.
    pub tried: Vec<ThresholdTrial>,
}

/// A rule that was tried, and its scores out of fold: each fold has thresholds of the others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ThresholdTrial {
    /// The rule.
    pub rule: ThresholdRule,
    /// F1 over all pairs of row and label.
    pub micro_f1: f64,
    /// The mean of the labels' F1.
    pub macro_f1: f64,
}

/// Probabilities out of fold, and what is right.
#[derive(Debug)]
pub struct Probabilities<'a> {
    /// `(n,k)`
    values: Vec<f32>,
    labels: &'a [Vec<usize>],
    folds: &'a [usize],
    k: usize,
}

/// The thresholds `(k)` by the rule with the largest sum of micro and macro F1 out of fold; of equally
/// good rules by the simplest. `logits (n,k)` after temperature, the labels and the fold of each row.
pub fn choose(
    logits: &[f64],
    labels: &[Vec<usize>],
    folds: &[usize],
) -> (Vec<f32>, ThresholdChoice) {
    let values = logits.iter().map(|&z| sigmoid(z) as f32).collect();
    let rows = Probabilities { values, labels, folds, k: logits.len() / labels.len() };
    let all: Vec<usize> = (0..labels.len()).collect();
    let tried = ThresholdRule::ALL.map(|rule| rows.score(rule));
    let sum = |trial: &ThresholdTrial| trial.micro_f1 + trial.macro_f1;
    let better = |best: ThresholdTrial, next: ThresholdTrial| {
        if sum(&next) > sum(&best) { next } else { best }
    };
    let rule = tried.into_iter().fold(tried[0], better).rule;
    let shared = rows.thresholds(ThresholdRule::Shared, &all)[0];
    (rows.thresholds(rule, &all), ThresholdChoice { rule, shared, tried: tried.to_vec() })
}

impl Probabilities<'_> {
    fn score(&self, rule: ThresholdRule) -> ThresholdTrial {
        let mut counts = vec![LabelCounts::default(); self.k];
        for fold in self.fold_numbers(&(0..self.labels.len()).collect::<Vec<_>>()) {
            let (scored, others): (Vec<usize>, Vec<usize>) =
                (0..self.labels.len()).partition(|&row| self.folds[row] == fold);
            let thresholds = self.thresholds(rule, &others);
            for row in scored {
                for (label, counts) in counts.iter_mut().enumerate() {
                    let (probability, actual) = self.pair(row, label);
                    counts.add(actual, is_predicted(probability, label, Some(&thresholds)));
                }
            }
        }
        ThresholdTrial { rule, micro_f1: micro_f1(&counts), macro_f1: macro_f1(&counts) }
    }

    /// The thresholds by a rule, from these rows.
    fn thresholds(&self, rule: ThresholdRule, rows: &[usize]) -> Vec<f32> {
        let shared = || {
            let label = |label| rows.iter().map(move |&row| self.pair(row, label));
            best_threshold((0..self.k).flat_map(label).collect()).threshold
        };
        match rule {
            ThresholdRule::Half => vec![DEFAULT_THRESHOLD; self.k],
            ThresholdRule::Shared => vec![shared(); self.k],
            ThresholdRule::PerLabel => {
                let shared = shared();
                (0..self.k).map(|label| self.own(label, rows, shared)).collect()
            }
        }
    }

    /// A label's own threshold, drawn towards `shared`: the mean, over folds, of the thresholds with
    /// the best F1 on the rows of the other folds. The shared one, if the label has too few rows or
    /// its best F1 is too low. Thresholds are averaged as logits.
    fn own(&self, label: usize, rows: &[usize], shared: f32) -> f32 {
        let positives = rows.iter().filter(|&&row| self.pair(row, label).1).count();
        if positives < MIN_POSITIVES {
            return shared;
        }
        let without = |fold: usize| {
            let others = rows.iter().filter(|&&row| self.folds[row] != fold);
            best_threshold(others.map(|&row| self.pair(row, label)).collect())
        };
        let found: Vec<BestThreshold> = self.fold_numbers(rows).into_iter().map(without).collect();
        let mean = |value: fn(&BestThreshold) -> f64| {
            found.iter().map(value).sum::<f64>() / found.len() as f64
        };
        if mean(|best| best.f1) < MIN_F1 {
            return shared;
        }
        let own = mean(|best| logit(best.threshold));
        let weight = positives as f64 / (positives as f64 + PRIOR_ROWS);
        sigmoid(weight * own + (1.0 - weight) * logit(shared)) as f32
    }

    /// The folds that these rows are in.
    fn fold_numbers(&self, rows: &[usize]) -> Vec<usize> {
        let mut numbers: Vec<usize> = rows.iter().map(|&row| self.folds[row]).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// A label's probability, and whether the row has it.
    fn pair(&self, row: usize, label: usize) -> (f32, bool) {
        (self.values[row * self.k + label], self.labels[row].contains(&label))
    }
}

/// `ln (p / (1 − p))`, of a probability that is kept away from 0 and 1.
fn logit(probability: f32) -> f64 {
    let p = f64::from(probability).clamp(1e-9, 1.0 - 1e-9);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests;
