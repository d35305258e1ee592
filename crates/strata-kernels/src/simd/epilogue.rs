//! The epilogue of a GEMM: from the sums of a tile to its outputs.

use super::dot::Dot;
use super::functions::{gelu, gelu_rounded, gelu_tanh, relu};
use super::lanes::Lanes;
use crate::activation::Activation;
use crate::arguments::GemmArguments;
use crate::epilogue::Epilogue;

/// The sums of rows `first_row..first_row + rows` of a block, `(rows, 2N)`.
pub struct Tile<'a> {
    pub arguments: &'a GemmArguments,
    pub first_row: usize,
    pub rows: usize,
    pub sums: *const u32,
}

/// Scales the sums, adds the bias, applies the [`Epilogue`] and stores the outputs.
///
/// # Safety
/// The CPU has the features of `D`, the guarantees of [`GemmArguments`] hold, the tile's rows are
/// among the block's, and its sums are initialised.
#[inline(always)]
pub unsafe fn epilogue<D: Dot>(tile: &Tile<'_>) {
    // SAFETY: the caller guarantees what `each_register` requires.
    unsafe {
        match tile.arguments.epilogue {
            Epilogue::Residual => each_register::<D::Register, Residual>(tile),
            Epilogue::Product => each_register::<D::Register, Product>(tile),
            Epilogue::Activation(Activation::Gelu) if D::ROUNDED => {
                each_register::<D::Register, GeluRounded>(tile)
            }
            Epilogue::Activation(Activation::Gelu) => each_register::<D::Register, Gelu>(tile),
            Epilogue::Activation(Activation::GeluTanh) => {
                each_register::<D::Register, GeluTanh>(tile)
            }
            Epilogue::Activation(Activation::Relu) => each_register::<D::Register, Relu>(tile),
            // The other activations are applied after the GEMM.
            Epilogue::Bias | Epilogue::Activation(_) => {
                each_register::<D::Register, Identity>(tile)
            }
        }
    }
}

/// The last operation on a register of outputs. It is a type and not a closure, since a closure may
/// be compiled to a call of a function without the CPU features.
pub trait LastOperation {
    /// The output for `x`; `out` points to the previous one.
    ///
    /// # Safety
    /// The CPU has the features of `V`, and `out` is valid for a register.
    unsafe fn apply<V: Lanes>(x: V, out: *const f32) -> V;
}

macro_rules! last_operations {
    ($($name:ident: |$x:ident, $out:pat_param| $value:expr;)*) => {$(
        pub struct $name;

        impl LastOperation for $name {
            #[inline(always)]
            unsafe fn apply<V: Lanes>($x: V, $out: *const f32) -> V {
                // SAFETY: the caller guarantees the features and `out`.
                unsafe { $value }
            }
        }
    )*};
}

pub struct Identity;

impl LastOperation for Identity {
    #[inline(always)]
    unsafe fn apply<V: Lanes>(x: V, _: *const f32) -> V {
        x
    }
}

last_operations! {
    Residual: |x, out| V::load(out).add(x);
    Product: |x, out| V::load(out).mul(x);
    Gelu: |x, _| gelu(x);
    GeluRounded: |x, _| gelu_rounded(x);
    GeluTanh: |x, _| gelu_tanh(x);
    Relu: |x, _| relu(x);
}

/// `out[row][column] = last(sum · scales + bias)`, a register at a time.
///
/// # Safety
/// As for [`epilogue`].
#[inline(always)]
unsafe fn each_register<V: Lanes, L: LastOperation>(tile: &Tile<'_>) {
    let Tile { arguments, first_row, rows, sums } = *tile;
    for w in 0..2 {
        // SAFETY: the row is in the tile and in the block, and the register in the panel's columns.
        unsafe {
            let column = w * V::N;
            let bias = V::load(arguments.bias.add(column));
            let sums = |row: usize| sums.add((row * 2 + w) * V::N).cast::<f32>();
            let out =
                |row: usize| arguments.out.add((first_row + row) * arguments.out_stride + column);
            if let Some(scales) = &arguments.scales {
                let scale = V::load(scales.column.add(column));
                let column_sum = V::load(scales.column_sum.add(column));
                for row in 0..rows {
                    // y = s_row·(s_column·Σqw) + (min_row·(s_column·Σw) + bias)
                    let row_min = V::splat(*scales.row_min.add(first_row + row));
                    let offset = row_min.mul_add(column_sum, bias);
                    let factor = V::splat(*scales.row.add(first_row + row));
                    let value = V::load(sums(row)).i32_to_f32().mul(scale).mul_add(factor, offset);
                    L::apply(value, out(row)).store(out(row));
                }
            } else {
                for row in 0..rows {
                    let value = V::load(sums(row)).add(bias);
                    L::apply(value, out(row)).store(out(row));
                }
            }
        }
    }
}
