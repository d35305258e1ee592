//! Rows that belong together: those of one text, and among texts those that are labelled alike.

use std::collections::HashMap;

use super::dataset::Dataset;
use super::targets::Targets;

/// Into how many parts numbers are cut to tell like from unlike.
const RANGES: usize = 10;

/// The rows of one text, ascending.
pub type Group = Vec<usize>;

/// Texts by what they are labelled with, so that parts can be drawn evenly from each: by the rarest of
/// their rows' labels, or by the tenth of all rows that a number lies in. In the order of the file.
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
    let kinds = kinds(dataset, &groups);
    let mut strata = vec![Vec::new(); kinds.iter().max().map_or(0, |most| most + 1)];
    for (group, kind) in groups.into_iter().zip(kinds) {
        strata[kind].push(group);
    }
    strata
}

/// What each group is like.
fn kinds(dataset: &Dataset, groups: &[Group]) -> Vec<usize> {
    let Dataset { targets, labels, .. } = dataset;
    if let Targets::Number(rows) = targets {
        let number = |group: usize| rows[groups[group][0]];
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_by(|&a, &b| number(a).total_cmp(&number(b)));
        let mut kinds = vec![0; groups.len()];
        for (rank, group) in order.into_iter().enumerate() {
            kinds[group] = rank * RANGES / groups.len();
        }
        return kinds;
    }
    let counts = targets.counts(labels.len());
    let rarest = |group: &Group| {
        let all = group.iter().flat_map(|&row| targets.labels_of(row)).copied();
        all.min_by_key(|&label| counts[label]).unwrap_or(labels.len())
    };
    groups.iter().map(rarest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::testing::dataset;

    #[test]
    fn rows_of_a_text_are_one_group_and_lie_with_their_like() {
        let one = dataset(&["a", "b", "a", "c"], Targets::One(vec![0, 1, 1, 1]));
        assert_eq!(strata(&one), [vec![vec![0, 2]], vec![vec![1], vec![3]]]);
        // A text with two labels is one of the rarer.
        let odd = dataset(&["a", "b", "a", "c"], Targets::One(vec![1, 1, 0, 1]));
        assert_eq!(strata(&odd), [vec![vec![0, 2]], vec![vec![1], vec![3]]]);
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
