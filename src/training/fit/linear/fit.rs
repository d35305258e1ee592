//! One layer at one strength, by L-BFGS.

use argmin::core::{Error, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use serde::{Deserialize, Serialize};

use super::layer_weights::{At, Places};
use super::objective::Objective;
use crate::model::head::DenseActivation;
use crate::training::data::Targets;
use crate::training::error::TrainError;
use crate::training::fit::{Layer, Layers, Part};

/// A head's last fit has converged when the L2 norm of the gradient is below this.
pub const FINE: f64 = 1e-6;

/// Near enough to compare fits by: a log loss moves by less than 1e-5 against [`FINE`], which takes half
/// as many iterations again and more.
pub const ROUGH: f64 = 1e-4;

/// A fit that needs more iterations is given up and says that it has not converged.
pub const MAX_ITERATIONS: u64 = 2_000;

/// How many past steps L-BFGS keeps, as in scikit-learn.
const HISTORY: usize = 10;

/// Where a fit ended.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// `W` row by row, then `b`, then `s` where factors are learnt.
    pub parameters: Vec<f64>,
    /// How near it is to the minimum.
    pub end: Convergence,
}

/// Where the fit of one layer ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Convergence {
    /// Steps taken, each with a line search.
    pub iterations: u64,
    /// The L2 norm of the gradient.
    pub gradient_norm: f64,
    /// Whether that is as small as was asked for, within [`MAX_ITERATIONS`].
    pub converged: bool,
}

/// Zeros, the start where there is no better one.
///
/// # Errors
/// Only candle's own.
pub fn zeros(part: &Part) -> candle_core::Result<Vec<f64>> {
    let places = Places::of(part)?;
    Ok(vec![0.0; places.weights() + places.outputs + places.layers.unwrap_or(0)])
}

/// Minimises over `part` from `start`, laid out as [`Fitted::parameters`], until the L2 norm of
/// the gradient is below `norm`.
///
/// # Errors
/// Only candle's and argmin's own; [`Convergence::converged`] says whether the norm was reached.
pub fn fit(part: &Part, strength: f64, norm: f64, start: Vec<f64>) -> Result<Fitted, TrainError> {
    let one_of_two = matches!(part.y, Targets::One(_)) && part.outputs == 2;
    let penalty = if one_of_two { 2.0 } else { 1.0 } / (strength * part.y.len() as f64);
    let objective = Objective::new(part, penalty)?;
    minimise(&objective, norm, start).map_err(TrainError::Solver)
}

/// The layer that a fit to `part` came to.
///
/// # Errors
/// Only candle's own.
pub fn layers(parameters: &[f64], part: &Part) -> candle_core::Result<Layers> {
    let At { weights, bias, factors, .. } = Places::of(part)?.read(parameters);
    let layer = Layer { weight: weights.to_vec(), bias: bias.to_vec() };
    Ok(Layers { factors, list: vec![layer], activation: DenseActivation::Identity })
}

fn minimise(objective: &Objective<'_>, norm: f64, start: Vec<f64>) -> Result<Fitted, Error> {
    // Only a small gradient is an end: a step that gains next to nothing is not.
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), HISTORY)
        .with_tolerance_grad(norm)?
        .with_tolerance_cost(0.0)?;
    let mut state = Executor::new(objective, solver)
        .configure(|state| state.param(start).max_iters(MAX_ITERATIONS))
        .ctrlc(false)
        .run()?
        .state;
    let iterations = state.get_iter();
    // A line search given up leaves the state without its parameters.
    let parameters = state.take_param().or_else(|| state.take_best_param());
    let parameters = parameters.ok_or_else(|| Error::msg("the cost is not a number"))?;
    let gradient = objective.gradient(&parameters)?;
    let gradient_norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    let converged = gradient_norm < norm;
    Ok(Fitted { parameters, end: Convergence { iterations, gradient_norm, converged } })
}
