//! The GEMM of few rows in f32 by six products. The weights are read from memory and split for them
//! alone, so each chunk is split while the one before is multiplied. The loops have constant bounds
//! and nothing else to do, which makes them a third faster than those for many rows.

use std::marker::PhantomData;
use std::mem::swap;

use super::by_fma::by_fma;
use super::parts::{Weights, split_line};
use crate::arguments::GemmArguments;
use crate::simd::dot::Dot;
use crate::simd::epilogue::Tile;
use crate::simd::lanes::{Bf16Words, Parts};
use crate::simd::matrix::epilogue::finish;
use crate::simd::matrix::interleaved::Interleaved;
use crate::simd::matrix::unit::{
    MatrixUnit, PARTS, Product, SIX_PRODUCTS, Start, TILE, TILE_WORDS,
};
use crate::simd::matrix::{CHUNK, COLUMNS, of_panel};
use crate::table::MicroKernelFn;

/// Steps of `k` that are split after each product of parts, until all of a chunk's are.
const AT_A_TIME: usize = 4;

/// The splitting of a chunk of weights, `[step][column]`.
struct Splitting<'a, V> {
    from: *const f32,
    to: &'a mut Weights<1>,
    /// Products of parts so far.
    products: usize,
    register: PhantomData<V>,
}

impl<V: Parts> Interleaved for Splitting<'_, V> {
    #[inline(always)]
    unsafe fn step(&mut self) {
        const { assert!(TILE <= SIX_PRODUCTS.len() * AT_A_TIME && TILE.is_multiple_of(AT_A_TIME)) };
        let first = self.products * AT_A_TIME;
        self.products += 1;
        if first < TILE {
            for step in first..first + AT_A_TIME {
                // SAFETY: `from` is valid for a chunk, and there are lines for its parts.
                unsafe {
                    let to = self.to.as_mut_ptr().add(step * TILE);
                    split_line::<V>(self.from.add(step * COLUMNS), to);
                }
            }
        }
    }
}

/// The GEMM of up to two tiles of rows and all panels.
///
/// # Safety
/// As for [`gemm`](super::gemm); there is at least one row and one panel, and not more rows.
#[inline(always)]
pub unsafe fn few_rows<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>>(
    arguments: &GemmArguments,
    fma: MicroKernelFn,
) {
    let GemmArguments { a_tiles, rows, panels, steps, b, scratch: sums, .. } = *arguments;
    let chunks = steps.div_ceil(CHUNK);
    // The panels follow each other, and so do all their chunks.
    let weights = |chunk: usize| b.cast::<f32>().wrapping_add(chunk * CHUNK * COLUMNS);
    let (mut first, mut second) = (Weights::<1>::new(), Weights::<1>::new());
    let (mut current, mut following) = (&mut first, &mut second);
    // SAFETY: the panels have these chunks, and there are tiles of the left side for all of them.
    // What is multiplied has been split. The sums are written before they are read.
    unsafe {
        let mut splitting = Splitting::<D::Register>::new(weights(0), following);
        for _ in SIX_PRODUCTS {
            splitting.step();
        }
        for panel in 0..panels {
            let arguments = &of_panel(arguments, panel);
            for chunk in 0..chunks {
                swap(&mut current, &mut following);
                // After the last chunk there is none: it is split once more, to no use.
                let next = (panel * chunks + chunk + 1).min(panels * chunks - 1);
                let product = Product {
                    a: a_tiles.first.wrapping_add(chunk * PARTS * TILE_WORDS),
                    a_stride: a_tiles.stride,
                    b: current.as_ptr(),
                    chunks: 1,
                    sums,
                    sums_stride: COLUMNS,
                    row_tiles: rows.div_ceil(TILE),
                    column_tiles: COLUMNS / TILE,
                    start: if chunk == 0 { Start::Zero } else { Start::Tiles },
                    store: chunk + 1 == chunks,
                };
                U::six_products(
                    &product,
                    &mut Splitting::<D::Register>::new(weights(next), following),
                );
            }
            by_fma(arguments, 0, rows, fma, sums);
            finish::<D, true>(&Tile { arguments, first_row: 0, rows, sums }, panel);
        }
    }
}

impl<'a, V: Parts> Splitting<'a, V> {
    #[inline(always)]
    fn new(from: *const f32, to: &'a mut Weights<1>) -> Self {
        Self { from, to, products: 0, register: PhantomData }
    }
}
