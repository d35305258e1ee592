//! Which rows are fitted, which choose settings, and which are held out to score the result.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::dataset::Dataset;
use super::groups::{Group, strata};
use super::held_out::HELD_OUT_RULE;
use super::held_out::is_held_out;
use super::targets::Targets;

/// The share of each label's texts to train on that chooses settings.
const VALIDATION_SHARE: f64 = 0.15;

/// Row numbers, ascending. Each row is in one part, with all others of its text. Where one label holds,
/// every one is among the rows to fit and among those to choose settings by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What each setting is fitted to.
    pub fitting: Vec<usize>,
    /// What chooses between them: 15 % of each label's texts that are not held out.
    pub validation: Vec<usize>,
    /// What scores the result.
    pub held_out: Vec<usize>,
}

/// A part that would lack something.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// A label from the rows to fit, or from those to choose by.
    #[error(
        "of the rows labelled {label:?} there are {fitting} to fit and {validation} to choose settings \
         by; each part needs one, from texts of which no row has a rarer label ({HELD_OUT_RULE})"
    )]
    Missing {
        /// Which.
        label: String,
        /// Rows to fit.
        fitting: usize,
        /// Rows to choose settings by.
        validation: usize,
    },
    /// Too few rows for three parts.
    #[error(
        "{0} rows have too few texts to fit, to choose settings by and to hold out ({HELD_OUT_RULE})"
    )]
    TooFew(usize),
}

impl Split {
    /// The seed decides which training rows are for validation, and nothing else.
    ///
    /// # Errors
    /// A part that would be empty or lack a label.
    pub fn of(dataset: &Dataset, seed: u64) -> Result<Self, SplitError> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut split = Self { fitting: vec![], validation: vec![], held_out: vec![] };
        for groups in strata(dataset) {
            let (held_out, mut training): (Vec<Group>, Vec<Group>) =
                groups.into_iter().partition(|group| is_held_out(&dataset.rows[group[0]].text));
            training.shuffle(&mut random);
            let share = (VALIDATION_SHARE * training.len() as f64).round() as usize;
            // One text alone is fitted.
            let fitting = training.split_off(share.max(1).min(training.len().saturating_sub(1)));
            split.fitting.extend(fitting.concat());
            split.validation.extend(training.concat());
            split.held_out.extend(held_out.concat());
        }
        for part in [&mut split.fitting, &mut split.validation, &mut split.held_out] {
            part.sort_unstable();
        }
        split.check(dataset)?;
        Ok(split)
    }

    fn check(&self, dataset: &Dataset) -> Result<(), SplitError> {
        if [&self.fitting, &self.validation, &self.held_out].iter().any(|part| part.is_empty()) {
            return Err(SplitError::TooFew(dataset.rows.len()));
        }
        // Of several labels that may hold one may be missing here; the last fit takes both parts.
        if let Targets::One(_) = dataset.targets {
            let [fitting, validation] = [&self.fitting, &self.validation]
                .map(|part| dataset.targets.of(part).counts(dataset.labels.len()));
            for ((label, fitting), validation) in dataset.labels.iter().zip(fitting).zip(validation)
            {
                if fitting == 0 || validation == 0 {
                    let label = label.clone();
                    return Err(SplitError::Missing { label, fitting, validation });
                }
            }
        }
        Ok(())
    }

    /// All rows that are not held out, ascending: what is fitted with the chosen settings.
    pub fn training(&self) -> Vec<usize> {
        let mut rows = [self.fitting.as_slice(), &self.validation].concat();
        rows.sort_unstable();
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::testing;

    /// Texts `0` to `rows − 1`, every third of label `a`, the others of label `b`; then more of a label
    /// of their own.
    fn dataset(rows: usize, more: &[&str]) -> Dataset {
        let texts: Vec<String> = (0..rows).map(|at| at.to_string()).collect();
        let texts: Vec<&str> =
            texts.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let label = |at: usize| if at < rows { usize::from(!at.is_multiple_of(3)) } else { 2 };
        testing::dataset(&texts, Targets::One((0..texts.len()).map(label).collect()))
    }

    #[test]
    fn every_row_is_in_one_part_and_every_label_in_each() {
        let dataset = dataset(900, &[]);
        let split = Split::of(&dataset, 0).unwrap();
        let mut all = [split.training(), split.held_out.clone()].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..900));
        assert!(split.held_out.iter().all(|&row| is_held_out(&dataset.rows[row].text)));
        for label in 0..2 {
            let with = |rows: &[usize]| dataset.targets.of(rows).counts(2)[label] as f64;
            let share = with(&split.validation) / with(&split.training());
            assert!((share - VALIDATION_SHARE).abs() < 0.01, "{share}");
        }
    }

    #[test]
    fn the_seed_decides_the_validation_part_alone() {
        let dataset = dataset(300, &[]);
        let (one, two) = (Split::of(&dataset, 1).unwrap(), Split::of(&dataset, 2).unwrap());
        assert_eq!(one, Split::of(&dataset, 1).unwrap());
        assert_ne!(one.validation, two.validation);
        assert_eq!(one.training(), two.training());
    }

    #[test]
    fn rows_of_a_text_are_in_one_part() {
        let texts: Vec<String> = (0..400).map(|at| (at % 100).to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let labels = (0..400).map(|at| usize::from(at % 4 == 0)).collect();
        let split = Split::of(&testing::dataset(&texts, Targets::One(labels)), 0).unwrap();
        for part in [&split.fitting, &split.validation, &split.held_out] {
            assert!(!part.is_empty() && part.len().is_multiple_of(4), "{}", part.len());
            assert!(part.iter().all(|row| part.contains(&((row + 100) % 400))));
        }
    }

    #[test]
    fn a_label_that_a_part_would_lack_is_refused() {
        let with = |texts: &[&str]| Split::of(&dataset(60, texts), 0);
        assert!(with(&["1 c", "2 c", "3 c"]).is_ok());
        // Nothing of it is held out.
        assert!(with(&["2 c", "3 c"]).is_ok());
        let one = with(&["1 c", "2 c"]).unwrap_err().to_string();
        assert!(one.starts_with("of the rows labelled \"c\" there are 1 to fit and 0 to"), "{one}");
    }

    #[test]
    fn of_several_labels_one_may_be_missing_and_of_numbers_there_must_be_enough() {
        let texts: Vec<String> = (0..60).map(|at| at.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let of = |targets| Split::of(&testing::dataset(&texts[..], targets), 0);
        // 8 is held out, and alone has the second label.
        let rows = (0..60).map(|at| if at == 8 { vec![1] } else { vec![0] });
        assert!(of(Targets::Several(rows.collect())).is_ok());
        assert!(of(Targets::Number((0..60).map(f64::from).collect())).is_ok());
        let few = testing::dataset(&texts[1..4], Targets::Number(vec![1.0, 2.0, 3.0]));
        let refused = Split::of(&few, 0).unwrap_err().to_string();
        assert!(refused.starts_with("3 rows have too few texts"), "{refused}");
    }
}
