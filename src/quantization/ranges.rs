//! The range of each column of an embedding.

use serde::{Deserialize, Serialize};

/// Steps in the range of a column, less one.
const STEPS: f32 = 255.0;

/// The smallest and the largest number of each column, `w` of each, all finite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Ranges {
    minimum: Vec<f32>,
    maximum: Vec<f32>,
}

/// Why ranges can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRanges {
    /// The two lists differ in length, or are empty.
    #[error(
        "minimum has {minimum} numbers and maximum {maximum}; as many and at least one are needed"
    )]
    Lengths {
        /// Numbers of the first list.
        minimum: usize,
        /// Numbers of the second.
        maximum: usize,
    },
    /// A column's smallest number is above its largest, or one isn't finite.
    #[error("column {0} has no finite minimum that is at most its maximum")]
    Column(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    minimum: Vec<f32>,
    maximum: Vec<f32>,
}

impl TryFrom<Written> for Ranges {
    type Error = InvalidRanges;

    fn try_from(Written { minimum, maximum }: Written) -> Result<Self, InvalidRanges> {
        Self::new(minimum, maximum)
    }
}

impl Ranges {
    /// Checks ranges.
    ///
    /// # Errors
    /// The lists don't fit each other, or a column has no range.
    pub fn new(minimum: Vec<f32>, maximum: Vec<f32>) -> Result<Self, InvalidRanges> {
        if minimum.len() != maximum.len() || minimum.is_empty() {
            let (minimum, maximum) = (minimum.len(), maximum.len());
            return Err(InvalidRanges::Lengths { minimum, maximum });
        }
        let fits = |(min, max): (&f32, &f32)| min <= max && min.is_finite() && max.is_finite();
        match minimum.iter().zip(&maximum).position(|range| !fits(range)) {
            Some(column) => Err(InvalidRanges::Column(column)),
            None => Ok(Self { minimum, maximum }),
        }
    }

    /// The ranges of one row.
    ///
    /// # Errors
    /// It is empty, or a number isn't finite.
    pub fn from_row(row: &[f32]) -> Result<Self, InvalidRanges> {
        Self::new(row.to_vec(), row.to_vec())
    }

    /// Widens the ranges so that they contain a row of the same width.
    pub fn widen(&mut self, row: &[f32]) {
        for (min, number) in self.minimum.iter_mut().zip(row) {
            *min = min.min(*number);
        }
        for (max, number) in self.maximum.iter_mut().zip(row) {
            *max = max.max(*number);
        }
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.minimum.len()
    }

    /// Columns whose numbers are all the same.
    pub fn constant_columns(&self) -> usize {
        self.minimum.iter().zip(&self.maximum).filter(|(min, max)| min == max).count()
    }

    /// In which of the 256 steps of its column's range each number lies; numbers beyond the range are in
    /// the first or the last one. In f32 as sentence-transformers has it, so that all bytes are the same:
    /// `floor((x - minimum) / ((maximum - minimum) / 255))`, and with a step of 1 where a range is empty.
    pub(super) fn steps(&self, row: &[f32]) -> Vec<u8> {
        let ranges = self.minimum.iter().zip(&self.maximum);
        let step = |(number, (min, max)): (&f32, (&f32, &f32))| {
            let size = (max - min) / STEPS;
            let size = if size == 0.0 { 1.0 } else { size };
            ((number - min) / size).floor().clamp(0.0, STEPS) as u8
        };
        row.iter().zip(ranges).map(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_rounded_down_and_kept_within_the_range() {
        let ranges = Ranges::new(vec![-127.5; 6], vec![127.5; 6]).unwrap();
        let row = [-127.5, -1e9, 127.5, 1e9, 0.0, -126.75];
        assert_eq!(ranges.steps(&row), [0, 0, 255, 255, 127, 0]);
    }

    #[test]
    fn a_constant_column_has_a_step_of_one() {
        let ranges = Ranges::new(vec![0.5; 3], vec![0.5; 3]).unwrap();
        assert_eq!(ranges.steps(&[0.5, 2.6, -1.0]), [0, 2, 0]);
        assert_eq!(ranges.constant_columns(), 3);
    }

    #[test]
    fn ranges_are_those_of_all_rows() {
        let mut ranges = Ranges::from_row(&[1.0, 5.0]).unwrap();
        ranges.widen(&[-2.0, 7.0]);
        ranges.widen(&[0.0, 6.0]);
        assert_eq!(ranges, Ranges::new(vec![-2.0, 5.0], vec![1.0, 7.0]).unwrap());
    }

    #[test]
    fn ranges_that_are_missing_reversed_or_not_finite_are_refused() {
        let refused =
            |min: &[f32], max: &[f32]| Ranges::new(min.to_vec(), max.to_vec()).unwrap_err();
        assert_eq!(refused(&[], &[]), InvalidRanges::Lengths { minimum: 0, maximum: 0 });
        assert_eq!(refused(&[1.0], &[]), InvalidRanges::Lengths { minimum: 1, maximum: 0 });
        assert_eq!(refused(&[0.0, 1.0], &[0.0, 0.5]), InvalidRanges::Column(1));
        assert_eq!(refused(&[f32::NAN], &[1.0]), InvalidRanges::Column(0));
        assert_eq!(refused(&[0.0], &[f32::INFINITY]), InvalidRanges::Column(0));
    }
}
