//! The matrix unit with the documented arithmetic, in plain Rust. It also checks what the others
//! rely on: the alignment of tiles, and that a thread's tiles are configured when they are used.

use std::cell::Cell;

use super::arithmetic::{Words, add_bf16, add_int8};
use crate::arguments::LINE_BYTES;
use crate::simd::matrix::{Interleaved, MatrixUnit, PARTS, Product, SIX_PRODUCTS, Start, TILE};

/// The model of a matrix unit.
pub struct Model;

thread_local! {
    static CONFIGURED: Cell<bool> = const { Cell::new(false) };
    /// The sums of the last product.
    static SUMS: Cell<[[Words; 2]; 2]> = const { Cell::new([[[[0; TILE]; TILE]; 2]; 2]) };
}

/// The operation of one instruction: adds the products of two tiles to a tile of sums.
type Add = fn(sums: &mut Words, a: &Words, b: &Words);

/// Fails if the guarantees of a [`Product`] that can be checked do not hold.
fn check(product: &Product) {
    let Product { a, a_stride, b, chunks, sums, sums_stride, row_tiles, column_tiles, .. } =
        *product;
    assert!(CONFIGURED.get(), "tiles are used, but not configured");
    let addresses = [a.addr(), b.addr(), sums.addr()];
    assert!(addresses.iter().all(|address| address.is_multiple_of(LINE_BYTES)), "not aligned");
    assert!([a_stride, sums_stride].iter().all(|words| words.is_multiple_of(TILE)), "strides");
    assert!((1..=2).contains(&row_tiles) && (1..=2).contains(&column_tiles), "tiles");
    assert!(chunks > 0 && sums_stride >= column_tiles * TILE, "chunks and columns");
}

/// All instructions of a product, step by step. A chunk has `parts` tiles for each tile of rows or
/// columns, and `order` says which two of them follow each other.
///
/// # Safety
/// The guarantees of [`Product`] hold, and what `work` needs.
unsafe fn multiply<I: Interleaved>(
    product: &Product,
    parts: usize,
    order: &[(usize, usize)],
    add: Add,
    work: &mut I,
) {
    check(product);
    let Product { a, a_stride, b, chunks, sums, sums_stride, column_tiles, .. } = *product;
    let mut tiles = match product.start {
        Start::Tiles => SUMS.get(),
        Start::Zero | Start::Memory => [[[[0; TILE]; TILE]; 2]; 2],
    };
    let each_row = |copy: &mut dyn FnMut(usize, usize, usize, *mut [u32; TILE])| {
        for row in 0..product.row_tiles * TILE {
            for column in 0..column_tiles {
                let to = sums.wrapping_add(row * sums_stride + column * TILE);
                copy(row / TILE, column, row % TILE, to.cast());
            }
        }
    };
    // SAFETY: both sides have these chunks, parts and tiles, and the sums these rows and columns.
    unsafe {
        if product.start == Start::Memory {
            each_row(&mut |row, column, i, from| tiles[row][column][i] = from.read());
        }
        for chunk in 0..chunks {
            for (left, right) in order {
                for (row, tiles) in tiles.iter_mut().enumerate().take(product.row_tiles) {
                    for (column, tile) in tiles.iter_mut().enumerate().take(column_tiles) {
                        let left = a.add(row * a_stride).cast::<Words>().add(chunk * parts + left);
                        let right = (chunk * parts + right) * column_tiles + column;
                        add(tile, &*left, &*b.cast::<Words>().add(right));
                    }
                }
                work.step();
            }
        }
        if product.store {
            each_row(&mut |row, column, i, to| to.write(tiles[row][column][i]));
        }
    }
    SUMS.set(tiles);
}

impl MatrixUnit for Model {
    unsafe fn dots_bf16(_: usize) {}

    unsafe fn dots_int8(_: usize) {}

    unsafe fn configure() {
        CONFIGURED.set(true);
    }

    unsafe fn release() {
        CONFIGURED.set(false);
    }

    unsafe fn prefetch(_: *const u32) {}

    unsafe fn prefetch_output(_: *const f32) {}

    unsafe fn bf16<I: Interleaved>(product: &Product, work: &mut I) {
        // SAFETY: the caller guarantees it.
        unsafe { multiply(product, 1, &[(0, 0)], add_bf16, work) }
    }

    unsafe fn int8<I: Interleaved>(product: &Product, work: &mut I) {
        // SAFETY: as above.
        unsafe { multiply(product, 1, &[(0, 0)], add_int8, work) }
    }

    unsafe fn six_products<I: Interleaved>(product: &Product, work: &mut I) {
        // SAFETY: as above.
        unsafe { multiply(product, PARTS, &SIX_PRODUCTS, add_bf16, work) }
    }
}
