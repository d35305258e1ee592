//! Which rows are fitted, which choose the strength, and which are held out to score the result.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use sha2::{Digest, Sha256};

use super::dataset::Dataset;

/// The rule in words, for `head.json`.
pub const HELD_OUT_RULE: &str =
    "held out where the first byte of the SHA-256 of the trimmed text (UTF-8) is below 51";

/// A fifth of the texts, the same ones in any language: 51 of the 256 values of a byte.
const HELD_OUT_BELOW: u8 = 51;

/// The share of each label's training rows that chooses the strength.
const VALIDATION_SHARE: f64 = 0.15;

/// Row numbers, ascending. Each row is in one part, and each part has rows of every label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What each strength is fitted to.
    pub fitting: Vec<usize>,
    /// What chooses between strengths: 15 % of each label's rows that are not held out.
    pub validation: Vec<usize>,
    /// What scores the result.
    pub held_out: Vec<usize>,
}

/// A label that would be missing from a part.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// From the rows held out.
    #[error(
        "none of the {rows} rows labelled {label:?} is held out, so the label cannot be scored: \
         more rows are needed ({HELD_OUT_RULE})"
    )]
    NotHeldOut {
        /// Which.
        label: String,
        /// How many rows have it.
        rows: usize,
    },
    /// From the rows to fit, or from those to choose the strength by.
    #[error(
        "only {training} of the {rows} rows labelled {label:?} can be trained on, the rest are \
         held out; at least two are needed, one to fit and one to choose the strength by"
    )]
    TooFewToTrain {
        /// Which.
        label: String,
        /// How many rows have it.
        rows: usize,
        /// How many of them are not held out.
        training: usize,
    },
}

impl Split {
    /// The seed decides which training rows are for validation, and nothing else.
    ///
    /// # Errors
    /// A part that would lack a label.
    pub fn of(dataset: &Dataset, seed: u64) -> Result<Self, SplitError> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut split = Self { fitting: vec![], validation: vec![], held_out: vec![] };
        for (index, label) in dataset.labels.iter().enumerate() {
            let rows = (0..dataset.rows.len()).filter(|&row| dataset.rows[row].label == index);
            let (held_out, mut training): (Vec<usize>, Vec<usize>) =
                rows.partition(|&row| is_held_out(&dataset.rows[row].text));
            let rows = held_out.len() + training.len();
            if held_out.is_empty() {
                return Err(SplitError::NotHeldOut { label: label.clone(), rows });
            }
            if training.len() < 2 {
                let training = training.len();
                return Err(SplitError::TooFewToTrain { label: label.clone(), rows, training });
            }
            training.shuffle(&mut random);
            let share = (VALIDATION_SHARE * training.len() as f64).round() as usize;
            let fitting = training.split_off(share.max(1));
            split.fitting.extend(fitting);
            split.validation.extend(training);
            split.held_out.extend(held_out);
        }
        for part in [&mut split.fitting, &mut split.validation, &mut split.held_out] {
            part.sort_unstable();
        }
        Ok(split)
    }

    /// All rows that are not held out, ascending: what the chosen strength is fitted to again.
    pub fn training(&self) -> Vec<usize> {
        let mut rows = [self.fitting.as_slice(), &self.validation].concat();
        rows.sort_unstable();
        rows
    }
}

/// See [`HELD_OUT_RULE`].
pub fn is_held_out(text: &str) -> bool {
    Sha256::digest(text.trim())[0] < HELD_OUT_BELOW
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::dataset::{Row, Source};

    /// Texts `0` to `rows − 1`, every third of label 0.
    fn dataset(rows: usize) -> Dataset {
        let row =
            |at: usize| Row { text: at.to_string(), label: usize::from(!at.is_multiple_of(3)) };
        let source = Source { file: String::new(), sha256: String::new(), header: false };
        let labels = ["third", "other"].map(str::to_owned).into();
        Dataset { rows: (0..rows).map(row).collect(), labels, source }
    }

    #[test]
    fn a_text_is_held_out_by_the_first_byte_of_its_sum() {
        // As sha256sum has it: 32… is the last that is held out, 33… the first that is not.
        for (text, held_out) in [("996", true), ("107", false), ("8", true), ("1", false)] {
            assert_eq!(is_held_out(text), held_out, "{text}");
            assert_eq!(is_held_out(&format!(" {text}\r\n")), held_out, "{text}");
        }
    }

    #[test]
    fn every_row_is_in_one_part_and_every_label_in_each() {
        let dataset = dataset(900);
        let split = Split::of(&dataset, 0).unwrap();
        let mut all = [split.training(), split.held_out.clone()].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..900));
        assert!(split.held_out.iter().all(|&row| is_held_out(&dataset.rows[row].text)));
        for label in 0..2 {
            let with = |rows: &[usize]| {
                rows.iter().filter(|&&row| dataset.rows[row].label == label).count() as f64
            };
            let share = with(&split.validation) / with(&split.training());
            assert!((share - VALIDATION_SHARE).abs() < 0.01, "{share}");
        }
    }

    #[test]
    fn the_seed_decides_the_validation_part_alone() {
        let dataset = dataset(300);
        let (one, two) = (Split::of(&dataset, 1).unwrap(), Split::of(&dataset, 2).unwrap());
        assert_eq!(one, Split::of(&dataset, 1).unwrap());
        assert_ne!(one.validation, two.validation);
        assert_eq!(one.training(), two.training());
    }

    #[test]
    fn a_label_that_a_part_would_lack_is_refused() {
        let with = |texts: &[&str]| {
            let mut dataset = dataset(60);
            let rare = texts.iter().map(|&text| Row { text: text.to_owned(), label: 2 });
            dataset.rows.extend(rare);
            dataset.labels.push("rare".to_owned());
            Split::of(&dataset, 0)
        };
        assert!(with(&["1", "2", "8"]).is_ok());
        let none = with(&["1", "2"]).unwrap_err().to_string();
        assert!(none.starts_with("none of the 2 rows labelled \"rare\" is held out"), "{none}");
        let one = with(&["1", "8"]).unwrap_err().to_string();
        assert!(one.starts_with("only 1 of the 2 rows labelled \"rare\""), "{one}");
    }
}
