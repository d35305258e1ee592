//! The minimisation, by L-BFGS.

use argmin::core::{Error, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use serde::{Deserialize, Serialize};

use super::layer_weights::{ParameterLayout, Parameters};
use super::objective::Objective;
use crate::model::head::DenseActivation;
use crate::training::data::Targets;
use crate::training::error::TrainError;
use crate::training::fit::{FittedLayer, FittedLayers, PreparedRows};

/// A head's last fit has converged if the L2 norm of the gradient is below this.
pub const FINAL_TOLERANCE: f64 = 1e-6;

/// The tolerance of fits that are only compared. Compared with [`FINAL_TOLERANCE`], the log loss
/// differs by less than 1e-5, and a fit takes at most two thirds of the iterations.
pub const SEARCH_TOLERANCE: f64 = 1e-4;

/// A fit stops after this many iterations and reports that it has not converged.
pub const MAX_ITERATIONS: u64 = 2_000;

/// How many past steps L-BFGS keeps, as in scikit-learn.
const HISTORY: usize = 10;

/// The result of a fit.
#[derive(Debug, Clone)]
pub struct LinearFit {
    /// `W` row by row, then `b`, then `s` if layer weights are learned.
    pub parameters: Vec<f64>,
    /// How close it is to the minimum.
    pub convergence: Convergence,
}

/// Where the fit of one layer ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Convergence {
    /// Steps taken, each with a line search.
    pub iterations: u64,
    /// The L2 norm of the gradient.
    pub gradient_norm: f64,
    /// Whether the norm is below the tolerance, reached within [`MAX_ITERATIONS`].
    pub converged: bool,
}

/// Parameters of 0, the default start.
///
/// # Errors
/// A tensor operation failed.
pub fn zeros(rows: &PreparedRows) -> candle_core::Result<Vec<f64>> {
    let layout = ParameterLayout::new(rows)?;
    Ok(vec![0.0; layout.weights() + layout.outputs + layout.layers.unwrap_or(0)])
}

/// Fits `rows` from `start`, laid out as [`LinearFit::parameters`], until the L2 norm of the
/// gradient is below `tolerance`.
///
/// # Errors
/// A tensor operation or the solver failed. [`Convergence::converged`] says whether the tolerance
/// was reached.
pub fn fit(
    rows: &PreparedRows,
    strength: f64,
    tolerance: f64,
    start: Vec<f64>,
) -> Result<LinearFit, TrainError> {
    let two_classes = matches!(rows.y, Targets::SingleLabel(_)) && rows.outputs == 2;
    let penalty = if two_classes { 2.0 } else { 1.0 } / (strength * rows.y.len() as f64);
    let objective = Objective::new(rows, penalty)?;
    minimise(&objective, tolerance, start).map_err(TrainError::Solver)
}

/// The layer with these parameters.
///
/// # Errors
/// A tensor operation failed.
pub fn fitted_layers(parameters: &[f64], rows: &PreparedRows) -> candle_core::Result<FittedLayers> {
    let Parameters { weights, bias, layer_weights, .. } =
        ParameterLayout::new(rows)?.split(parameters);
    let layer = FittedLayer { weight: weights.to_vec(), bias: bias.to_vec() };
    Ok(FittedLayers { layer_weights, layers: vec![layer], activation: DenseActivation::Identity })
}

fn minimise(
    objective: &Objective<'_>,
    tolerance: f64,
    start: Vec<f64>,
) -> Result<LinearFit, Error> {
    // Only a small gradient ends the fit, not a small decrease of the cost.
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), HISTORY)
        .with_tolerance_grad(tolerance)?
        .with_tolerance_cost(0.0)?;
    let mut state = Executor::new(objective, solver)
        .configure(|state| state.param(start).max_iters(MAX_ITERATIONS))
        .ctrlc(false)
        .run()?
        .state;
    let iterations = state.get_iter();
    // A failed line search leaves the state without its parameters.
    let parameters = state.take_param().or_else(|| state.take_best_param());
    let parameters = parameters.ok_or_else(|| Error::msg("the cost is not finite"))?;
    let gradient = objective.gradient(&parameters)?;
    let gradient_norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    let converged = gradient_norm < tolerance;
    Ok(LinearFit { parameters, convergence: Convergence { iterations, gradient_norm, converged } })
}
