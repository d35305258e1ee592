//! The matrix unit with the documented arithmetic, in plain Rust. It also checks what the others
//! rely on: the alignment of tiles, and that a thread's tiles are configured when they are used.

use std::cell::Cell;

use super::arithmetic::{Words, add_bf16, add_int8};
use crate::arguments::LINE_BYTES;
use crate::simd::matrix::{MatrixUnit, PARTS, Product, SIX_PRODUCTS, TILE};

/// The model of a matrix unit.
pub struct Model;

thread_local! {
    static CONFIGURED: Cell<bool> = const { Cell::new(false) };
}

/// The operation of one instruction: adds the products of two tiles to a tile of sums.
type Add = fn(sums: &mut Words, a: &Words, b: &Words);

/// Fails if the guarantees of a [`Product`] that can be checked do not hold.
fn check(product: &Product) {
    let Product {
        a,
        a_stride,
        b,
        chunks,
        sums,
        sums_stride,
        row_tiles,
        column_tiles,
        prefetch,
        ..
    } = *product;
    assert!(CONFIGURED.get(), "tiles are used, but not configured");
    let addresses = [a.addr(), b.addr(), sums.addr(), prefetch.addr()];
    assert!(addresses.iter().all(|address| address.is_multiple_of(LINE_BYTES)), "not aligned");
    assert!([a_stride, sums_stride].iter().all(|words| words.is_multiple_of(TILE)), "strides");
    assert!((1..=2).contains(&row_tiles) && (1..=2).contains(&column_tiles), "tiles");
    assert!(chunks > 0 && sums_stride >= column_tiles * TILE, "chunks and columns");
}

/// All instructions of a product. A chunk has `parts` tiles for each tile of rows or columns, and
/// `order` says which two of them follow each other.
///
/// # Safety
/// The guarantees of [`Product`] hold.
unsafe fn multiply(product: &Product, parts: usize, order: &[(usize, usize)], add: Add) {
    check(product);
    let Product { a, a_stride, b, chunks, sums, sums_stride, .. } = *product;
    for row in 0..product.row_tiles {
        for column in 0..product.column_tiles {
            // SAFETY: both sides have these chunks, parts and tiles, and the sums these rows and
            // columns.
            unsafe {
                let a = a.add(row * a_stride).cast::<Words>();
                let b = b.cast::<Words>().add(column);
                let to = |i: usize| {
                    sums.add((row * TILE + i) * sums_stride + column * TILE).cast::<[u32; TILE]>()
                };
                let mut tile: Words = [[0; TILE]; TILE];
                if !product.from_zero {
                    tile.iter_mut().enumerate().for_each(|(i, row)| *row = to(i).read());
                }
                for chunk in 0..chunks {
                    for (left, right) in order {
                        let left = a.add(chunk * parts + left);
                        let right = b.add((chunk * parts + right) * product.column_tiles);
                        add(&mut tile, &*left, &*right);
                    }
                }
                tile.iter().enumerate().for_each(|(i, row)| to(i).write(*row));
            }
        }
    }
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

    unsafe fn bf16(product: &Product) {
        // SAFETY: the caller guarantees it.
        unsafe { multiply(product, 1, &[(0, 0)], add_bf16) }
    }

    unsafe fn int8(product: &Product) {
        // SAFETY: as above.
        unsafe { multiply(product, 1, &[(0, 0)], add_int8) }
    }

    unsafe fn six_products(product: &Product) {
        // SAFETY: as above.
        unsafe { multiply(product, PARTS, &SIX_PRODUCTS, add_bf16) }
    }
}
