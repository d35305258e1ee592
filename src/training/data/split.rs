//! Which rows are fitted, which choose settings, and which are held out to score the result.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::dataset::Dataset;
use super::groups::{Group, stratify};
use super::held_out::HELD_OUT_RULE;
use super::notes::Note;
use super::targets::Targets;

/// The share of each stratum's training texts that choose settings.
const VALIDATION_SHARE: f64 = 0.15;

/// Row numbers, ascending. All rows of a group are in the same part. In a single-label problem both
/// the fitted part and the validation part have a row of every label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Fitted with each setting.
    pub fitting: Vec<usize>,
    /// Used to choose a setting: 15 % of each label's texts that are not held out.
    pub validation: Vec<usize>,
    /// Used to score the result.
    pub held_out: Vec<usize>,
}

/// A part without the rows that it needs.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// A label without a row in the fitted part or in the validation part.
    #[error(
        "label {label:?} has {fitting} rows to fit and {validation} validation rows; each part needs one, \
         from a text without a rarer label ({HELD_OUT_RULE})"
    )]
    MissingLabel {
        /// Its name.
        label: String,
        /// Rows to fit.
        fitting: usize,
        /// Validation rows.
        validation: usize,
    },
    /// Too few rows for three parts.
    #[error(
        "{rows} rows have too few texts for a part to fit, a validation part and a held-out part \
         ({HELD_OUT_RULE}){}",
        match .note {
            Some(note) => format!("; {note}"),
            None => String::new(),
        }
    )]
    TooFewRows {
        /// Rows with a label that can be learned.
        rows: usize,
        /// What may be the reason.
        note: Option<Note>,
    },
}

impl Split {
    /// The seed decides which training rows are for validation, and nothing else.
    ///
    /// # Errors
    /// A part that would be empty or lack a label.
    pub fn new(dataset: &Dataset, seed: u64) -> Result<Self, SplitError> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut split = Self { fitting: vec![], validation: vec![], held_out: vec![] };
        for groups in stratify(dataset) {
            let (held_out, mut training): (Vec<Group>, Vec<Group>) =
                groups.into_iter().partition(|group| dataset.rows[group[0]].held_out);
            training.shuffle(&mut random);
            let share = (VALIDATION_SHARE * training.len() as f64).round() as usize;
            // A single text is fitted.
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
            let numbers = |note: &&Note| matches!(note, Note::NumericLabels(_));
            let note = dataset.notes.iter().find(numbers).cloned();
            return Err(SplitError::TooFewRows { rows: dataset.rows.len(), note });
        }
        // In a multi-label problem a part may lack a label: the last fit takes both parts.
        if let Targets::SingleLabel(_) = dataset.targets {
            let [fitting, validation] = [&self.fitting, &self.validation]
                .map(|part| dataset.targets.select(part).counts(dataset.labels.len()));
            for ((label, fitting), validation) in dataset.labels.iter().zip(fitting).zip(validation)
            {
                if fitting == 0 || validation == 0 {
                    let label = label.clone();
                    return Err(SplitError::MissingLabel { label, fitting, validation });
                }
            }
        }
        Ok(())
    }

    /// All rows that are not held out, ascending. The last fit uses them.
    pub fn training(&self) -> Vec<usize> {
        let mut rows = [self.fitting.as_slice(), &self.validation].concat();
        rows.sort_unstable();
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::is_held_out;
    use crate::training::testing;

    /// Texts `0` to `rows − 1`, every third of label `a`, the others of label `b`; then more
    /// with a third label.
    fn dataset(rows: usize, more: &[&str]) -> Dataset {
        let texts: Vec<String> = (0..rows).map(|at| at.to_string()).collect();
        let texts: Vec<&str> =
            texts.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let label = |at: usize| if at < rows { usize::from(!at.is_multiple_of(3)) } else { 2 };
        testing::dataset(&texts, Targets::SingleLabel((0..texts.len()).map(label).collect()))
    }

    #[test]
    fn every_row_is_in_one_part_and_every_label_in_each() {
        let dataset = dataset(900, &[]);
        let split = Split::new(&dataset, 0).unwrap();
        let mut all = [split.training(), split.held_out.clone()].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..900));
        assert!(split.held_out.iter().all(|&row| is_held_out(&dataset.rows[row].text)));
        for label in 0..2 {
            let with = |rows: &[usize]| dataset.targets.select(rows).counts(2)[label] as f64;
            let share = with(&split.validation) / with(&split.training());
            assert!((share - VALIDATION_SHARE).abs() < 0.01, "{share}");
        }
    }

    #[test]
    fn the_seed_decides_the_validation_part_alone() {
        let dataset = dataset(300, &[]);
        let (one, two) = (Split::new(&dataset, 1).unwrap(), Split::new(&dataset, 2).unwrap());
        assert_eq!(one, Split::new(&dataset, 1).unwrap());
        assert_ne!(one.validation, two.validation);
        assert_eq!(one.training(), two.training());
    }

    #[test]
    fn rows_of_a_text_are_in_one_part() {
        let texts: Vec<String> = (0..400).map(|at| (at % 100).to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let labels = (0..400).map(|at| usize::from(at % 4 == 0)).collect();
        let split = Split::new(&testing::dataset(&texts, Targets::SingleLabel(labels)), 0).unwrap();
        for part in [&split.fitting, &split.validation, &split.held_out] {
            assert!(!part.is_empty() && part.len().is_multiple_of(4), "{}", part.len());
            assert!(part.iter().all(|row| part.contains(&((row + 100) % 400))));
        }
    }

    #[test]
    fn a_part_without_a_label_is_refused() {
        let with = |texts: &[&str]| Split::new(&dataset(60, texts), 0);
        assert!(with(&["1 c", "2 c", "3 c"]).is_ok());
        // None of its rows is held out.
        assert!(with(&["2 c", "3 c"]).is_ok());
        let one = with(&["1 c", "2 c"]).unwrap_err().to_string();
        assert!(one.starts_with("label \"c\" has 1 rows to fit and 0 validation rows"), "{one}");
    }

    #[test]
    fn a_part_may_lack_a_label_in_a_multi_label_problem_but_may_not_be_empty() {
        let texts: Vec<String> = (0..60).map(|at| at.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let split = |targets| Split::new(&testing::dataset(&texts[..], targets), 0);
        // 8 is held out, and alone has the second label.
        let rows = (0..60).map(|at| if at == 8 { vec![1] } else { vec![0] });
        assert!(split(Targets::MultiLabel(rows.collect())).is_ok());
        assert!(split(Targets::Regression((0..60).map(f64::from).collect())).is_ok());
        let few = testing::dataset(&texts[1..4], Targets::Regression(vec![1.0, 2.0, 3.0]));
        let refused = Split::new(&few, 0).unwrap_err().to_string();
        assert!(refused.starts_with("3 rows have too few texts"), "{refused}");
        let notes = vec![Note::NumericLabels(3)];
        let refused = Split::new(&Dataset { notes, ..few }, 0).unwrap_err().to_string();
        assert!(refused.contains("; all 3 labels are numbers; --problem-type regr"), "{refused}");
    }
}
