//! What a fit of one layer minimises, and its gradient.

use std::cell::{Cell, RefCell};

use argmin::core::{CostFunction, Error, Gradient};
use candle_core::{Device, Tensor};

use super::layer_weights::{Places, Slopes};
use crate::training::fit::{Part, loss};

/// A fit is given up after this many points in a row that are no better than the best: argmin's
/// line search has no end of its own where float64 can't tell two costs apart.
const FRUITLESS: u32 = 50;

pub(super) struct Objective<'a> {
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
    pub(super) fn new(part: &'a Part, penalty: f64) -> candle_core::Result<Self> {
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
