//! What a fit makes small, and its slope at the logits.
//!
//! Letters: `n` rows, `k` outputs. Per row, `z` its outputs and `y` its target:
//!
//! ```text
//! one label        −u · log softmax(z)[y]                     softmax(z) − [y]
//! several labels   −Σ u·(y·log σ(z) + (1−y)·log σ(−z))        σ(z) − y
//! a number         ½ (z − y)²                                 z − y
//! ```
//!
//! `u` is what the row, or of several labels the row and the label, counts.

use crate::training::data::Targets;
use crate::training::logits::{log_sum_exp, sigmoid, softplus};

/// The mean over rows, at least one, of the loss of `logits (n,k)`, and its gradient `(n,k)`. `weights`
/// are `(n)` for one label, `(n,k)` for several.
pub fn loss(logits: &[f64], targets: &Targets, weights: Option<&[f64]>) -> (f64, Vec<f64>) {
    let n = targets.len();
    let k = logits.len() / n;
    let weight = |at: usize| weights.map_or(1.0, |weights| weights[at]);
    let mut total = 0.0;
    let mut gradient = Vec::with_capacity(logits.len());
    for (row, z) in logits.chunks_exact(k).enumerate() {
        match targets {
            Targets::One(labels) => {
                let all = log_sum_exp(z);
                total += weight(row) * (all - z[labels[row]]);
                let slope = |(at, z): (usize, &f64)| {
                    weight(row) * ((z - all).exp() - f64::from(at == labels[row]))
                };
                gradient.extend(z.iter().enumerate().map(slope));
            }
            Targets::Several(labels) => {
                for (at, &z) in z.iter().enumerate() {
                    let holds = labels[row].contains(&at);
                    let weight = weight(row * k + at);
                    total += weight * softplus(if holds { -z } else { z });
                    gradient.push(weight * (sigmoid(z) - f64::from(holds)));
                }
            }
            Targets::Number(numbers) => {
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
            Targets::One(vec![2, 0, 1]),
            Targets::Several(several),
            Targets::Number(vec![0.5, -1.0, 3.0]),
        ]
    }

    #[test]
    fn a_gradient_is_the_slope_of_its_loss() {
        for targets in targets() {
            let k = if matches!(targets, Targets::Number(_)) { 1 } else { 3 };
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
        let of = |logits: &[f64], targets| loss(logits, &targets, None).0;
        let one = of(&[0.0, third, 0.0, third], Targets::One(vec![1, 0]));
        assert!((one + (0.75_f64.ln() + 0.25_f64.ln()) / 2.0).abs() < 1e-15);
        let several = of(&[third, third], Targets::Several(vec![vec![0]]));
        assert!((several + 0.75_f64.ln() + 0.25_f64.ln()).abs() < 1e-15);
        assert!((of(&[3.0, 1.0], Targets::Number(vec![1.0, 1.0])) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let one = loss(&[-60.0, 40.0, 1e4, -1e4], &Targets::One(vec![1, 1]), None);
        assert_eq!(one.0, 1e4);
        let several = loss(&[1e4, -1e4], &Targets::Several(vec![vec![1]]), None);
        assert_eq!(several.0, 2e4);
        assert!(several.1.iter().chain(&one.1).all(|slope| slope.is_finite()));
    }
}
