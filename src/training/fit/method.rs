//! A fit with all settings decided.

use std::ops::ControlFlow;

use super::hidden;
use super::layers::FittedLayers;
use super::linear::{self, Convergence};
use super::prepared::PreparedRows;
use crate::training::error::TrainError;
use crate::training::options::HiddenLayers;

/// A [`Method`](crate::training::Method) whose settings have been chosen.
#[derive(Debug, Clone, Copy)]
pub enum ResolvedMethod<'a> {
    /// One layer.
    Linear {
        /// Regularisation strength, `C` as in scikit-learn: large is weak.
        strength: f64,
    },
    /// Hidden layers.
    Hidden {
        /// Their widths and options.
        hidden: &'a HiddenLayers,
        /// Number of epochs.
        epochs: usize,
        /// Seed of the fit's random choices.
        seed: u64,
    },
}

/// The result of a fit.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Finite.
    pub layers: FittedLayers,
    /// Where the fit of one layer ended.
    pub convergence: Option<Convergence>,
}

impl ResolvedMethod<'_> {
    /// Fits `rows`. One layer is fitted until the gradient's norm is below `tolerance`, from
    /// `start` if it is given.
    ///
    /// # Errors
    /// As `linear::fit` and `hidden::fit`; a fit with non-finite weights. A fit that doesn't
    /// converge is no error.
    pub fn fit(
        &self,
        rows: &PreparedRows,
        tolerance: f64,
        start: Option<Vec<f64>>,
    ) -> Result<Fit, TrainError> {
        let fit = match *self {
            Self::Linear { strength } => {
                let start = start.map_or_else(|| linear::zeros(rows), Ok)?;
                let fit = linear::fit(rows, strength, tolerance, start)?;
                let layers = linear::fitted_layers(&fit.parameters, rows)?;
                Fit { layers, convergence: Some(fit.convergence) }
            }
            Self::Hidden { hidden, epochs, seed } => {
                let mut last = None;
                hidden::fit(rows, hidden, epochs, seed, &mut |_, layers| {
                    last = Some(layers);
                    Ok(ControlFlow::Continue(()))
                })?;
                Fit { layers: last.ok_or(TrainError::NoEpochs)?, convergence: None }
            }
        };
        if fit.layers.is_finite() { Ok(fit) } else { Err(TrainError::NonFiniteFit) }
    }
}
