//! Rotary position embedding (Su et al. 2021, arXiv:2104.09864): columns `i` and `i + d/2` of a query
//! or a key are rotated by an angle that grows with its position.

/// The rotation of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotation {
    /// `θ`: the angle of columns `i` and `i + d/2` at position `p` is `p·θ^(−2i/d)`.
    pub theta: f64,
    /// `d`, columns of an attention head; an even number.
    pub columns: usize,
}

impl Rotation {
    /// Cosine and sine of each angle, `(positions, d/2)` each. Angles are computed in f32, as
    /// transformers does whatever the dtype of the model.
    pub fn tables(&self, positions: usize) -> [Vec<f32>; 2] {
        let half = self.columns / 2;
        let frequencies: Vec<f32> = (0..half).map(|i| self.frequency(i)).collect();
        let angles = (0..positions).flat_map(|position| {
            frequencies.iter().map(move |frequency| f64::from(position as f32 * frequency))
        });
        let angles: Vec<f64> = angles.collect();
        [libm::cos, libm::sin].map(|f| angles.iter().map(|&angle| f(angle) as f32).collect())
    }

    fn frequency(&self, i: usize) -> f32 {
        let exponent = (2 * i) as f32 / self.columns as f32;
        let power = libm::pow(f64::from(self.theta as f32), f64::from(exponent)) as f32;
        1.0 / power
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_grow_with_the_position_and_shrink_with_the_column() {
        let rotation = Rotation { theta: 10_000.0, columns: 4 };
        let [cos, sin] = rotation.tables(3);
        assert_eq!((&cos[..2], &sin[..2]), (&[1.0, 1.0][..], &[0.0, 0.0][..]));
        let expected = [2.0_f64, 0.02];
        for (at, angle) in expected.into_iter().enumerate() {
            assert!((f64::from(cos[4 + at]) - angle.cos()).abs() < 1e-7, "{cos:?}");
            assert!((f64::from(sin[4 + at]) - angle.sin()).abs() < 1e-7, "{sin:?}");
        }
    }
}
