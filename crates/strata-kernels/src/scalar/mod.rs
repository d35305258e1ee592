//! Plain loops: the judge of every other instruction set, and what serves where there is none.

use crate::table::{
    Activation, Ahead, Attention, Finish, KEYS, Left, NormRows, Panel, Product, QUERIES, Scales,
    Table,
};

pub(super) static TABLE: Table = Table {
    f32: F32,
    bf16: BF16,
    int8: INT8,
    layer_norm,
    attention,
    attention_rounded: attention,
    to_bf16,
    quantize,
};

/// Columns of a panel.
const COLUMNS: usize = 16;

const F32: Product = Product {
    columns: COLUMNS,
    product: product::<F32Word>,
    tile: tile::<F32Word>,
    height: 1,
    instructions: "scalar",
};

const BF16: Product = Product { product: product::<Bf16Word>, tile: tile::<Bf16Word>, ..F32 };

const INT8: Product = Product { product: product::<Int8Word>, tile: tile::<Int8Word>, ..F32 };

/// What a word of `k` is, and what its sums are kept in.
trait Word {
    type Sum: Copy + Default;
    fn step(sum: Self::Sum, a: u32, b: u32) -> Self::Sum;
    fn to_word(sum: Self::Sum) -> u32;
    fn to_f32(sum: Self::Sum) -> f32;
}

struct F32Word;

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

struct Bf16Word;

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

struct Int8Word;

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

/// One row of words times a panel.
///
/// # Safety
/// As `tile::multiply`, for one row.
#[inline]
unsafe fn row<W: Word>(
    a: *const u32,
    step: usize,
    steps: usize,
    b: *const u32,
) -> [W::Sum; COLUMNS] {
    let mut sums = [W::Sum::default(); COLUMNS];
    for at in 0..steps {
        // SAFETY: `at < steps`, and the caller vouches for that many words on either side.
        unsafe {
            let left = a.add(at * step).read_unaligned();
            for (column, sum) in sums.iter_mut().enumerate() {
                *sum = W::step(*sum, left, b.add(at * COLUMNS + column).read_unaligned());
            }
        }
    }
    sums
}

unsafe fn tile<W: Word>(
    height: usize,
    a: Left,
    steps: usize,
    b: *const u32,
    _: Ahead,
    out: *mut u32,
) {
    for i in 0..height {
        // SAFETY: `out` is valid for `height` rows of words.
        unsafe {
            let sums = row::<W>(a.at.add(i * a.rows), a.steps, steps, b);
            for (column, sum) in sums.into_iter().enumerate() {
                *out.add(i * COLUMNS + column) = W::to_word(sum);
            }
        }
    }
}

unsafe fn product<W: Word>(panel: &Panel) {
    for i in 0..panel.rows {
        // SAFETY: `i` is below the panel's rows, `column` below its columns.
        unsafe {
            let sums =
                row::<W>(panel.a.at.add(i * panel.a.rows), panel.a.steps, panel.steps, panel.b);
            for (column, sum) in sums.into_iter().enumerate() {
                let x = scaled(W::to_f32(sum), panel.scales.as_ref(), i, column);
                let x = x + *panel.bias.add(column);
                let out = panel.out.add(i * panel.out_stride + column);
                *out = match panel.finish {
                    Finish::Bias => x,
                    Finish::Activation(activation) => activate(activation, x),
                    Finish::Residual => *out + x,
                };
            }
        }
    }
}

/// `s_row·s_column·Σqw + least_row·s_column·Σw`.
unsafe fn scaled(sum: f32, scales: Option<&Scales>, row: usize, column: usize) -> f32 {
    let Some(scales) = scales else {
        return sum;
    };
    // SAFETY: as the caller's.
    unsafe {
        *scales.row.add(row) * *scales.column.add(column) * sum
            + *scales.row_least.add(row) * *scales.column_sum.add(column)
    }
}

/// In float64, so that it can judge the polynomials.
pub(super) fn activate(activation: Activation, x: f32) -> f32 {
    let wide = f64::from(x);
    let value = match activation {
        Activation::Gelu => 0.5 * wide * (1.0 + libm::erf(wide * std::f64::consts::FRAC_1_SQRT_2)),
        Activation::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (wide + 0.044_715 * wide.powi(3));
            0.5 * wide * (1.0 + inner.tanh())
        }
        Activation::Relu => wide.max(0.0),
    };
    value as f32
}

unsafe fn layer_norm(of: &NormRows) {
    for i in 0..of.rows {
        // SAFETY: each row is valid for `c` numbers, and so are gain and bias.
        let (row, gain, bias) = unsafe {
            (
                std::slice::from_raw_parts_mut(of.first.add(i * of.stride), of.c),
                std::slice::from_raw_parts(of.gain, of.c),
                std::slice::from_raw_parts(of.bias, of.c),
            )
        };
        let wide = || row.iter().map(|&x| f64::from(x));
        let mean = wide().sum::<f64>() / of.c as f64;
        let variance = wide().map(|x| (x - mean).powi(2)).sum::<f64>() / of.c as f64;
        let scale = 1.0 / (variance + f64::from(of.eps)).sqrt();
        for ((x, gain), bias) in row.iter_mut().zip(gain).zip(bias) {
            *x = ((f64::from(*x) - mean) * scale) as f32 * gain + bias;
        }
    }
}

/// Query by query, keys in blocks as the others have them.
unsafe fn attention(of: &Attention) {
    for i in 0..of.queries {
        // SAFETY: `i` is below the queries and every key below `t`; scratch holds a block of scores
        // and more.
        unsafe {
            let query = std::slice::from_raw_parts(of.q.add(i * of.q_stride), of.d);
            let out = std::slice::from_raw_parts_mut(of.out.add(i * of.out_stride), of.d);
            let scores = std::slice::from_raw_parts_mut(of.scratch, KEYS.min(QUERIES * KEYS));
            let row = |from: *const f32, key: usize| {
                std::slice::from_raw_parts(from.add(key * of.kv_stride), of.d)
            };
            out.fill(0.0);
            let (mut largest, mut sum) = (f32::NEG_INFINITY, 0.0);
            for start in (0..of.t).step_by(KEYS) {
                let keys = start..of.t.min(start + KEYS);
                let mut high = largest;
                for (score, key) in scores.iter_mut().zip(keys.clone()) {
                    let dot: f32 = query.iter().zip(row(of.k, key)).map(|(q, k)| q * k).sum();
                    *score = dot * of.scale;
                    high = high.max(*score);
                }
                let correction = (largest - high).exp2();
                largest = high;
                sum *= correction;
                out.iter_mut().for_each(|x| *x *= correction);
                for (score, key) in scores.iter().zip(keys) {
                    let power = (score - high).exp2();
                    sum += power;
                    out.iter_mut().zip(row(of.v, key)).for_each(|(x, v)| *x += power * v);
                }
            }
            out.iter_mut().for_each(|x| *x /= sum);
        }
    }
}

/// The nearest bf16, ties to even; NaN stays NaN.
pub(super) fn bf16(x: f32) -> u16 {
    if x.is_nan() {
        return 0x7fc0;
    }
    let bits = x.to_bits();
    ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16) as u16
}

unsafe fn to_bf16(from: *const f32, n: usize, to: *mut u16) {
    for at in 0..n {
        // SAFETY: `at` is below `n`.
        unsafe { *to.add(at) = bf16(*from.add(at)) }
    }
}

unsafe fn quantize(from: *const f32, n: usize, to: *mut u8) -> (f32, f32) {
    // SAFETY: both are valid for `n` numbers.
    let (from, to) =
        unsafe { (std::slice::from_raw_parts(from, n), std::slice::from_raw_parts_mut(to, n)) };
    let least = from.iter().copied().fold(f32::INFINITY, f32::min);
    let largest = from.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let fault: f32 = from.iter().map(|x| 0.0 * x).sum();
    let range = largest - least;
    let factor = if range > 0.0 { 255.0 / range } else { 0.0 };
    for (byte, x) in to.iter_mut().zip(from) {
        *byte = ((x - least) * factor).round_ties_even() as u8;
    }
    (range / 255.0 + fault, least)
}
