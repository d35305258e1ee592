//! Several fully connected layers, fitted by gradient descent: AdamW (Loshchilov and Hutter, 2019) on
//! small batches, with dropout between the layers.
//!
//! Whatever is drawn comes from one seed: the first weights, the order of rows, what is dropped.

use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::layers::Layers;
use super::network::Network;
use super::prepared::Part;
use crate::training::error::TrainError;
use crate::training::options::Hidden;

/// Rows of a step.
const BATCH: usize = 64;

/// What weights shrink by in a step, as a share of the learning rate; PyTorch's default.
const WEIGHT_DECAY: f64 = 0.01;

/// What comes after a pass over the rows.
pub enum After {
    /// Another, if there are to be more.
    GoOn,
    /// The end.
    Stop,
}

/// Passes over `part` up to `epochs` times. After each, `after` gets the mean loss of its steps and the
/// layers as they are.
///
/// # Errors
/// Only candle's own, and what `after` returns.
pub fn descend(
    part: &Part,
    hidden: &Hidden,
    (epochs, seed): (usize, u64),
    after: &mut dyn FnMut(f64, Layers) -> Result<After, TrainError>,
) -> Result<(), TrainError> {
    let mut random = StdRng::seed_from_u64(seed);
    let network = Network::new(part, hidden, &mut random)?;
    let parameters = ParamsAdamW {
        lr: hidden.learning_rate,
        weight_decay: WEIGHT_DECAY,
        ..ParamsAdamW::default()
    };
    let mut optimizer = AdamW::new(network.variables(), parameters)?;
    let mut order: Vec<usize> = (0..part.y.len()).collect();
    for _ in 0..epochs {
        order.shuffle(&mut random);
        let mut total = 0.0;
        for rows in order.chunks(BATCH) {
            total += rows.len() as f64 * network.step(part, rows, &mut optimizer, &mut random)?;
        }
        if let After::Stop = after(total / part.y.len() as f64, network.layers()?)? {
            break;
        }
    }
    Ok(())
}
