//! Temperature scaling: logits are divided by a number, so that predictions are correct as often as
//! their probabilities say.

use argmin::core::{CostFunction, Error, Executor};
use argmin::solver::brent::BrentOpt;
use serde::{Deserialize, Serialize};

use super::loss::loss;
use crate::training::data::Targets;
use crate::training::error::TrainError;

/// The range of temperatures. If every prediction is correct, a lower temperature is always better.
const MIN_TEMPERATURE: f64 = 0.05;
const MAX_TEMPERATURE: f64 = 20.0;

/// Iterations of the search, which needs about fifteen.
const MAX_ITERATIONS: u64 = 100;

/// A temperature, and its effect on the validation part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Logits are divided by it.
    pub temperature: f64,
    /// The log loss with temperature 1.
    pub log_loss_before: f64,
    /// The log loss with this temperature, never larger than before.
    pub log_loss_after: f64,
}

/// The temperature with the smallest log loss (Guo et al., 2017) of `logits (n,k)`, row by row, of
/// rows that weren't fitted. In a multi-label problem it is one temperature for all labels. None
/// for a regression.
///
/// # Errors
/// The solver failed.
pub fn fit(logits: &[f64], targets: &Targets) -> Result<Option<Calibration>, TrainError> {
    if let Targets::Regression(_) = targets {
        return Ok(None);
    }
    let cost = LogLoss { logits, targets };
    // Over the logarithm of the temperature, where half and double are equally far from 1.
    let solver = BrentOpt::new(MIN_TEMPERATURE.ln(), MAX_TEMPERATURE.ln());
    let result = Executor::new(cost, solver)
        .configure(|state| state.max_iters(MAX_ITERATIONS))
        .ctrlc(false)
        .run()
        .map_err(TrainError::Solver)?;
    let log_loss_at = |temperature| log_loss(logits, targets, temperature);
    let log_loss_before = log_loss_at(1.0);
    let temperature = result.state.best_param.map_or(1.0, f64::exp);
    let log_loss_after = log_loss_at(temperature);
    // 1 stays unless another temperature is better.
    Ok(Some(if log_loss_after < log_loss_before {
        Calibration { temperature, log_loss_before, log_loss_after }
    } else {
        Calibration { temperature: 1.0, log_loss_before, log_loss_after: log_loss_before }
    }))
}

/// The log loss of `logits / temperature`; in a multi-label problem the mean over labels.
fn log_loss(logits: &[f64], targets: &Targets, temperature: f64) -> f64 {
    let scaled: Vec<f64> = logits.iter().map(|logit| logit / temperature).collect();
    let (sum, _) = loss(&scaled, targets, None);
    match targets {
        Targets::MultiLabel(rows) => sum * rows.len() as f64 / logits.len() as f64,
        Targets::SingleLabel(_) | Targets::Regression(_) => sum,
    }
}

struct LogLoss<'a> {
    logits: &'a [f64],
    targets: &'a Targets,
}

impl CostFunction for LogLoss<'_> {
    type Param = f64;
    type Output = f64;

    fn cost(&self, log_temperature: &f64) -> Result<f64, Error> {
        Ok(log_loss(self.logits, self.targets, log_temperature.exp()))
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Logits, and labels drawn with the probabilities of these logits.
    fn calibrated(rows: usize) -> (Vec<f64>, Targets) {
        let mut random = StdRng::seed_from_u64(3);
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let row: [f64; 3] = std::array::from_fn(|_| random.random_range(-2.0..2.0));
            let total: f64 = row.iter().map(|logit| logit.exp()).sum();
            let mut left = random.random_range(0.0..total);
            let label = row.iter().position(|logit| {
                left -= logit.exp();
                left < 0.0
            });
            labels.push(label.unwrap_or(2));
            logits.extend(row);
        }
        (logits, Targets::SingleLabel(labels))
    }

    #[test]
    fn logits_three_times_too_large_get_three_times_the_temperature() {
        let (logits, labels) = calibrated(4_000);
        let before = fit(&logits, &labels).unwrap().unwrap();
        assert!((before.temperature - 1.0).abs() < 0.05, "{before:?}");
        let thrice: Vec<f64> = logits.iter().map(|logit| 3.0 * logit).collect();
        let after = fit(&thrice, &labels).unwrap().unwrap();
        assert!((after.temperature / before.temperature - 3.0).abs() < 1e-3, "{after:?}");
        assert!((after.log_loss_after / before.log_loss_before - 1.0).abs() < 0.05, "{after:?}");
    }

    #[test]
    fn no_temperature_makes_the_log_loss_worse() {
        let (logits, labels) = calibrated(50);
        for factor in [0.01, 0.3, 1.0, 7.0, 1e3] {
            let scaled: Vec<f64> = logits.iter().map(|logit| factor * logit).collect();
            let found = fit(&scaled, &labels).unwrap().unwrap();
            assert!((MIN_TEMPERATURE..=MAX_TEMPERATURE).contains(&found.temperature), "{found:?}");
            assert_eq!(found.log_loss_after, log_loss(&scaled, &labels, found.temperature));
            assert!(found.log_loss_after <= found.log_loss_before, "{factor}: {found:?}");
        }
    }

    #[test]
    fn correct_predictions_alone_give_the_lowest_temperature() {
        let found = fit(&[1.0, 0.0, 0.0, 1.0], &Targets::SingleLabel(vec![0, 1])).unwrap().unwrap();
        assert!((MIN_TEMPERATURE..0.06).contains(&found.temperature), "{found:?}");
    }
}
