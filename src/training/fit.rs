//! One fully connected layer, fitted at one strength: multinomial logistic regression.
//!
//! Letters: `n` rows, `d` features, `k` classes. With `W (k,d)`, `b (k)` and `C` the strength as
//! scikit-learn has it (large `C`, weak regularisation), what is minimised is
//!
//! ```text
//! mean over rows of −u[y]·log softmax(W·x + b)[y]  +  a/(2·C·n) · Σ W²      a = 1, or 2 if k = 2
//! ```
//!
//! where `u` is the weight of a class: 1, or `n / (k · rows of the class)`.
//!
//! scikit-learn's `C · Σ loss + ½ Σ W²` divided by `C·n`: the same minimum. It fits two classes
//! with one vector `v = w₁ − w₀`; there `w₁ = −w₀` at the minimum, so `½ v² = Σ W²` and `a = 2`.
//! The bias is not regularised. The minimum is unique but for a constant on all biases, so the
//! start decides nothing but the time.

use std::cell::{Cell, RefCell};

use argmin::core::{CostFunction, Error, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use candle_core::{Device, Tensor, Var};
use candle_nn::{Linear, Module, loss, ops};
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::features::{Features, Standardisation};

/// A head's last fit has converged when the L2 norm of the gradient is below this.
pub const GRADIENT_NORM: f64 = 1e-6;

/// A fit that needs more iterations is given up and says that it has not converged.
pub const MAX_ITERATIONS: u64 = 2_000;

/// A fit is given up after this many points in a row that are no better than the best: argmin's
/// line search has no end of its own where float64 can't tell two costs apart.
const FRUITLESS: u32 = 50;

/// How many past steps L-BFGS keeps, as in scikit-learn.
const HISTORY: usize = 10;

/// Rows ready to be fitted, in float64.
pub struct Part {
    /// Standardised features, `(n,d)`.
    pub x: Tensor,
    /// Classes, `(n)`, u32.
    pub y: Tensor,
    /// `k`.
    pub classes: usize,
    /// What each row counts, `(n)`, where it isn't 1.
    pub weights: Option<Vec<f64>>,
}

/// What the rows of a class count in a fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// Each row as much as any other.
    #[default]
    None,
    /// All rows of a class as much as those of any other: `n / (k · rows of the class)`, as
    /// scikit-learn has it.
    Balanced,
}

impl ClassWeights {
    /// Whether rows all count the same.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl Part {
    /// `labels` are of all rows of `features`; the part is `rows` of them.
    ///
    /// # Errors
    /// Only candle's own.
    pub fn new(
        features: &Features,
        labels: &[usize],
        rows: &[usize],
        scale: &Standardisation,
        (classes, weights): (usize, ClassWeights),
    ) -> candle_core::Result<Self> {
        let values = scale.apply(features, rows);
        let y = rows.iter().map(|&row| labels[row] as u32).collect::<Vec<_>>();
        let weights = (weights == ClassWeights::Balanced).then(|| balanced(&y, classes));
        Ok(Self {
            weights,
            x: Tensor::from_vec(values, (rows.len(), features.width), &Device::Cpu)?,
            y: Tensor::from_vec(y, rows.len(), &Device::Cpu)?,
            classes,
        })
    }
}

fn balanced(y: &[u32], classes: usize) -> Vec<f64> {
    let mut rows = vec![0.0; classes];
    y.iter().for_each(|&class| rows[class as usize] += 1.0);
    let even = y.len() as f64 / classes as f64;
    y.iter().map(|&class| even / rows[class as usize]).collect()
}

/// Where a fit ended.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// `W` row by row, then `b`.
    pub parameters: Vec<f64>,
    /// Steps taken, each with a line search.
    pub iterations: u64,
    /// The L2 norm of the gradient there.
    pub gradient_norm: f64,
    /// Whether that is below what was asked for, within [`MAX_ITERATIONS`].
    pub converged: bool,
}

impl Fitted {
    /// `W (k,d)`, row by row, and `b (k)`.
    pub fn weights_and_bias(&self, classes: usize) -> (&[f64], &[f64]) {
        self.parameters.split_at(self.parameters.len() - classes)
    }
}

/// Zeros, the start where there is no better one.
///
/// # Errors
/// Only candle's own.
pub fn zeros(part: &Part) -> candle_core::Result<Vec<f64>> {
    Ok(vec![0.0; part.classes * (part.x.dim(1)? + 1)])
}

/// Minimises over `part` from `start`, laid out as [`Fitted::parameters`], until the L2 norm of
/// the gradient is below `norm`.
///
/// # Errors
/// Only candle's and argmin's own; [`Fitted::converged`] says whether the norm was reached.
pub fn fit(part: &Part, strength: f64, norm: f64, start: Vec<f64>) -> Result<Fitted, TrainError> {
    let a = if part.classes == 2 { 2.0 } else { 1.0 };
    let penalty = a / (strength * part.x.dim(0)? as f64);
    let objective = Objective::new(part, penalty);
    minimise(&objective, norm, start).map_err(TrainError::Solver)
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
    Ok(Fitted { parameters, iterations, gradient_norm, converged: gradient_norm < norm })
}

/// The layer with these parameters, laid out as [`Fitted::parameters`].
///
/// # Errors
/// Only candle's own.
pub fn layer(parameters: &[f64], classes: usize) -> candle_core::Result<Linear> {
    let (weights, bias) = parameters.split_at(parameters.len() - classes);
    let weights = Tensor::from_slice(weights, (classes, weights.len() / classes), &Device::Cpu)?;
    Ok(Linear::new(weights, Some(Tensor::from_slice(bias, classes, &Device::Cpu)?)))
}

struct Objective<'a> {
    part: &'a Part,
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
    fn new(part: &'a Part, penalty: f64) -> Self {
        Self { part, penalty, last: RefCell::default(), least: Cell::new((f64::INFINITY, 0)) }
    }

    fn evaluate<T>(&self, at: &[f64], read: impl Fn(&Evaluation) -> T) -> candle_core::Result<T> {
        let mut last = self.last.borrow_mut();
        match &*last {
            Some(known) if known.at == at => Ok(read(known)),
            _ => Ok(read(last.insert(self.pass(at)?))),
        }
    }

    fn pass(&self, at: &[f64]) -> candle_core::Result<Evaluation> {
        let Part { x, y, classes, weights } = self.part;
        // Autograd reaches back to the logits and no further. Through the layer it would find the
        // gradient of the data too, (n,d) and five times the work, so that last step of the chain
        // rule is written out. A test compares it with autograd's.
        let logits = Var::from_tensor(&layer(at, *classes)?.forward(x)?)?; // (n,d)·(d,k) → (n,k)
        let loss = match weights {
            None => loss::cross_entropy(&logits, y)?,
            Some(weights) => {
                let weights = Tensor::from_slice(weights, weights.len(), &Device::Cpu)?;
                let logs = ops::log_softmax(logits.as_tensor(), 1)?;
                let logs = logs.gather(&y.unsqueeze(1)?, 1)?.squeeze(1)?;
                (logs * weights)?.mean(0)?.neg()?
            }
        };
        let gradients = loss.backward()?;
        let Some(by_logits) = gradients.get(&logits) else {
            candle_core::bail!("the loss does not depend on the logits");
        };
        let by_weights = by_logits.t()?.matmul(x)?; // (k,n)·(n,d) → (k,d)
        let mut gradient = by_weights.flatten_all()?.to_vec1::<f64>()?;
        let mut cost = loss.to_scalar::<f64>()?;
        for (by_weight, weight) in gradient.iter_mut().zip(at) {
            *by_weight += self.penalty * weight;
            cost += self.penalty * weight * weight / 2.0;
        }
        gradient.extend(by_logits.sum(0)?.to_vec1::<f64>()?);
        Ok(Evaluation { at: at.to_vec(), cost, gradient })
    }
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
