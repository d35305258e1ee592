//! The table of functions that an instruction set provides: one per operation.

use crate::activation::Activation;
use crate::arguments::{
    AttentionArguments, GemmArguments, LayerNormArguments, LeftWords, Prefetch,
};

/// The GEMM of a block of rows and one panel, with its epilogue.
///
/// # Safety
/// The CPU has the features of the kernel's module, and the guarantees of [`GemmArguments`] hold.
pub type GemmFn = unsafe fn(&GemmArguments);

/// The micro-kernel: the sums of one tile of `rows` rows, as 32-bit words in `sums`.
///
/// # Safety
/// The CPU has the features of the kernel's module. `rows` is from 1 to [`GemmKernel::tile_rows`];
/// `a` is valid for `rows` rows of `steps` words, `b` for `steps` words of each of the panel's
/// columns, `sums` for `rows` rows of as many words.
pub type MicroKernelFn = unsafe fn(
    rows: usize,
    a: LeftWords,
    steps: usize,
    b: *const u32,
    prefetch: Prefetch,
    sums: *mut u32,
);

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

/// Applies an activation function to `n` numbers in place.
///
/// # Safety
/// The CPU has the features of the kernel's module; `numbers` is valid for `n` numbers, and nothing
/// else accesses them.
pub type ActivateFn = unsafe fn(activation: Activation, numbers: *mut f32, n: usize);

/// Rounds `n` numbers to bf16.
///
/// # Safety
/// The CPU has the features of the kernel's module; `from` and `to` are valid for `n` numbers.
pub type ToBf16Fn = unsafe fn(from: *const f32, n: usize, to: *mut u16);

/// Rounds a row of `n` numbers to bytes, `x ≈ min + scale·byte`.
///
/// # Safety
/// The CPU has the features of the kernel's module; `from` and `to` are valid for `n` numbers, and
/// `n` is at least 1.
pub type QuantizeFn = unsafe fn(from: *const f32, n: usize, to: *mut u8) -> RowScale;

/// The numbers that the bytes of a row stand for: `x ≈ min + scale·byte`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowScale {
    pub scale: f32,
    pub min: f32,
}

/// The GEMM of one dtype.
pub struct GemmKernel {
    /// Columns of a panel.
    pub panel_columns: usize,
    /// The GEMM of a block of rows and one panel.
    pub gemm: GemmFn,
    /// The micro-kernel alone, for [`peak`](crate::peak()) and tests.
    pub micro_kernel: MicroKernelFn,
    /// Rows of the highest tile.
    pub tile_rows: usize,
    /// The instructions that it uses, as text for people.
    pub instructions: &'static str,
}

/// The kernels of an instruction set. They may be called only on a CPU that has it.
pub struct Table {
    pub f32: GemmKernel,
    pub bf16: GemmKernel,
    pub int8: GemmKernel,
    pub layer_norm: LayerNormFn,
    /// With both matmuls in f32.
    pub attention: AttentionFn,
    /// With both matmuls in bf16 and sums in f32, or the same as `attention` if bf16 is not faster.
    pub attention_rounded: AttentionFn,
    pub activate: ActivateFn,
    pub to_bf16: ToBf16Fn,
    pub quantize: QuantizeFn,
}
