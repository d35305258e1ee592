//! Disentangled attention (He et al. 2020, arXiv:2006.03654, section 3.1): a score is the sum of `q·k`,
//! of `q` with a key of the distance (content to position), and of `k` with a query of the distance
//! (position to content).

use super::tensors::{LinearSpec, NormSpec, TableSpec};

/// What all layers share.
#[derive(Clone, Debug)]
pub struct RelativePositions {
    /// The embeddings of distances, `(2·span, c)`.
    pub table: TableSpec,
    /// Their norm.
    pub norm: Option<NormSpec>,
    /// Which row belongs to which distance.
    pub rows: RelativeRows,
}

/// The projections of a layer, `(c) → (c)` each.
#[derive(Clone, Debug, PartialEq)]
pub struct RelativeProjections {
    /// Of embeddings of distances to keys, for queries.
    pub keys: Option<LinearSpec>,
    /// Of embeddings of distances to queries, for keys.
    pub queries: Option<LinearSpec>,
}

impl RelativeProjections {
    /// Those that there are.
    pub fn linears(&self) -> impl Iterator<Item = &LinearSpec> {
        self.keys.iter().chain(&self.queries)
    }
}

/// Which row a distance has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelativeRows {
    /// Rows for each side; distance 0 has the first row of the second side.
    pub span: usize,
    /// With it, distances above half of the span share rows, more of them the farther they are: so that
    /// the last row for one side is that of the distance `most − 1`.
    pub most: Option<usize>,
}

impl RelativeRows {
    /// The row of a key that comes `distance` tokens before the query; negative for one after it.
    pub fn row(&self, distance: isize) -> usize {
        let steps = self.steps(distance.unsigned_abs());
        let signed = steps.cast_signed() * distance.signum();
        self.span.saturating_add_signed(signed).min(2 * self.span - 1)
    }

    /// How many rows lie between those of distances 0 and `n`, if there were enough.
    fn steps(&self, n: usize) -> usize {
        let middle = self.span / 2;
        let Some(most) = self.most.filter(|_| n > middle) else { return n };
        // In f32, as transformers computes it.
        let [n, last] = [n, most - 1].map(|n| libm::logf(n as f32 / middle as f32));
        (n / last * (middle - 1) as f32).ceil() as usize + middle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_keys_have_rows_of_their_own_and_far_ones_share_theirs() {
        let rows = RelativeRows { span: 8, most: Some(32) };
        assert_eq!([0, 1, 4, -1, -4].map(|distance| rows.row(distance)), [8, 9, 12, 7, 4]);
        // The distances at which transformers begins a row.
        for (step, begin) in [(5, 5), (6, 8), (7, 16)] {
            assert_eq!(rows.row(begin), 8 + step, "{begin}");
            assert_eq!(rows.row(begin - 1), 7 + step, "{begin}");
            assert_eq!(rows.row(-begin), 8 - step, "{begin}");
        }
        assert_eq!(
            [31, 32, 500, -31, -32, -500].map(|distance| rows.row(distance)),
            [15, 15, 15, 1, 0, 0]
        );
        // The sums over all distances, each row times its place, that transformers' rows have.
        for (span, most, expected) in
            [(8, 32, 8_127_068), (256, 512, 264_620_950), (32, 128, 34_074_890), (7, 40, 7_100_540)]
        {
            let rows = RelativeRows { span, most: Some(most) };
            let sum: usize =
                (-600..=600).enumerate().map(|(place, distance)| place * rows.row(distance)).sum();
            assert_eq!(sum, expected, "{rows:?}");
        }
        let linear = RelativeRows { span: 8, most: None };
        assert_eq!([7, 8, 500, -8, -500].map(|distance| linear.row(distance)), [15, 15, 15, 0, 0]);
    }
}
