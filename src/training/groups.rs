//! Rows that belong together: those of one text, and among texts those that are labelled alike.

use std::collections::HashMap;

use super::dataset::Dataset;
use super::targets::Targets;

/// Into how many parts numbers are cut to tell like from unlike.
const RANGES: usize = 10;

/// The rows of one text, ascending.
pub type Group = Vec<usize>;

/// Texts by what their first row is labelled with, so that parts can be drawn evenly from each: its
/// label; of several the rarest; the tenth of all rows that a number lies in. In the order of the file.
pub fn strata(dataset: &Dataset) -> Vec<Vec<Group>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (at, row) in dataset.rows.iter().enumerate() {
        let place = *places.entry(&row.text).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    let of = kinds(dataset);
    let mut strata = vec![Vec::new(); of.iter().max().map_or(0, |most| most + 1)];
    for group in groups {
        strata[of[group[0]]].push(group);
    }
    strata
}

/// What each row is like.
fn kinds(dataset: &Dataset) -> Vec<usize> {
    let labels = dataset.labels.len();
    match &dataset.targets {
        Targets::One(rows) => rows.clone(),
        Targets::Several(rows) => {
            let counts = dataset.targets.counts(labels);
            let rarest = |row: &Vec<usize>| row.iter().copied().min_by_key(|&at| counts[at]);
            rows.iter().map(|row| rarest(row).unwrap_or(labels)).collect()
        }
        Targets::Number(rows) => {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.sort_by(|&a, &b| rows[a].total_cmp(&rows[b]));
            let mut kinds = vec![0; rows.len()];
            for (rank, row) in order.into_iter().enumerate() {
                kinds[row] = rank * RANGES / rows.len();
            }
            kinds
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::testing::dataset;

    #[test]
    fn rows_of_a_text_are_one_group_and_lie_with_their_like() {
        let one = dataset(&["a", "b", "a", "c"], Targets::One(vec![0, 1, 1, 1]));
        assert_eq!(strata(&one), [vec![vec![0, 2]], vec![vec![1], vec![3]]]);
        let several = vec![vec![0, 1], vec![0], vec![0], vec![]];
        let several = dataset(&["a", "b", "c", "d"], Targets::Several(several));
        assert_eq!(strata(&several), [vec![vec![1], vec![2]], vec![vec![0]], vec![vec![3]]]);
        let texts: Vec<String> = (0..20).map(|at| at.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let numbers = dataset(&texts, Targets::Number((0..20).map(|at| -f64::from(at)).collect()));
        assert_eq!(strata(&numbers)[0], [[18], [19]]);
        assert!(strata(&numbers).iter().all(|range| range.len() == 2));
    }
}
