//! The weights of ids, from the logits of a text's tokens.

use super::logarithm::ln_1p;
use crate::model::checkpoint::{Splade, SpladeActivation, SpladePooling};
use crate::model::maximum::maximum;

/// Rows of `ids` logits each → their weights `(ids)`. Row by row, so that the processor computes many ids
/// at once.
pub fn pool<'l>(splade: Splade, ids: usize, rows: impl Iterator<Item = &'l [f32]>) -> Vec<f32> {
    match splade.activation {
        SpladeActivation::Relu => pool_by(splade.pooling, ids, rows, weight),
        SpladeActivation::Log1pRelu => {
            pool_by(splade.pooling, ids, rows, |logit| ln_1p(weight(logit)))
        }
    }
}

/// As [`pool`], with the weight of one logit.
fn pool_by<'l>(
    pooling: SpladePooling,
    ids: usize,
    rows: impl Iterator<Item = &'l [f32]>,
    weight: impl Fn(f32) -> f64,
) -> Vec<f32> {
    match pooling {
        SpladePooling::Max => {
            // A larger logit never has a smaller weight.
            let mut largest = vec![0.0_f32; ids];
            for row in rows {
                for (largest, &logit) in largest.iter_mut().zip(row) {
                    *largest = maximum(*largest, logit);
                }
            }
            largest.iter_mut().for_each(|x| *x = weight(*x) as f32);
            largest
        }
        SpladePooling::Sum => {
            let mut sums = vec![0.0_f64; ids];
            for row in rows {
                for (sum, &logit) in sums.iter_mut().zip(row) {
                    *sum += weight(logit);
                }
            }
            sums.into_iter().map(|sum| sum as f32).collect()
        }
    }
}

/// `ln(1 + max(logit, 0))`, and NaN of NaN.
fn weight(logit: f32) -> f64 {
    ln_1p(if logit <= 0.0 { 0.0 } else { logit.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logit_that_is_no_number_gives_no_weight_of_another() {
        for pooling in [SpladePooling::Max, SpladePooling::Sum] {
            for activation in [SpladeActivation::Relu, SpladeActivation::Log1pRelu] {
                let rows = [[1.0, f32::NAN], [f32::NAN, -1.0], [2.0, 0.0]];
                let rows = rows.iter().map(<[f32; 2]>::as_slice);
                let weights = pool(Splade { pooling, activation }, 2, rows);
                assert!(weights.iter().all(|weight| weight.is_nan()), "{weights:?}");
            }
        }
    }
}
