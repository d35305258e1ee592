//! Balanced class weights.

use crate::training::data::Targets;

/// The weight of each row `(n)`, or in a multi-label problem of each row and label `(n,k)`; see
/// [`ClassWeights::Balanced`](crate::training::ClassWeights). None for a regression.
pub fn balanced_weights(targets: &Targets, k: usize) -> Option<Vec<f64>> {
    let n = targets.len() as f64;
    let rows: Vec<f64> = targets.counts(k).into_iter().map(|rows| rows as f64).collect();
    match targets {
        Targets::SingleLabel(labels) => {
            Some(labels.iter().map(|&label| n / (k as f64 * rows[label])).collect())
        }
        Targets::MultiLabel(labels) => {
            let weight = |row: &Vec<usize>, label: usize| {
                n / (2.0 * if row.contains(&label) { rows[label] } else { n - rows[label] })
            };
            let row_weights = |row| (0..k).map(move |label| weight(row, label));
            Some(labels.iter().flat_map(row_weights).collect())
        }
        Targets::Regression(_) => None,
    }
}
