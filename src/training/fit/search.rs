//! The search for settings on the validation part.
//!
//! For one layer it chooses the regularisation strength, along a path from strong to weak. For
//! hidden layers it chooses the number of epochs, by early stopping.

use std::ops::ControlFlow;

use super::hidden;
use super::layers::FittedLayers;
use super::linear::{self, Convergence, LinearFit};
use super::loss::loss;
use super::method::ResolvedMethod;
use super::prepared::PreparedRows;
use super::trials::{Epoch, SearchTrials, Trial};
use crate::training::error::TrainError;
use crate::training::metrics::Scores;
use crate::training::options::{HiddenLayers, Method, TrainingOptions};
use crate::training::stage::Stage;

/// The path ends after this many consecutive strengths that are no better than the best before
/// them. Weak regularisation is slow to fit and, once the loss has increased, worse.
pub(super) const PATIENCE: usize = 2;

/// The result of a search.
#[derive(Debug, Clone)]
pub struct SearchResult<'a> {
    /// The method with the smallest validation loss.
    pub method: ResolvedMethod<'a>,
    /// The parameters of one layer: a start for a fit to more rows.
    pub start: Option<Vec<f64>>,
    /// Everything that was tried.
    pub trials: SearchTrials,
}

/// Fits `fitting` with the method of `options` and returns the fit with the smallest loss on
/// `validation`.
///
/// It compares loss and not accuracy: the loss is smooth, while a row or two decide between
/// accuracies, and a head gives probabilities as well as labels.
///
/// # Errors
/// As [`linear::fit`] and [`hidden::fit`].
pub fn search<'a>(
    fitting: &PreparedRows,
    validation: &PreparedRows,
    options: &'a TrainingOptions,
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<SearchResult<'a>, TrainError> {
    match &options.method {
        Method::Linear { strengths } => search_strength(fitting, validation, strengths, progress),
        Method::Hidden(hidden) => {
            search_epochs(fitting, validation, hidden, options.seed, progress)
        }
    }
}

/// Each fit starts where the one before it ended.
fn search_strength<'a>(
    fitting: &PreparedRows,
    validation: &PreparedRows,
    strengths: &[f64],
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<SearchResult<'a>, TrainError> {
    let mut best = None;
    let (mut min_loss, mut since_best) = (f64::INFINITY, 0);
    let mut trials = Vec::new();
    let mut start = linear::zeros(fitting)?;
    for &strength in strengths {
        let LinearFit { parameters, convergence } =
            linear::fit(fitting, strength, linear::SEARCH_TOLERANCE, start)?;
        let layers = linear::fitted_layers(&parameters, fitting)?;
        let Validation { loss, score } = validate(&layers, validation)?;
        let Convergence { iterations, converged, .. } = convergence;
        let trial = Trial { strength, loss, score, iterations, converged };
        progress(Stage::Trial(&trial));
        trials.push(trial);
        if loss < min_loss {
            (min_loss, since_best) = (loss, 0);
            best = Some((strength, parameters.clone()));
        } else {
            since_best += 1;
        }
        if since_best == PATIENCE {
            break;
        }
        start = parameters;
    }
    let (strength, parameters) = best.ok_or(TrainError::NonFiniteFit)?;
    let method = ResolvedMethod::Linear { strength };
    let trials = SearchTrials::Strengths(trials);
    Ok(SearchResult { method, start: Some(parameters), trials })
}

fn search_epochs<'a>(
    fitting: &PreparedRows,
    validation: &PreparedRows,
    hidden: &'a HiddenLayers,
    seed: u64,
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<SearchResult<'a>, TrainError> {
    let mut best = None;
    let mut min_loss = f64::INFINITY;
    let mut epochs = Vec::new();
    hidden::fit(fitting, hidden, hidden.epochs, seed, &mut |fitting_loss, layers| {
        let Validation { loss, score } = validate(&layers, validation)?;
        let epoch = Epoch { fitting_loss, loss, score };
        progress(Stage::Epoch(&epoch));
        epochs.push(epoch);
        if loss < min_loss {
            min_loss = loss;
            best = Some(epochs.len());
        }
        let since_best = epochs.len() - best.unwrap_or(0);
        Ok(if since_best == hidden.patience {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    let best_epochs = best.ok_or(TrainError::NonFiniteFit)?;
    let method = ResolvedMethod::Hidden { hidden, epochs: best_epochs, seed };
    Ok(SearchResult { method, start: None, trials: SearchTrials::Epochs(epochs) })
}

struct Validation {
    loss: f64,
    /// The first of [`Scores::metrics`].
    score: f64,
}

fn validate(layers: &FittedLayers, rows: &PreparedRows) -> candle_core::Result<Validation> {
    let outputs = layers.forward(&rows.x)?;
    let (loss, _) = loss(&outputs, &rows.y, rows.weights.as_deref());
    let metrics = Scores::new(&outputs, &rows.y, None).metrics();
    Ok(Validation { loss, score: metrics.first().map_or(f64::NAN, |metric| metric.value) })
}
