//! A fit whose settings have been chosen.

use super::hidden::After;
use super::layers::Layers;
use super::prepared::Part;
use super::{hidden, linear};
use crate::training::error::TrainError;
use crate::training::fit::linear::Convergence;
use crate::training::options::Hidden;

/// How layers are fitted, all of it settled.
#[derive(Debug, Clone, Copy)]
pub enum Chosen<'a> {
    /// One layer.
    Linear {
        /// How weak its regularisation is, `C` in scikit-learn's sense.
        strength: f64,
    },
    /// Hidden layers.
    Hidden {
        /// Which.
        hidden: &'a Hidden,
        /// Passes over the rows.
        epochs: usize,
        /// What is drawn with.
        seed: u64,
    },
}

impl Chosen<'_> {
    /// Fits `part`. Of one layer: until the gradient's norm is below `norm`, from `start` if there is one.
    ///
    /// # Errors
    /// As [`linear::fit`] and [`hidden::descend`]; a fit that left the numbers. One that doesn't converge is
    /// no error.
    pub fn fit(
        &self,
        part: &Part,
        norm: f64,
        start: Option<Vec<f64>>,
    ) -> Result<(Layers, Option<Convergence>), TrainError> {
        let (layers, end) = match *self {
            Self::Linear { strength } => {
                let start = start.map_or_else(|| linear::zeros(part), Ok)?;
                let fitted = linear::fit(part, strength, norm, start)?;
                let layers = linear::layers(&fitted.parameters, part)?;
                (layers, Some(fitted.end))
            }
            Self::Hidden { hidden, epochs, seed } => {
                let mut last = None;
                hidden::descend(part, hidden, (epochs, seed), &mut |_, layers| {
                    last = Some(layers);
                    Ok(After::GoOn)
                })?;
                // At least one pass is made.
                (last.ok_or(TrainError::NoEpochs)?, None)
            }
        };
        if layers.is_finite() { Ok((layers, end)) } else { Err(TrainError::NotANumber) }
    }
}
