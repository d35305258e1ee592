//! Reading taps off the rows of a hidden state, as each layer is produced.

use rayon::prelude::*;

use super::plan::Member;
use crate::kernels::View;
use crate::model::encoder::Query;
use crate::model::recipe::Pooling;
use crate::model::task::Read;

/// For each query, for each of its taps, what was read.
pub type Answers = Vec<Vec<Vec<f32>>>;

/// Reads what the batch wants of hidden state `layer` from each sequence's rows of it, `(t, c)`, or
/// from those few that the sequence's last layer computes.
pub fn read<'a>(
    layer: usize,
    members: impl Iterator<Item = (&'a Member, View<'a>)>,
    batch: &[Query<'_>],
    answers: &mut Answers,
) {
    let wanted = members.flat_map(|(member, rows)| {
        let taps = batch[member.query].taps.iter().enumerate();
        let here = taps.filter(|(_, tap)| tap.layer == layer);
        here.map(move |(at, tap)| (member, rows, at, tap.read))
    });
    let wanted: Vec<_> = wanted.collect();
    let read: Vec<_> =
        wanted.par_iter().map(|(member, rows, _, read)| read_one(member, *rows, *read)).collect();
    for ((member, _, at, _), values) in wanted.into_iter().zip(read) {
        answers[member.query][at] = values;
    }
}

fn read_one(member: &Member, rows: View<'_>, read: Read) -> Vec<f32> {
    match read {
        Read::Rows => (0..rows.rows()).flat_map(|row| rows.row(row)).copied().collect(),
        // Few rows hold the first token, the last, or both in this order.
        Read::Pooled(pooling @ (Pooling::Cls | Pooling::LastToken)) => pooling.pool(rows),
        Read::Pooled(pooling) => {
            debug_assert_eq!(rows.rows(), member.tokens, "pooling over some of the tokens");
            pooling.pool(rows)
        }
    }
}
