//! Rows that belong together form a group; groups with like labels form a stratum.

use std::collections::HashMap;

use super::dataset::Dataset;
use super::targets::Targets;

/// Strata of a regression: deciles of the numbers.
const DECILES: usize = 10;

/// The rows of a group, ascending.
pub type Group = Vec<usize>;

/// Groups by stratum, so that parts can be drawn from each stratum in the same proportion. The
/// stratum of a group is the rarest of its labels, or the decile of its number. Groups are in the
/// order of the file.
pub fn stratify(dataset: &Dataset) -> Vec<Vec<Group>> {
    let mut index: HashMap<usize, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (at, row) in dataset.rows.iter().enumerate() {
        let group = *index.entry(row.group).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    let stratum_of_group = stratum_indices(dataset, &groups);
    let mut stratified = vec![Vec::new(); stratum_of_group.iter().max().map_or(0, |last| last + 1)];
    for (group, stratum) in groups.into_iter().zip(stratum_of_group) {
        stratified[stratum].push(group);
    }
    stratified
}

/// The stratum of each group.
fn stratum_indices(dataset: &Dataset, groups: &[Group]) -> Vec<usize> {
    let Dataset { targets, labels, .. } = dataset;
    if let Targets::Regression(rows) = targets {
        return deciles(rows, groups);
    }
    let counts = targets.counts(labels.len());
    let rarest = |group: &Group| {
        let group_labels = group.iter().flat_map(|&row| targets.row_labels(row)).copied();
        let known = group_labels.filter(|&label| label < labels.len());
        known.min_by_key(|&label| counts[label]).unwrap_or(labels.len())
    };
    groups.iter().map(rarest).collect()
}

/// The decile of each group, by the number of its first row.
fn deciles(rows: &[f64], groups: &[Group]) -> Vec<usize> {
    let number = |group: usize| rows[groups[group][0]];
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|&a, &b| number(a).total_cmp(&number(b)));
    let mut deciles = vec![0; groups.len()];
    for (rank, group) in order.into_iter().enumerate() {
        deciles[group] = rank * DECILES / groups.len();
    }
    deciles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::testing::dataset;

    #[test]
    fn rows_of_a_text_are_one_group_in_the_stratum_of_its_rarest_label() {
        let one = dataset(&["a", "b", "a", "c"], Targets::SingleLabel(vec![0, 1, 1, 1]));
        assert_eq!(stratify(&one), [vec![vec![0, 2]], vec![vec![1], vec![3]]]);
        // A text with two labels belongs to the rarer one.
        let odd = dataset(&["a", "b", "a", "c"], Targets::SingleLabel(vec![1, 1, 0, 1]));
        assert_eq!(stratify(&odd), [vec![vec![0, 2]], vec![vec![1], vec![3]]]);
        let several = vec![vec![0, 1], vec![0], vec![0], vec![]];
        let several = dataset(&["a", "b", "c", "d"], Targets::MultiLabel(several));
        assert_eq!(stratify(&several), [vec![vec![1], vec![2]], vec![vec![0]], vec![vec![3]]]);
        let texts: Vec<String> = (0..20).map(|at| at.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let numbers =
            dataset(&texts, Targets::Regression((0..20).map(|at| -f64::from(at)).collect()));
        assert_eq!(stratify(&numbers)[0], [[18], [19]]);
        assert!(stratify(&numbers).iter().all(|range| range.len() == 2));
    }
}
