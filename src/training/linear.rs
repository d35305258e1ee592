//! One fully connected layer, fitted at one strength: logistic regression, multinomial or for each
//! label, or ridge regression.
//!
//! Letters: `n` rows, `d` features, `k` outputs. With `W (k,d)`, `b (k)` and `C` the strength as
//! scikit-learn has it (large `C`, weak regularisation), what is minimised is
//!
//! ```text
//! mean over rows of the loss at W·x + b  +  a/(2·C·n) · Σ W²      a = 2 for one of two labels, else 1
//! ```
//!
//! scikit-learn's `C · Σ loss + ½ Σ W²` divided by `C·n`: the same minimum; of ridge regression `C` is
//! `1/alpha`. It fits two classes with one vector `v = w₁ − w₀`; there `w₁ = −w₀` at the minimum, so
//! `½ v² = Σ W²` and `a = 2`. The bias is not regularised. The minimum is unique but for a constant on
//! all biases, so the start decides nothing but the time.
//!
//! Where the factors of encoder layers are learnt too, `linear/tied.rs` says how.

mod tied;

use std::cell::{Cell, RefCell};

use argmin::core::{CostFunction, Error, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::layers::{Layer, Layers};
use super::loss::loss;
use super::prepared::Part;
use super::targets::Targets;
use crate::model::head::Activation;
use tied::{At, Places, Slopes};

/// A head's last fit has converged when the L2 norm of the gradient is below this.
pub const FINE: f64 = 1e-6;

/// Near enough to compare fits by: a log loss moves by less than 1e-5 against [`FINE`], which takes half
/// as many iterations again and more.
pub const ROUGH: f64 = 1e-4;

/// A fit that needs more iterations is given up and says that it has not converged.
pub const MAX_ITERATIONS: u64 = 2_000;

/// A fit is given up after this many points in a row that are no better than the best: argmin's
/// line search has no end of its own where float64 can't tell two costs apart.
const FRUITLESS: u32 = 50;

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
    Ok(Layers { factors, list: vec![layer], activation: Activation::Identity })
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

struct Objective<'a> {
    part: &'a Part,
    places: Places,
    penalty: f64,
    /// The solver asks for the cost and the gradient of a point one after the other; both come
    /// out of one pass.
    last: RefCell<Option<Evaluation>>,
    /// The least cost yet, and how many points have been no better since.
    least: Cell<(f64, u32)>,
}

struct Evaluation {
    at: Vec<f64>,
    cost: f64,
    gradient: Vec<f64>,
}

impl<'a> Objective<'a> {
    fn new(part: &'a Part, penalty: f64) -> candle_core::Result<Self> {
        let least = Cell::new((f64::INFINITY, 0));
        Ok(Self { part, places: Places::of(part)?, penalty, last: RefCell::default(), least })
    }

    fn evaluate<T>(&self, at: &[f64], read: impl Fn(&Evaluation) -> T) -> candle_core::Result<T> {
        let mut last = self.last.borrow_mut();
        match &*last {
            Some(known) if known.at == at => Ok(read(known)),
            _ => Ok(read(last.insert(self.pass(at)?))),
        }
    }

    fn pass(&self, at: &[f64]) -> candle_core::Result<Evaluation> {
        let Part { x, y, outputs, tied, weights: counts } = self.part;
        let at_places = self.places.read(at);
        let all = self.places.spread(&at_places);
        let shape = (*outputs, all.len() / outputs);
        let all = Tensor::from_vec(all, shape, &Device::Cpu)?;
        let bias = Tensor::from_slice(at_places.bias, *outputs, &Device::Cpu)?;
        let logits = x.matmul(&all.t()?)?.broadcast_add(&bias)?; // (n,d)·(d,k) → (n,k)
        let (loss, by_logits) = loss(&logits.flatten_all()?.to_vec1()?, y, counts.as_deref());
        let by_logits = Tensor::from_vec(by_logits, (y.len(), *outputs), &Device::Cpu)?;
        let slopes = by_logits.t()?.matmul(x)?.flatten_all()?.to_vec1::<f64>()?; // (k,n)·(n,d) → (k,d)
        let Slopes { cost, mut by_weight, by_score } = match tied {
            None => penalised(slopes, at_places.weights, self.penalty),
            Some(tied) => self.places.slopes(tied, &at_places, &slopes, self.penalty),
        };
        by_weight.extend(by_logits.sum(0)?.to_vec1::<f64>()?);
        by_weight.extend(by_score);
        let (cost, gradient) = (loss + cost, by_weight);
        Ok(Evaluation { at: at.to_vec(), cost, gradient })
    }
}

/// The cost of `½ Σ W²` and its slopes beside those of the loss.
fn penalised(mut slopes: Vec<f64>, weights: &[f64], penalty: f64) -> Slopes {
    slopes.iter_mut().zip(weights).for_each(|(slope, weight)| *slope += penalty * weight);
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    Slopes { cost: penalty * squares / 2.0, by_weight: slopes, by_score: Vec::new() }
}

impl CostFunction for &Objective<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, at: &Vec<f64>) -> Result<f64, Error> {
        let cost = self.evaluate(at, |known| known.cost)?;
        match self.least.get() {
            (least, _) if cost < least => self.least.set((cost, 0)),
            (_, FRUITLESS) => return Err(Error::msg("no better point to be found")),
            (least, fruitless) => self.least.set((least, fruitless + 1)),
        }
        Ok(cost)
    }
}

impl Gradient for &Objective<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, at: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.evaluate(at, |known| known.gradient.clone())?)
    }
}

#[cfg(test)]
mod tests;
