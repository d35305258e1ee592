//! The feature matrix.

/// `rows × width` numbers, row by row, in the order of
/// [`Dataset::rows`](crate::training::Dataset::rows).
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// Number of texts.
    pub rows: usize,
    /// Features per text.
    pub width: usize,
    /// All features, `(rows, width)`.
    pub values: Vec<f32>,
}

impl Features {
    /// The features of one text.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..][..self.width]
    }

    /// The features of one text, to be written.
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.values[row * self.width..][..self.width]
    }

    /// The row and column of the first non-finite feature.
    pub fn first_non_finite(&self) -> Option<(usize, usize)> {
        let index = self.values.iter().position(|value| !value.is_finite())?;
        Some((index / self.width, index % self.width))
    }
}

#[cfg(test)]
mod tests {
    use crate::training::testing::features;

    #[test]
    fn a_non_finite_feature_is_found() {
        let mut features = features();
        assert_eq!(features.first_non_finite(), None);
        features.values[5] = f32::NAN;
        assert_eq!(features.first_non_finite(), Some((1, 2)));
    }
}
