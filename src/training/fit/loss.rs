//! The loss that a fit minimises, and its gradient at the logits.
//!
//! Letters: `n` rows, `k` outputs. Per row, with outputs `z`, target `y` and class weight `u` (of
//! the row, or in a multi-label problem of the row and the label):
//!
//! ```text
//! problem        loss                                         gradient
//! single-label   −u · log softmax(z)[y]                       u · (softmax(z) − onehot(y))
//! multi-label    −Σ u·(y·log σ(z) + (1−y)·log σ(−z))          u · (σ(z) − y)
//! regression     ½ (z − y)²                                   z − y
//! ```

use crate::training::data::Targets;
use crate::training::logits::{log_sum_exp, sigmoid, softplus};

/// The mean loss of `logits (n,k)` over `n ≥ 1` rows, and its gradient `(n,k)`. `weights` are `(n)`
/// in a single-label problem and `(n,k)` in a multi-label problem.
pub fn loss(logits: &[f64], targets: &Targets, weights: Option<&[f64]>) -> (f64, Vec<f64>) {
    let n = targets.len();
    let k = logits.len() / n;
    let weight = |index: usize| weights.map_or(1.0, |weights| weights[index]);
    let mut total = 0.0;
    let mut gradient = Vec::with_capacity(logits.len());
    for (row, z) in logits.chunks_exact(k).enumerate() {
        match targets {
            Targets::SingleLabel(labels) => {
                let all = log_sum_exp(z);
                total += weight(row) * (all - z[labels[row]]);
                let slope = |(label, z): (usize, &f64)| {
                    weight(row) * ((z - all).exp() - f64::from(label == labels[row]))
                };
                gradient.extend(z.iter().enumerate().map(slope));
            }
            Targets::MultiLabel(labels) => {
                for (label, &z) in z.iter().enumerate() {
                    let actual = labels[row].contains(&label);
                    let weight = weight(row * k + label);
                    total += weight * softplus(if actual { -z } else { z });
                    gradient.push(weight * (sigmoid(z) - f64::from(actual)));
                }
            }
            Targets::Regression(numbers) => {
                total += (z[0] - numbers[row]).powi(2) / 2.0;
                gradient.push(z[0] - numbers[row]);
            }
        }
    }
    gradient.iter_mut().for_each(|slope| *slope /= n as f64);
    (total / n as f64, gradient)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets() -> [Targets; 3] {
        let several = vec![vec![0, 2], vec![], vec![1]];
        [
            Targets::SingleLabel(vec![2, 0, 1]),
            Targets::MultiLabel(several),
            Targets::Regression(vec![0.5, -1.0, 3.0]),
        ]
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        for targets in targets() {
            let k = if matches!(targets, Targets::Regression(_)) { 1 } else { 3 };
            let logits: Vec<f64> = (0..3 * k).map(|at| (at as f64 * 1.7).sin() * 2.0).collect();
            let weights: Vec<f64> = (0..9).map(|at| 0.5 + f64::from(at) / 5.0).collect();
            for weights in [None, Some(weights.as_slice())] {
                let (_, gradient) = loss(&logits, &targets, weights);
                for at in 0..logits.len() {
                    let moved = |by: f64| {
                        let mut logits = logits.clone();
                        logits[at] += by;
                        loss(&logits, &targets, weights).0
                    };
                    let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                    assert!((gradient[at] - slope).abs() < 1e-9, "{targets:?} {at}");
                }
            }
        }
    }

    #[test]
    fn losses_are_those_computed_by_hand() {
        // softmax of (0, ln 3) is (1/4, 3/4), the sigmoid of ln 3 is 3/4
        let third = 3.0_f64.ln();
        let mean_loss = |logits: &[f64], targets| loss(logits, &targets, None).0;
        let one = mean_loss(&[0.0, third, 0.0, third], Targets::SingleLabel(vec![1, 0]));
        assert!((one + (0.75_f64.ln() + 0.25_f64.ln()) / 2.0).abs() < 1e-15);
        let several = mean_loss(&[third, third], Targets::MultiLabel(vec![vec![0]]));
        assert!((several + 0.75_f64.ln() + 0.25_f64.ln()).abs() < 1e-15);
        assert!((mean_loss(&[3.0, 1.0], Targets::Regression(vec![1.0, 1.0])) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let one = loss(&[-60.0, 40.0, 1e4, -1e4], &Targets::SingleLabel(vec![1, 1]), None);
        assert_eq!(one.0, 1e4);
        let several = loss(&[1e4, -1e4], &Targets::MultiLabel(vec![vec![1]]), None);
        assert_eq!(several.0, 2e4);
        assert!(several.1.iter().chain(&one.1).all(|slope| slope.is_finite()));
    }
}
