//! Layer norm and rounding.

use std::slice;

use crate::arguments::{LayerNormArguments, RotationArguments, in_lines};
use crate::bf16::bf16;
use crate::table::RowScale;

/// Layer norm of each row in place, with mean and variance in float64.
///
/// # Safety
/// The guarantees of [`LayerNormArguments`] hold.
pub unsafe fn layer_norm(arguments: &LayerNormArguments) {
    let c = arguments.c;
    for i in 0..arguments.rows {
        // SAFETY: each row is valid for `c` numbers, and so are gain and bias.
        let (row, gain, bias) = unsafe {
            (
                slice::from_raw_parts_mut(arguments.first.add(i * arguments.stride), c),
                slice::from_raw_parts(arguments.gain, c),
                slice::from_raw_parts(arguments.bias, c),
            )
        };
        let wide = || row.iter().map(|&x| f64::from(x));
        let mean = wide().sum::<f64>() / c as f64;
        let variance = wide().map(|x| (x - mean) * (x - mean)).sum::<f64>() / c as f64;
        let scale = 1.0 / (variance + f64::from(arguments.eps)).sqrt();
        for ((x, gain), bias) in row.iter_mut().zip(gain).zip(bias) {
            *x = ((f64::from(*x) - mean) * scale) as f32 * gain + bias;
        }
    }
}

/// Rotates the columns of attention heads, as `simd::rotation::rotate` does.
///
/// # Safety
/// The guarantees of [`RotationArguments`] hold.
pub unsafe fn rotate(arguments: &RotationArguments) {
    let RotationArguments { first, stride, heads, columns, .. } = *arguments;
    let half = columns / 2;
    for row in 0..arguments.rows {
        // SAFETY: each row is valid for its attention heads, and there are as many cosines and sines
        // for its position as an attention head has pairs of columns.
        let (heads, cos, sin) = unsafe {
            let angles = *arguments.positions.add(row) as usize * half;
            (
                slice::from_raw_parts_mut(first.add(row * stride), heads * columns),
                slice::from_raw_parts(arguments.cos.add(angles), half),
                slice::from_raw_parts(arguments.sin.add(angles), half),
            )
        };
        for head in heads.chunks_exact_mut(columns) {
            let (xs, ys) = head.split_at_mut(half);
            for ((x, y), (cos, sin)) in xs.iter_mut().zip(ys).zip(cos.iter().zip(sin)) {
                (*x, *y) = (*x * cos - *y * sin, *y * cos + *x * sin);
            }
        }
    }
}

/// Rounds `n` numbers to bf16.
///
/// # Safety
/// `from` is valid for `n` numbers, and so are the lines at `to`.
pub unsafe fn to_bf16(from: *const f32, n: usize, to: *mut u16, line_stride: usize) {
    for at in 0..n {
        // SAFETY: `at` is below `n`.
        unsafe { *in_lines(to, at, line_stride) = bf16(*from.add(at)) }
    }
}

/// Rounds `n` numbers to bytes, as `simd::rounding::quantize` does.
///
/// # Safety
/// `from` is valid for `n` numbers, and so are the lines at `to`.
pub unsafe fn quantize(from: *const f32, n: usize, to: *mut u8, line_stride: usize) -> RowScale {
    // SAFETY: it is valid for `n` numbers.
    let from = unsafe { slice::from_raw_parts(from, n) };
    let min = from.iter().copied().fold(f32::INFINITY, f32::min);
    let max = from.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let non_finite: f32 = from.iter().map(|x| 0.0 * x).sum();
    let range = max - min;
    let factor = if range > 0.0 { 255.0 / range } else { 0.0 };
    for (at, x) in from.iter().enumerate() {
        // SAFETY: `at` is below `n`.
        unsafe { *in_lines(to, at, line_stride) = ((x - min) * factor).round_ties_even() as u8 }
    }
    RowScale { scale: range / 255.0 + non_finite, min }
}
