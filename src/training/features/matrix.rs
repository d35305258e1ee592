//! Features: a row of numbers a text, standardised for fitting and written for others to judge.

/// `rows × width`, row by row, in the order of [`Dataset::rows`].
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// Texts.
    pub rows: usize,
    /// Features of each.
    pub width: usize,
    /// All of them.
    pub values: Vec<f32>,
}

impl Features {
    /// The features of one text.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..][..self.width]
    }

    /// The first value that is infinite or not a number, as its row and column.
    pub fn not_finite(&self) -> Option<(usize, usize)> {
        let place = self.values.iter().position(|value| !value.is_finite())?;
        Some((place / self.width, place % self.width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> Features {
        let values = vec![1.0, 0.1, 10.0, 3.0, 0.1, 20.0, 5.0, 0.1, 90.0, 7.0, 0.1, 0.0];
        Features { rows: 4, width: 3, values }
    }

    #[test]
    fn a_value_that_is_no_number_is_found() {
        let mut features = features();
        assert_eq!(features.not_finite(), None);
        features.values[5] = f32::NAN;
        assert_eq!(features.not_finite(), Some((1, 2)));
    }
}
