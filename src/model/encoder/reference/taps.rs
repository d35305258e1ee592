//! Reads the taps of a hidden state.
//!
//! Letters: `b` sequences, `t` tokens of the longest, `c` hidden size.

use candle_core::{DType, Tensor};
use strata_kernels::View;

use crate::model::encoder::PassInput;
use crate::model::pooling_mask::{PoolingMask, counted_rows};
use crate::model::recipe::Pooling;
use crate::model::sparse::SparseInput;
use crate::model::task::{Read, Tap, TapValues};

/// Reads those taps of the batch that read hidden state `layer`, `(b,t,c)`. Equal taps are read
/// together, for all sequences that have them.
pub fn read_taps(
    hidden: &Tensor,
    layer: usize,
    batch: &[PassInput<'_>],
    values: &mut [TapValues],
) -> candle_core::Result<()> {
    let mut distinct: Vec<&Tap> = Vec::new();
    for tap in batch.iter().flat_map(|input| input.taps).filter(|tap| tap.layer == layer) {
        if !distinct.contains(&tap) {
            distinct.push(tap);
        }
    }
    for tap in distinct {
        // The sequences of the batch that have it, and its index among their taps.
        let place = |row: usize| batch[row].taps.iter().position(|other| other == tap);
        let with_tap: Vec<(usize, usize)> =
            (0..batch.len()).filter_map(|row| Some((row, place(row)?))).collect();
        let inputs: Vec<&PassInput<'_>> = with_tap.iter().map(|(row, _)| &batch[*row]).collect();
        let index: Vec<u32> = with_tap.iter().map(|(row, _)| *row as u32).collect();
        let chosen = if with_tap.len() == batch.len() {
            hidden.clone()
        } else {
            hidden.index_select(&Tensor::from_vec(index, with_tap.len(), hidden.device())?, 0)?
        };
        for ((row, place), numbers) in
            with_tap.into_iter().zip(read_one(&chosen, &inputs, &tap.read)?)
        {
            values[row].by_tap[place] = numbers;
        }
    }
    Ok(())
}

/// `(b,t,c)` → for each sequence its pooled row, its token rows, or their contributions to a head.
fn read_one(
    hidden: &Tensor,
    inputs: &[&PassInput<'_>],
    read: &Read,
) -> candle_core::Result<Vec<Vec<f32>>> {
    let masks: Vec<_> = inputs.iter().map(|input| input.mask_of(read)).collect();
    if let Read::Pooled(pooling) | Read::PooledWithoutPrompt(pooling) = read {
        return pool(hidden, inputs, &masks, *pooling)?.to_vec2();
    }
    let c = hidden.dim(2)?;
    let one = |(at, input): (usize, &&PassInput<'_>)| {
        let t = input.sequence.tokens();
        let numbers = hidden.get(at)?.narrow(0, 0, t)?.flatten_all()?.to_vec1::<f32>()?;
        let rows = View::new(&numbers, t, c, c);
        Ok(match read {
            Read::Projected(projection) => projection.project(rows, masks[at]),
            Read::Tagged(tagger) => tagger.tap(rows, masks[at]),
            Read::Sparse(head) => {
                let (ids, mask) = (input.sequence.ids.as_slice(), masks[at]);
                head.rows(&[SparseInput { rows, ids, mask }]).concat()
            }
            Read::Vectors(head, role) => head.vectors(rows, &input.sequence.ids, *role, masks[at]),
            _ => counted_rows(t, masks[at]).flat_map(|(row, _)| rows.row(row)).copied().collect(),
        })
    };
    inputs.iter().enumerate().map(one).collect()
}

/// `(b,t,c)` → `(b,c)`, or `(b,2c)` for mean and max.
fn pool(
    hidden: &Tensor,
    inputs: &[&PassInput<'_>],
    masks: &[Option<&PoolingMask>],
    pooling: Pooling,
) -> candle_core::Result<Tensor> {
    let (b, t, _) = hidden.dims3()?;
    let device = hidden.device();
    match pooling {
        Pooling::Max => {
            let mut mask = vec![f32::NEG_INFINITY; b * t];
            for (at, input) in inputs.iter().enumerate() {
                let rows = counted_rows(input.sequence.tokens(), masks[at]);
                rows.for_each(|(row, _)| mask[at * t + row] = 0.0);
            }
            let mask = Tensor::from_vec(mask, (b, t, 1), device)?;
            // The maximum leaves NaN out, and a sum doesn't.
            hidden.broadcast_add(&mask)?.max(1)? + (hidden * 0.0)?.sum(1)?
        }
        Pooling::MeanMax => {
            let mean = pool(hidden, inputs, masks, Pooling::Mean)?;
            Tensor::cat(&[mean, pool(hidden, inputs, masks, Pooling::Max)?], 1)
        }
        linear => {
            let mut weights = Vec::with_capacity(b * t);
            for (row, input) in inputs.iter().enumerate() {
                let token_weights = linear.token_weights(input.sequence.tokens(), masks[row]);
                weights.extend(token_weights.unwrap_or_default());
                weights.resize((row + 1) * t, 0.0);
            }
            // (b,1,t)·(b,t,c) → (b,c)
            let weights = Tensor::from_vec(weights, (b, 1, t), device)?.to_dtype(DType::F32)?;
            weights.matmul(hidden)?.squeeze(1)
        }
    }
}
