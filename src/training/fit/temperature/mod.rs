//! Temperature scaling: logits are divided by a number, so that predictions are correct as often as
//! their probabilities say.
//!
//! On few rows the best temperature is mostly chance: without a mistake among them it is as low as it
//! may be, and one mistake on other rows then costs more than all that was gained. So there have to be
//! enough mistakes, a prior holds the temperature near 1, and it is used only if it clearly helps.

use argmin::core::{CostFunction, Error, Executor};
use argmin::solver::brent::BrentOpt;
use serde::{Deserialize, Serialize};

use crate::training::data::Targets;
use crate::training::error::TrainError;
use crate::training::fit::loss::loss;
use crate::training::logits::{argmax, log_sum_exp, softplus};

/// The range of temperatures.
const MIN_TEMPERATURE: f64 = 0.05;
const MAX_TEMPERATURE: f64 = 20.0;

/// Iterations of the search, which needs about fifteen.
const MAX_ITERATIONS: u64 = 100;

/// With fewer mistakes, no temperature is fitted.
pub const MIN_MISTAKES: usize = 10;

/// Standard deviation of the prior, a normal distribution of `ln T` around 0.
const PRIOR_DEVIATION: f64 = 0.5;

/// The mean gain of a temperature that is used, in standard errors. Sharpening asks for more: it is what
/// costs most where it is wrong.
const CLEAR_GAIN: f64 = 1.0;
const CLEAR_GAIN_OF_SHARPENING: f64 = 2.0;

/// A temperature, and its effect on rows out of fold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Logits are divided by it.
    pub temperature: f64,
    /// The log loss with temperature 1.
    pub log_loss_before: f64,
    /// The log loss with this temperature.
    pub log_loss_after: f64,
    /// Rows whose predicted label is wrong; in a multi-label problem pairs of row and label that are
    /// wrong at a probability of 0.5.
    pub mistakes: usize,
    /// How the temperature came about.
    pub outcome: CalibrationOutcome,
}

/// How a temperature came about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationOutcome {
    /// It was fitted.
    Fitted,
    /// It is 1, since there are fewer than [`MIN_MISTAKES`] mistakes.
    TooFewMistakes,
    /// It is 1, since the fitted one doesn't clearly lower the log loss.
    NoClearGain {
        /// The one that was fitted.
        temperature: f64,
    },
}

/// The temperature for `logits (n,k)`, row by row, of rows that weren't fitted: the one with the
/// smallest negative log likelihood (Guo et al., 2017) and `(ln T)² / (2·0.5²)`, if there are enough
/// mistakes and it clearly lowers the log loss, otherwise 1. In a multi-label problem it is one
/// temperature for all labels. None for a regression.
///
/// # Errors
/// The solver failed.
pub fn fit(logits: &[f64], targets: &Targets) -> Result<Option<Calibration>, TrainError> {
    if let Targets::Regression(_) = targets {
        return Ok(None);
    }
    let before = losses(logits, targets, 1.0);
    let mistakes = mistakes(logits, targets);
    let log_loss_before = mean(&before);
    let unchanged = |outcome| Calibration {
        temperature: 1.0,
        log_loss_before,
        log_loss_after: log_loss_before,
        mistakes,
        outcome,
    };
    if mistakes < MIN_MISTAKES {
        return Ok(Some(unchanged(CalibrationOutcome::TooFewMistakes)));
    }
    let temperature = best_temperature(logits, targets)?;
    let after = losses(logits, targets, temperature);
    let gains: Vec<f64> = before.iter().zip(&after).map(|(before, after)| before - after).collect();
    let clear = if temperature < 1.0 { CLEAR_GAIN_OF_SHARPENING } else { CLEAR_GAIN };
    Ok(Some(if mean(&gains) > clear * standard_error(&gains) {
        let (log_loss_after, outcome) = (mean(&after), CalibrationOutcome::Fitted);
        Calibration { temperature, log_loss_before, log_loss_after, mistakes, outcome }
    } else {
        unchanged(CalibrationOutcome::NoClearGain { temperature })
    }))
}

fn best_temperature(logits: &[f64], targets: &Targets) -> Result<f64, TrainError> {
    // Over the logarithm of the temperature, where half and double are equally far from 1.
    let solver = BrentOpt::new(MIN_TEMPERATURE.ln(), MAX_TEMPERATURE.ln());
    let result = Executor::new(Posterior { logits, targets }, solver)
        .configure(|state| state.max_iters(MAX_ITERATIONS))
        .ctrlc(false)
        .run()
        .map_err(TrainError::Solver)?;
    Ok(result.state.best_param.map_or(1.0, f64::exp))
}

/// The negative logarithm of the posterior of `ln T`, but for a constant.
struct Posterior<'a> {
    logits: &'a [f64],
    targets: &'a Targets,
}

impl CostFunction for Posterior<'_> {
    type Param = f64;
    type Output = f64;

    fn cost(&self, log_temperature: &f64) -> Result<f64, Error> {
        let temperature = log_temperature.exp();
        let scaled: Vec<f64> = self.logits.iter().map(|logit| logit / temperature).collect();
        let (mean_loss, _) = loss(&scaled, self.targets, None);
        let prior = (log_temperature / PRIOR_DEVIATION).powi(2) / 2.0;
        Ok(mean_loss * self.targets.len() as f64 + prior)
    }
}

/// The log loss of each row with `logits / temperature`; in a multi-label problem the mean over labels.
fn losses(logits: &[f64], targets: &Targets, temperature: f64) -> Vec<f64> {
    let k = logits.len() / targets.len();
    let row = |(row, logits): (usize, &[f64])| {
        let scaled: Vec<f64> = logits.iter().map(|logit| logit / temperature).collect();
        match targets {
            Targets::SingleLabel(labels) => log_sum_exp(&scaled) - scaled[labels[row]],
            Targets::MultiLabel(labels) => {
                let label = |(label, z): (usize, &f64)| {
                    softplus(if labels[row].contains(&label) { -z } else { *z })
                };
                scaled.iter().enumerate().map(label).sum::<f64>() / k as f64
            }
            Targets::Regression(_) => 0.0,
        }
    };
    logits.chunks_exact(k).enumerate().map(row).collect()
}

/// See [`Calibration::mistakes`].
fn mistakes(logits: &[f64], targets: &Targets) -> usize {
    let k = logits.len() / targets.len();
    let row = |(row, logits): (usize, &[f64])| match targets {
        Targets::SingleLabel(labels) => usize::from(argmax(logits) != labels[row]),
        Targets::MultiLabel(labels) => {
            let is_wrong = |(label, z): &(usize, &f64)| (**z >= 0.0) != labels[row].contains(label);
            logits.iter().enumerate().filter(is_wrong).count()
        }
        Targets::Regression(_) => 0,
    };
    logits.chunks_exact(k).enumerate().map(row).sum()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Of the mean of at least two values.
fn standard_error(values: &[f64]) -> f64 {
    let (n, mean) = (values.len() as f64, mean(values));
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (n - 1.0) / n).sqrt()
}

#[cfg(test)]
mod tests;
