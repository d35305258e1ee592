//! Which settings: what is judged on the validation part.
//!
//! Of one layer it is the strength of its regularisation, along a path from strong to weak; of several
//! how often descent passes over the rows, which is when to stop it.

use super::hidden::After;
use super::layers::Layers;
use super::loss::loss;
use super::method::Chosen;
use super::prepared::Part;
use super::trials::{Epoch, Trial, Tried};
use super::{hidden, linear};
use crate::training::error::TrainError;
use crate::training::metrics::Scores;
use crate::training::options::{Hidden, Method};
use crate::training::stage::Stage;

/// The path ends when this many strengths in a row are no better than the best before them.
/// Weak regularisation is slow to fit and, once the loss has turned, worse.
const PATIENCE: usize = 2;

/// What a search found.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// What has the least loss on the validation part.
    pub chosen: Chosen<'a>,
    /// The layers that have it.
    pub layers: Layers,
    /// Their parameters, where they are one layer's: a start for a fit to more rows.
    pub start: Option<Vec<f64>>,
    /// What else was.
    pub tried: Tried,
}

/// Finds what has the least loss on `validation`, `method` being fitted to `fitting`.
///
/// Loss, not accuracy: it moves smoothly, where a row or two decide between accuracies, and the head is
/// asked for probabilities as well as labels.
///
/// # Errors
/// As [`linear::fit`] and [`hidden::descend`].
pub fn search<'a>(
    fitting: &Part,
    validation: &Part,
    (method, seed): (&'a Method, u64),
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<Found<'a>, TrainError> {
    match method {
        Method::Linear { strengths } => strength(fitting, validation, strengths, progress),
        Method::Hidden(hidden) => epochs(fitting, validation, (hidden, seed), progress),
    }
}

/// Each fit starts where the one before it ended.
fn strength<'a>(
    fitting: &Part,
    validation: &Part,
    strengths: &[f64],
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<Found<'a>, TrainError> {
    let mut best = None;
    let (mut least, mut since) = (f64::INFINITY, 0);
    let mut trials = Vec::new();
    let mut start = linear::zeros(fitting)?;
    for &strength in strengths {
        let fitted = linear::fit(fitting, strength, linear::ROUGH, start)?;
        let layers = linear::layers(&fitted.parameters, fitting)?;
        let (loss, score) = judge(&layers, validation)?;
        let linear::Fitted { parameters, end } = fitted;
        let linear::Convergence { iterations, converged, .. } = end;
        let trial = Trial { strength, loss, score, iterations, converged };
        progress(Stage::Tried(&trial));
        trials.push(trial);
        if loss < least {
            (least, since) = (loss, 0);
            best = Some((strength, layers, parameters.clone()));
        } else {
            since += 1;
        }
        if since == PATIENCE {
            break;
        }
        start = parameters;
    }
    let (strength, layers, parameters) = best.ok_or(TrainError::NotANumber)?;
    Ok(Found {
        chosen: Chosen::Linear { strength },
        layers,
        start: Some(parameters),
        tried: Tried::Strengths(trials),
    })
}

fn epochs<'a>(
    fitting: &Part,
    validation: &Part,
    (hidden, seed): (&'a Hidden, u64),
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<Found<'a>, TrainError> {
    let mut best = None;
    let mut least = f64::INFINITY;
    let mut seen = Vec::new();
    hidden::descend(fitting, hidden, (hidden.epochs, seed), &mut |fitting_loss, layers| {
        let (loss, score) = judge(&layers, validation)?;
        let epoch = Epoch { fitting_loss, loss, score };
        progress(Stage::Passed(&epoch));
        seen.push(epoch);
        if loss < least {
            least = loss;
            best = Some((seen.len(), layers));
        }
        let since = seen.len() - best.as_ref().map_or(0, |(epochs, _)| *epochs);
        Ok(if since == hidden.patience { After::Stop } else { After::GoOn })
    })?;
    let (epochs, layers) = best.ok_or(TrainError::NotANumber)?;
    let chosen = Chosen::Hidden { hidden, epochs, seed };
    Ok(Found { chosen, layers, start: None, tried: Tried::Epochs(seen) })
}

/// The loss on a part, and the first of its scores.
fn judge(layers: &Layers, part: &Part) -> candle_core::Result<(f64, f64)> {
    let outputs = layers.forward(&part.x)?;
    let (loss, _) = loss(&outputs, &part.y, part.weights.as_deref());
    let metrics = Scores::of(&outputs, &part.y, None).metrics();
    Ok((loss, metrics.first().map_or(f64::NAN, |metric| metric.value)))
}
