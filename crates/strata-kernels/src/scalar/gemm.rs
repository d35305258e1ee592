//! GEMM, row by row.

use crate::arguments::{GemmArguments, Int8Scales, LeftWords, Prefetch};
use crate::epilogue::Epilogue;

/// Columns of a panel.
pub const COLUMNS: usize = 16;

/// The dtype of a word of `k`, and the type of its sums.
pub trait Word {
    type Sum: Copy + Default;

    /// `sum + a·b`, over all numbers of the words.
    fn step(sum: Self::Sum, a: u32, b: u32) -> Self::Sum;

    fn to_word(sum: Self::Sum) -> u32;

    fn to_f32(sum: Self::Sum) -> f32;
}

/// One f32.
pub struct F32Word;

impl Word for F32Word {
    type Sum = f32;

    #[inline]
    fn step(sum: f32, a: u32, b: u32) -> f32 {
        sum + f32::from_bits(a) * f32::from_bits(b)
    }
    fn to_word(sum: f32) -> u32 {
        sum.to_bits()
    }
    fn to_f32(sum: f32) -> f32 {
        sum
    }
}

/// Two bf16.
pub struct Bf16Word;

impl Word for Bf16Word {
    type Sum = f32;

    #[inline]
    fn step(sum: f32, a: u32, b: u32) -> f32 {
        let low = f32::from_bits(a << 16) * f32::from_bits(b << 16);
        let high = f32::from_bits(a & 0xffff_0000) * f32::from_bits(b & 0xffff_0000);
        sum + low + high
    }
    fn to_word(sum: f32) -> u32 {
        sum.to_bits()
    }
    fn to_f32(sum: f32) -> f32 {
        sum
    }
}

/// Four bytes, unsigned on the left and signed on the right.
pub struct Int8Word;

impl Word for Int8Word {
    type Sum = i32;

    #[inline]
    fn step(sum: i32, a: u32, b: u32) -> i32 {
        let pairs = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
        pairs.fold(sum, |sum, (a, b)| sum + i32::from(a) * i32::from(b.cast_signed()))
    }
    fn to_word(sum: i32) -> u32 {
        sum.cast_unsigned()
    }
    fn to_f32(sum: i32) -> f32 {
        sum as f32
    }
}

/// One row of the left matrix times a panel.
///
/// # Safety
/// `a` is valid for `steps` words, `step_stride` apart, `b` for `steps` words per column.
#[inline]
unsafe fn row<W: Word>(
    a: *const u32,
    step_stride: usize,
    steps: usize,
    b: *const u32,
) -> [W::Sum; COLUMNS] {
    let mut sums = [W::Sum::default(); COLUMNS];
    for step in 0..steps {
        // SAFETY: `step < steps`, and the caller guarantees that many words on either side.
        unsafe {
            let left = a.add(step * step_stride).read_unaligned();
            for (column, sum) in sums.iter_mut().enumerate() {
                *sum = W::step(*sum, left, b.add(step * COLUMNS + column).read_unaligned());
            }
        }
    }
    sums
}

/// The sums of a tile.
///
/// # Safety
/// As for [`MicroKernelFn`](crate::table::MicroKernelFn), for any number of rows.
pub unsafe fn micro_kernel<W: Word>(
    rows: usize,
    a: LeftWords,
    steps: usize,
    b: *const u32,
    _: Prefetch,
    out: *mut u32,
) {
    for i in 0..rows {
        // SAFETY: `i` is below `rows`; the caller guarantees that many rows of `a` and `out`, and
        // `b`.
        unsafe {
            let sums = row::<W>(a.first.add(i * a.row_stride), a.step_stride, steps, b);
            for (column, sum) in sums.into_iter().enumerate() {
                *out.add(i * COLUMNS + column) = W::to_word(sum);
            }
        }
    }
}

/// A block of rows times one panel.
///
/// # Safety
/// The guarantees of [`GemmArguments`] hold.
pub unsafe fn gemm<W: Word>(arguments: &GemmArguments) {
    let GemmArguments { a, steps, b, bias, out, out_stride, .. } = *arguments;
    for i in 0..arguments.rows {
        // SAFETY: `i` is below the number of rows, `column` below the panel's columns; the
        // guarantees of the arguments cover both.
        unsafe {
            let sums = row::<W>(a.first.add(i * a.row_stride), a.step_stride, steps, b);
            for (column, sum) in sums.into_iter().enumerate() {
                let x = scaled(W::to_f32(sum), arguments.scales.as_ref(), i, column);
                let x = x + *bias.add(column);
                let out = out.add(i * out_stride + column);
                *out = match arguments.epilogue {
                    Epilogue::Bias => x,
                    Epilogue::Activation(activation) => activation.apply(x),
                    Epilogue::Residual => *out + x,
                    Epilogue::Product => *out * x,
                };
            }
        }
    }
}

/// The number that a sum of int8 stands for:
/// `scale_row·scale_column·Σqw + min_row·scale_column·Σw`, where `q` are the bytes of the row and
/// `w` those of the column. The sum itself without scales.
///
/// # Safety
/// The scales are valid for `row` and `column`.
unsafe fn scaled(sum: f32, scales: Option<&Int8Scales>, row: usize, column: usize) -> f32 {
    let Some(scales) = scales else {
        return sum;
    };
    // SAFETY: the caller guarantees that the scales are valid for `row` and `column`.
    unsafe {
        *scales.row.add(row) * *scales.column.add(column) * sum
            + *scales.row_min.add(row) * *scales.column_sum.add(column)
    }
}
