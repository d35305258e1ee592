//! Which strength: a path from strong to weak regularisation, judged on the validation part.

use candle_nn::Module;
use serde::{Deserialize, Serialize};

use super::fit::{self, Part};
use super::metrics::{Scores, weighted_log_loss};
use super::{Stage, TrainError};

/// Half a decade apart, from strong to weak. 1,536 standardised features of 8,500 texts are best
/// off near 0.003; fewer features want more.
pub const STRENGTHS: [f64; 13] =
    [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0, 10.0];

/// The path ends when this many strengths in a row are no better than the best before them.
/// Weak regularisation is slow to fit and, once the loss has turned, worse.
const PATIENCE: usize = 2;

/// Near enough to compare strengths by: a log loss moves by less than 1e-5 against the last fit's
/// norm, [`fit::GRADIENT_NORM`], which takes half as many iterations again and more.
const GRADIENT_NORM: f64 = 1e-4;

/// A strength that was tried, and how it did on the validation part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// `C` in scikit-learn's sense: large is weak regularisation.
    pub strength: f64,
    /// See [`Scores::log_loss`]; with class weights, rows count in it as they do in the fit.
    pub log_loss: f64,
    /// See [`Scores::accuracy`].
    pub accuracy: f64,
    /// From where the trial before it ended.
    pub iterations: u64,
    /// Whether the gradient became small enough to compare strengths by.
    pub converged: bool,
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The one with the least log loss.
    pub strength: f64,
    /// Where the fit at that strength ended, laid out as [`fit::Fitted::parameters`].
    pub parameters: Vec<f64>,
    /// In the order in which they were tried.
    pub trials: Vec<Trial>,
}

/// Finds the strength with the least log loss among `strengths`, ascending. Each fit starts where
/// the one before it ended.
///
/// Log loss, not accuracy: it moves smoothly along the path, where a row or two decide between
/// accuracies, and the head is asked for probabilities as well as labels.
///
/// # Errors
/// As [`fit::fit`].
pub fn search(
    fitting: &Part,
    validation: &Part,
    strengths: &[f64],
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<Found, TrainError> {
    let mut found = Found { strength: f64::NAN, parameters: vec![], trials: vec![] };
    let mut least = f64::INFINITY;
    let mut since = 0;
    let mut start = fit::zeros(fitting)?;
    for &strength in strengths {
        let fitted = fit::fit(fitting, strength, GRADIENT_NORM, start)?;
        let scores = judge(&fitted.parameters, validation)?;
        let trial = Trial {
            strength,
            log_loss: scores.log_loss,
            accuracy: scores.accuracy,
            iterations: fitted.iterations,
            converged: fitted.converged,
        };
        progress(Stage::Tried(&trial));
        found.trials.push(trial);
        if scores.log_loss < least {
            (least, since) = (scores.log_loss, 0);
            found.strength = strength;
            found.parameters.clone_from(&fitted.parameters);
        } else {
            since += 1;
        }
        if since == PATIENCE {
            break;
        }
        start = fitted.parameters;
    }
    Ok(found)
}

fn judge(parameters: &[f64], part: &Part) -> candle_core::Result<Scores> {
    let (logits, labels) = logits(parameters, part)?;
    let mut scores = Scores::of(&logits, &labels, part.classes);
    if let Some(weights) = &part.weights {
        scores.log_loss = weighted_log_loss(&logits, &labels, weights);
    }
    Ok(scores)
}

/// A part's logits `(n,k)`, row by row, and labels `(n)`.
///
/// # Errors
/// Only candle's own.
pub fn logits(parameters: &[f64], part: &Part) -> candle_core::Result<(Vec<f64>, Vec<usize>)> {
    let logits = fit::layer(parameters, part.classes)?.forward(&part.x)?;
    let labels = part.y.to_vec1::<u32>()?.into_iter().map(|y| y as usize);
    Ok((logits.flatten_all()?.to_vec1()?, labels.collect()))
}
