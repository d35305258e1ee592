//! The table of functions that an instruction set provides: one per operation.

use crate::activation::Activation;
use crate::arguments::{
    AttentionArguments, GemmArguments, LayerNormArguments, LeftWords, Prefetch, RotationArguments,
};
use crate::f32_products::F32Products;
use crate::simd::matrix::{CHUNK, TILE, place_in_panel};

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

/// Rotates the columns of attention heads in place.
///
/// # Safety
/// The CPU has the features of the kernel's module, and the guarantees of [`RotationArguments`]
/// hold.
pub type RotationFn = unsafe fn(&RotationArguments);

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

/// Rounds `n` numbers to bf16, in lines of 64 bytes that begin `line_stride` bytes apart.
///
/// # Safety
/// The CPU has the features of the kernel's module; `from` is valid for `n` numbers, and so are the
/// lines at `to`.
pub type ToBf16Fn = unsafe fn(from: *const f32, n: usize, to: *mut u16, line_stride: usize);

/// Rounds a row of `n` numbers to bytes, `x ≈ min + scale·byte`, in lines as for [`ToBf16Fn`].
///
/// # Safety
/// The CPU has the features of the kernel's module; `from` is valid for `n` numbers, and so are the
/// lines at `to`; `n` is at least 1.
pub type QuantizeFn =
    unsafe fn(from: *const f32, n: usize, to: *mut u8, line_stride: usize) -> RowScale;

/// Splits a row of `n` numbers into parts, chunk by chunk, and returns whether it has to be
/// computed by FMA instead: see [`split`](crate::simd::matrix::split).
///
/// # Safety
/// The CPU has the features of the kernel's module; `from` is valid for `n` numbers, and `to` for
/// the lines of their parts.
pub type SplitFn = unsafe fn(from: *const f32, n: usize, to: *mut u32) -> bool;

/// Gives this thread's tiles their sizes, or releases them.
///
/// # Safety
/// The CPU has the features of the kernel's module.
pub type TilesFn = unsafe fn();

/// Multiplies tiles that stay in registers, `rounds` times four.
///
/// # Safety
/// The CPU has the features of the kernel's module, and this thread's tiles are configured.
pub type DotsFn = unsafe fn(rounds: usize);

/// How the words of both sides of a GEMM are stored.
#[derive(Clone, Copy)]
#[cfg_attr(
    all(kernels_scalar_only, not(test)),
    expect(dead_code, reason = "there is no instruction set with tiles")
)]
pub enum Layout {
    /// Left side `[row][step]`, right side `[step][column]`.
    Steps,
    /// Left side in f32, `[row][k]`; right side `[step][column]` in bf16: see
    /// [`widened`](crate::simd::widened).
    Widened,
    /// Both sides tile by tile: see [`matrix`](crate::simd::matrix).
    Tiles,
    /// Right side `[step][column]`, left side in parts, tile by tile.
    Parts(SplitFn),
}

impl Layout {
    /// The number of steps that a panel has room for.
    pub fn whole_steps(self, steps: usize) -> usize {
        match self {
            Self::Steps | Self::Widened => steps,
            Self::Tiles => steps.next_multiple_of(TILE),
            Self::Parts(_) => steps.next_multiple_of(CHUNK),
        }
    }

    /// The name: packed words are only for kernels whose layout has the same one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Widened => "widened",
            Self::Tiles => "tiles",
            Self::Parts(_) => "parts",
        }
    }

    /// Whether tiles are used.
    pub fn has_tiles(self) -> bool {
        matches!(self, Self::Tiles | Self::Parts(_))
    }

    /// The place of word `(step, column)` in a panel of `columns` columns.
    pub fn place_in_panel(self, step: usize, column: usize, columns: usize) -> usize {
        match self {
            Self::Steps | Self::Widened | Self::Parts(_) => step * columns + column,
            Self::Tiles => place_in_panel(step, column),
        }
    }
}

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
    pub layout: Layout,
    /// The GEMM of a block of rows and one panel.
    pub gemm: GemmFn,
    /// The micro-kernel alone, for [`peak`](crate::peak()) and tests.
    pub micro_kernel: MicroKernelFn,
    /// Rows of the highest tile.
    pub tile_rows: usize,
    /// The instructions that it uses, as text for people.
    pub instructions: &'static str,
    /// How it computes products, in the name of the numerics. Two kernels whose bits may differ have
    /// different words, unless they belong to different instruction sets.
    pub products: &'static str,
}

/// The kernels of an instruction set. They may be called only on a CPU that has it.
pub struct Table {
    /// With products in f32.
    pub f32: GemmKernel,
    /// With f32 by six products of bf16, if there are tiles.
    pub f32_split: Option<GemmKernel>,
    pub bf16: GemmKernel,
    pub int8: GemmKernel,
    pub layer_norm: LayerNormFn,
    pub rotate: RotationFn,
    /// With both matmuls in f32.
    pub attention: AttentionFn,
    /// With both matmuls in bf16 and sums in f32, or the same as `attention` if bf16 is not faster.
    pub attention_rounded: AttentionFn,
    /// How `attention_rounded` computes products, as for [`GemmKernel::products`].
    pub rounded_products: &'static str,
    pub activate: ActivateFn,
    pub to_bf16: ToBf16Fn,
    pub quantize: QuantizeFn,
    /// What has to be called before and after kernels that use tiles.
    pub tiles: Option<Tiles>,
}

impl Table {
    /// Whether there is a GEMM in f32 with these products.
    pub fn has_f32_products(&self, products: F32Products) -> bool {
        products == F32Products::Fma || self.f32_split.is_some()
    }
}

/// The state of a thread's tiles.
pub struct Tiles {
    pub configure: TilesFn,
    pub release: TilesFn,
    /// The products of tiles in bf16 and in int8 without any memory, for [`peak`](crate::peak()).
    pub dots_bf16: DotsFn,
    pub dots_int8: DotsFn,
}
