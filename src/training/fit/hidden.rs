//! Fits several fully connected layers by gradient descent: AdamW (Loshchilov and Hutter, 2019) on
//! mini-batches, with dropout between the layers.
//!
//! All random choices come from one seed: the initial weights, the order of rows, and dropout.

use std::ops::ControlFlow;

use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::layers::FittedLayers;
use super::network::Network;
use super::prepared::PreparedRows;
use crate::training::error::TrainError;
use crate::training::options::HiddenLayers;

/// Rows of a mini-batch.
const BATCH: usize = 64;

/// AdamW's weight decay, as a share of the learning rate; PyTorch's default.
const WEIGHT_DECAY: f64 = 0.01;

/// Fits `rows` for at most `epochs` epochs. After each, `after_epoch` gets the mean loss of the
/// epoch's steps and the current layers, and decides whether to continue.
///
/// # Errors
/// A tensor operation failed, or `after_epoch` did.
pub fn fit(
    rows: &PreparedRows,
    hidden: &HiddenLayers,
    epochs: usize,
    seed: u64,
    after_epoch: &mut dyn FnMut(f64, FittedLayers) -> Result<ControlFlow<()>, TrainError>,
) -> Result<(), TrainError> {
    let mut random = StdRng::seed_from_u64(seed);
    let network = Network::new(rows, hidden, &mut random)?;
    let parameters = ParamsAdamW {
        lr: hidden.learning_rate,
        weight_decay: WEIGHT_DECAY,
        ..ParamsAdamW::default()
    };
    let mut optimizer = AdamW::new(network.variables(), parameters)?;
    let mut order: Vec<usize> = (0..rows.y.len()).collect();
    for _ in 0..epochs {
        order.shuffle(&mut random);
        let mut total = 0.0;
        for batch in order.chunks(BATCH) {
            total += batch.len() as f64 * network.step(rows, batch, &mut optimizer, &mut random)?;
        }
        if after_epoch(total / rows.y.len() as f64, network.layers()?)?.is_break() {
            break;
        }
    }
    Ok(())
}
