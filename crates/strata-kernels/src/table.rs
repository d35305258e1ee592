//! What an instruction set provides: one function per operation.

use crate::arguments::{
    AttentionArguments, GemmArguments, LayerNormArguments, LeftWords, Prefetch,
};

/// A whole GEMM of one panel.
///
/// # Safety
/// The CPU has the features of the kernel's module, and the guarantees of [`GemmArguments`] hold.
pub type GemmFn = unsafe fn(&GemmArguments);

/// The sums of one tile of `rows` rows, as 32-bit words in `sums`:
/// `micro_kernel(rows, a, steps, b, prefetch, sums)`.
///
/// # Safety
/// The CPU has the features of the kernel's module. `rows` is from 1 to [`GemmKernel::tile_rows`];
/// `a` is valid for `rows` rows of `steps` words, `b` for `steps` words of each of the panel's
/// columns, `sums` for `rows` rows of as many words.
pub type MicroKernelFn = unsafe fn(usize, LeftWords, usize, *const u32, Prefetch, *mut u32);

/// Layer norm of each row in place, times gain, plus bias.
///
/// # Safety
/// The CPU has the features of the kernel's module, and the guarantees of [`LayerNormArguments`]
/// hold.
pub type LayerNormFn = unsafe fn(&LayerNormArguments);

/// Attention of one sequence and one attention head.
///
/// # Safety
/// The CPU has the features of the kernel's module, and the guarantees of [`AttentionArguments`]
/// hold.
pub type AttentionFn = unsafe fn(&AttentionArguments);

/// Rounds `n` numbers to bf16: `to_bf16(from, n, to)`.
///
/// # Safety
/// The CPU has the features of the kernel's module; `from` and `to` are valid for `n` numbers.
pub type ToBf16Fn = unsafe fn(*const f32, usize, *mut u16);

/// Rounds a row of `n` numbers to bytes, `x ≈ min + scale·byte`: `quantize(from, n, to)`.
///
/// # Safety
/// The CPU has the features of the kernel's module; `from` and `to` are valid for `n` numbers, and
/// `n` is at least 1.
pub type QuantizeFn = unsafe fn(*const f32, usize, *mut u8) -> RowScale;

/// How the bytes of a row are to be read: `x ≈ min + scale·byte`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowScale {
    pub scale: f32,
    pub min: f32,
}

/// The GEMM of one number format.
pub struct GemmKernel {
    /// Columns of a panel.
    pub panel_columns: usize,
    pub gemm: GemmFn,
    pub micro_kernel: MicroKernelFn,
    /// Rows of the highest tile.
    pub tile_rows: usize,
    /// The instructions that it uses, for people to read.
    pub instructions: &'static str,
}

/// The kernels of an instruction set. They may be called only on a CPU that has it.
pub struct Table {
    pub f32: GemmKernel,
    pub bf16: GemmKernel,
    pub int8: GemmKernel,
    pub layer_norm: LayerNormFn,
    /// With both products in f32.
    pub attention: AttentionFn,
    /// With both products in bf16 and sums in f32, or the same as `attention` where bf16 is not
    /// faster.
    pub attention_rounded: AttentionFn,
    pub to_bf16: ToBf16Fn,
    pub quantize: QuantizeFn,
}
