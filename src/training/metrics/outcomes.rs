//! What was right and what was wrong in each row: the basis of F1, precision and recall, and of their
//! intervals.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::label_counts::LabelCounts;

/// Samples of a bootstrap (Efron, 1979).
const SAMPLES: usize = 1_000;

/// The same rows always give the same interval.
const SEED: u64 = 0;

/// For each row its labels that are actual or predicted. All others are neither.
pub struct Outcomes {
    pub rows: Vec<Vec<Outcome>>,
    /// `k`
    pub labels: usize,
}

/// A label that a row has, or that is predicted for it, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub label: usize,
    pub actual: bool,
    pub predicted: bool,
}

impl Outcomes {
    /// Counts of each label, over all rows.
    pub fn counts(&self) -> Vec<LabelCounts> {
        self.count(0..self.rows.len())
    }

    fn count(&self, rows: impl Iterator<Item = usize>) -> Vec<LabelCounts> {
        let mut counts = vec![LabelCounts::default(); self.labels];
        let mut n = 0;
        for row in rows {
            n += 1;
            for &Outcome { label, actual, predicted } in &self.rows[row] {
                counts[label].add(actual, predicted);
            }
        }
        counts.iter_mut().for_each(|count| count.true_negatives = n - count.listed());
        counts
    }

    /// The 95 % interval of a score of counts: from the 2.5th to the 97.5th percentile over samples of
    /// as many rows, drawn with replacement.
    pub fn interval(&self, score: impl Fn(&[LabelCounts]) -> f64) -> [f64; 2] {
        let n = self.rows.len();
        bootstrap(n, |random| score(&self.count((0..n).map(|_| random.random_range(0..n)))))
    }
}

/// The middle 95 % of a score over samples of `n` rows; `sample` draws one and scores it.
pub fn bootstrap(n: usize, mut sample: impl FnMut(&mut StdRng) -> f64) -> [f64; 2] {
    let mut random = StdRng::seed_from_u64(SEED ^ n as u64);
    let mut scores: Vec<f64> = (0..SAMPLES).map(|_| sample(&mut random)).collect();
    scores.sort_by(f64::total_cmp);
    [0.025, 0.975].map(|share| scores[(share * (SAMPLES - 1) as f64).round() as usize])
}

/// The 95 % interval of a share, `correct` of `n ≥ 1` rows (Wilson, 1927). It also says something where
/// all rows or none are correct.
pub fn wilson(correct: usize, n: usize) -> [f64; 2] {
    /// The 97.5 % quantile of the normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    let (n, share) = (n as f64, correct as f64 / n as f64);
    let weight = 1.0 + Z * Z / n;
    let centre = (share + Z * Z / (2.0 * n)) / weight;
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / weight;
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_share_is_that_of_scipy() {
        // scipy 1.17: binomtest(correct, n).proportion_ci(method="wilson")
        for (correct, n, expected) in [
            (80, 100, [0.711_170_834_406_841, 0.866_633_066_668_967]),
            (10, 10, [0.722_467_200_137_111, 1.0]),
            (0, 5, [0.0, 0.434_482_464_783_175]),
        ] {
            let found = wilson(correct, n);
            assert!((found[0] - expected[0]).abs() < 1e-12, "{found:?}");
            assert!((found[1] - expected[1]).abs() < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn the_bootstrap_of_a_share_is_near_the_interval_of_that_share() {
        let hit = |at: usize| Outcome { label: 0, actual: true, predicted: !at.is_multiple_of(5) };
        let outcomes = Outcomes { rows: (0..500).map(|at| vec![hit(at)]).collect(), labels: 1 };
        let recall = |counts: &[LabelCounts]| counts[0].recall().unwrap();
        let found = outcomes.interval(recall);
        let expected = wilson(400, 500);
        assert!((found[0] - expected[0]).abs() < 0.01, "{found:?} {expected:?}");
        assert!((found[1] - expected[1]).abs() < 0.01, "{found:?} {expected:?}");
        assert_eq!(found, outcomes.interval(recall));
    }

    #[test]
    fn what_is_not_listed_is_neither_actual_nor_predicted() {
        let outcome = |actual, predicted| Outcome { label: 1, actual, predicted };
        let rows = vec![vec![outcome(true, false)], vec![], vec![outcome(false, true)], vec![]];
        let counts = Outcomes { rows, labels: 2 }.counts();
        assert_eq!(counts[0], LabelCounts { true_negatives: 4, ..LabelCounts::default() });
        let LabelCounts { true_positives, false_positives, false_negatives, true_negatives } =
            counts[1];
        assert_eq!(
            [true_positives, false_positives, false_negatives, true_negatives],
            [0, 1, 1, 2]
        );
    }
}
