//! Rows of queries to registers of queries, and back.

use crate::arguments::AttentionArguments;
use crate::simd::lanes::{Lanes, StridedRows};

/// `(rows, columns)` → `(columns, rows)`, in square blocks; columns after the last whole block are
/// moved number by number.
///
/// # Safety
/// The CPU has the features of `V`; `from` is valid for its rows of `columns` numbers, `to` for
/// `columns` rows of the number of rows of `from`, rounded up to whole registers.
#[inline(always)]
pub unsafe fn transpose<V: Lanes>(
    from: StridedRows<*const f32>,
    columns: usize,
    to: StridedRows<*mut f32>,
) {
    let whole = columns - columns % V::N;
    for i in (0..from.count).step_by(V::N) {
        let count = V::N.min(from.count - i);
        // SAFETY: the rows and columns exist; each row of `to` has whole registers.
        unsafe {
            let rows = StridedRows { first: from.first.add(i * from.stride), count, ..from };
            for j in (0..whole).step_by(V::N) {
                let rows = StridedRows { first: rows.first.add(j), ..rows };
                let out = to.first.add(j * to.stride + i);
                V::transpose(rows, StridedRows { first: out, stride: to.stride, count: V::N });
            }
            for j in whole..columns {
                for lane in 0..count {
                    *to.first.add(j * to.stride + i + lane) =
                        *rows.first.add(lane * from.stride + j);
                }
            }
        }
    }
}

/// Copies the output `(d, width)` of the queries `first..first + n` to their rows of `out`.
///
/// # Safety
/// The CPU has the features of `V`, the guarantees of [`AttentionArguments`] hold, and `output` is
/// valid for `d` rows of `width` numbers, `width` being a multiple of `V::N` and at least `n`.
#[inline(always)]
pub unsafe fn scatter<V: Lanes>(
    arguments: &AttentionArguments,
    first: usize,
    n: usize,
    output: *const f32,
    width: usize,
) {
    let AttentionArguments { d, out, out_stride, .. } = *arguments;
    let whole = d - d % V::N;
    for i in (0..n).step_by(V::N) {
        let count = V::N.min(n - i);
        // SAFETY: the `count` queries from `first + i` on exist, and `j` is below `d`.
        unsafe {
            let out = out.add((first + i) * out_stride);
            for j in (0..whole).step_by(V::N) {
                let columns =
                    StridedRows { first: output.add(j * width + i), stride: width, count: V::N };
                let rows = StridedRows { first: out.add(j), stride: out_stride, count };
                V::transpose(columns, rows);
            }
            for j in whole..d {
                for lane in 0..count {
                    *out.add(lane * out_stride + j) = *output.add(j * width + i + lane);
                }
            }
        }
    }
}
