//! What the rows of a label count in a fit.

use crate::training::data::Targets;

/// A label that no row has counts nothing.
pub fn balanced(y: &Targets, k: usize) -> Option<Vec<f64>> {
    let n = y.len() as f64;
    let rows: Vec<f64> = y.counts(k).into_iter().map(|rows| rows as f64).collect();
    match y {
        Targets::One(labels) => {
            Some(labels.iter().map(|&label| n / (k as f64 * rows[label])).collect())
        }
        Targets::Several(labels) => {
            let weight = |row: &Vec<usize>, label: usize| {
                n / (2.0 * if row.contains(&label) { rows[label] } else { n - rows[label] })
            };
            Some(labels.iter().flat_map(|row| (0..k).map(move |at| weight(row, at))).collect())
        }
        Targets::Number(_) => None,
    }
}
