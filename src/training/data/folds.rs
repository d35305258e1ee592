//! The folds of a cross-validation.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::dataset::Dataset;
use super::groups::stratify;

/// How rows are assigned to folds.
#[derive(Debug, Clone, Copy)]
pub struct Folds {
    /// At least 2.
    pub count: usize,
    /// Seed of the assignment.
    pub seed: u64,
}

impl Folds {
    /// The fold of each row. Each fold has about the same number of rows of every stratum. Rows of
    /// one group are in one fold, so that no row is scored by a fit that has seen one like it.
    pub fn assign(self, dataset: &Dataset) -> Vec<usize> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let mut folds = vec![0; dataset.rows.len()];
        // A stratum continues with the fold after the last one, so that folds have equal sizes.
        let mut next = 0;
        for mut groups in stratify(dataset) {
            groups.shuffle(&mut random);
            for rows in groups {
                rows.iter().for_each(|&row| folds[row] = next % self.count);
                next += 1;
            }
        }
        folds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::Targets;
    use crate::training::testing;

    #[test]
    fn folds_have_each_label_and_keep_groups_together() {
        // Texts 0 to 199, the first hundred twice; every fourth is of label 1.
        let texts: Vec<usize> = (0..200).chain(0..100).collect();
        let labels = texts.iter().map(|at| usize::from(at.is_multiple_of(4))).collect();
        let texts: Vec<String> = texts.iter().map(usize::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let dataset = testing::dataset(&texts, Targets::SingleLabel(labels));
        let folds = Folds { count: 5, seed: 1 }.assign(&dataset);
        for fold in 0..5 {
            let rows: Vec<usize> = (0..300).filter(|&row| folds[row] == fold).collect();
            assert!((50..=70).contains(&rows.len()), "{}", rows.len());
            let ones = dataset.targets.select(&rows).counts(2)[1];
            assert!((10..=20).contains(&ones), "{ones}");
        }
        assert!((0..100).all(|row| folds[row] == folds[200 + row]));
        assert_eq!(folds, Folds { count: 5, seed: 1 }.assign(&dataset));
        assert_ne!(folds, Folds { count: 5, seed: 2 }.assign(&dataset));
    }
}
