//! The cost that a fit of one layer minimises, and its gradient.

use std::cell::{Cell, RefCell};

use argmin::core::{CostFunction, Error, Gradient};
use candle_core::{Device, Tensor};

use super::layer_weights::{ParameterLayout, PenalisedGradient};
use crate::training::fit::{PreparedRows, loss};

/// A fit stops after this many consecutive points that are no better than the best. argmin's line
/// search doesn't end by itself where float64 can't distinguish two costs.
const MAX_POINTS_WITHOUT_GAIN: u32 = 50;

/// Mean loss plus penalty, as a function of the parameters.
pub(super) struct Objective<'a> {
    rows: &'a PreparedRows,
    layout: ParameterLayout,
    penalty: f64,
    /// The last point with its cost and gradient. They are computed together, and the solver uses
    /// one after the other.
    last: RefCell<Option<Evaluated>>,
    /// The smallest cost so far.
    min_cost: Cell<f64>,
    /// Points since then.
    without_gain: Cell<u32>,
}

/// Cost and gradient at a point.
struct Evaluated {
    point: Vec<f64>,
    cost: f64,
    gradient: Vec<f64>,
}

impl<'a> Objective<'a> {
    pub(super) fn new(rows: &'a PreparedRows, penalty: f64) -> candle_core::Result<Self> {
        Ok(Self {
            rows,
            layout: ParameterLayout::new(rows)?,
            penalty,
            last: RefCell::default(),
            min_cost: Cell::new(f64::INFINITY),
            without_gain: Cell::new(0),
        })
    }

    fn evaluate<T>(&self, point: &[f64], read: impl Fn(&Evaluated) -> T) -> candle_core::Result<T> {
        let mut last = self.last.borrow_mut();
        match &*last {
            Some(known) if known.point == point => Ok(read(known)),
            _ => Ok(read(last.insert(self.compute(point)?))),
        }
    }

    fn compute(&self, point: &[f64]) -> candle_core::Result<Evaluated> {
        let PreparedRows { x, y, outputs, layer_products, weights: class_weights } = self.rows;
        let parameters = self.layout.split(point);
        let all = self.layout.feature_weights(&parameters);
        let shape = (*outputs, all.len() / outputs);
        let all = Tensor::from_vec(all, shape, &Device::Cpu)?;
        let bias = Tensor::from_slice(parameters.bias, *outputs, &Device::Cpu)?;
        let logits = x.matmul(&all.t()?)?.broadcast_add(&bias)?; // (n,d)·(d,k) → (n,k)
        let (loss, at_logits) =
            loss(&logits.flatten_all()?.to_vec1()?, y, class_weights.as_deref());
        let at_logits = Tensor::from_vec(at_logits, (y.len(), *outputs), &Device::Cpu)?;
        // (k,n)·(n,d) → (k,d)
        let at_all = at_logits.t()?.matmul(x)?.flatten_all()?.to_vec1::<f64>()?;
        let PenalisedGradient { penalty, weights: mut gradient, scores } = match layer_products {
            None => l2_penalised(at_all, parameters.weights, self.penalty),
            Some(products) => {
                self.layout.penalised_gradient(products, &parameters, &at_all, self.penalty)
            }
        };
        gradient.extend(at_logits.sum(0)?.to_vec1::<f64>()?);
        gradient.extend(scores);
        Ok(Evaluated { point: point.to_vec(), cost: loss + penalty, gradient })
    }
}

/// With the penalty `½ Σ W²`.
fn l2_penalised(mut gradient: Vec<f64>, weights: &[f64], factor: f64) -> PenalisedGradient {
    gradient.iter_mut().zip(weights).for_each(|(slope, weight)| *slope += factor * weight);
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    PenalisedGradient { penalty: factor * squares / 2.0, weights: gradient, scores: Vec::new() }
}

impl CostFunction for &Objective<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, point: &Vec<f64>) -> Result<f64, Error> {
        let cost = self.evaluate(point, |known| known.cost)?;
        if cost < self.min_cost.get() {
            self.min_cost.set(cost);
            self.without_gain.set(0);
        } else if self.without_gain.get() == MAX_POINTS_WITHOUT_GAIN {
            return Err(Error::msg("no better point was found"));
        } else {
            self.without_gain.set(self.without_gain.get() + 1);
        }
        Ok(cost)
    }
}

impl Gradient for &Objective<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, point: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.evaluate(point, |known| known.gradient.clone())?)
    }
}
