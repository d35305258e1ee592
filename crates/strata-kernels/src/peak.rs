//! The highest rate that a GEMM can reach on this machine: the rate of its micro-kernel on the
//! highest tile, repeated on words that stay in the first-level cache; on a matrix unit, the rate of
//! its products alone.

use std::thread;
use std::time::{Duration, Instant};

use crate::arguments::{LeftWords, Prefetch};
use crate::dtype::Dtype;
use crate::kernels::Kernels;
use crate::simd::matrix::{SIX_PRODUCTS, TILE};
use crate::table::{GemmKernel, Layout, Tiles};

/// Words of `k` in a tile: few enough for the first-level cache.
const STEPS: usize = 64;

/// Tiles between two readings of the clock.
const TILES_PER_READING: usize = 1_000;

const SHORTEST_RUN: Duration = Duration::from_millis(50);

/// The highest rate of GEMMs of this dtype on `threads` threads together, in operations (additions
/// and multiplications) per second, measured in about 50 ms.
///
/// # Panics
/// The system cannot start a thread.
pub fn peak(kernels: Kernels, dtype: Dtype, threads: usize) -> f64 {
    let kernel = kernels.gemm_kernel(dtype);
    let tiles = kernels.table().tiles.as_ref().filter(|_| kernel.layout.has_tiles());
    // SAFETY: `kernels` exists, so this CPU has the features of its table.
    let one = || unsafe {
        match tiles {
            Some(tiles) => measure_tiles(tiles, dtype),
            // The micro-kernel gets what is widened.
            None if matches!(kernel.layout, Layout::Widened) => measure(kernel, 1),
            None => measure(kernel, dtype.numbers_per_word()),
        }
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(0.0)).sum()
    })
}

/// Operations per second of a matrix unit's products on this thread. In f32 six of them make one.
///
/// # Safety
/// The CPU has the features of the kernels' module.
unsafe fn measure_tiles(tiles: &Tiles, dtype: Dtype) -> f64 {
    let (dots, numbers_per_word, products) = match dtype {
        Dtype::F32 => (tiles.dots_bf16, 2, SIX_PRODUCTS.len()),
        Dtype::Bf16 => (tiles.dots_bf16, 2, 1),
        Dtype::Int8 => (tiles.dots_int8, 4, 1),
    };
    // SAFETY: the caller guarantees the features.
    unsafe { (tiles.configure)() }
    let started = Instant::now();
    let mut rounds = 0;
    while started.elapsed() < SHORTEST_RUN {
        // SAFETY: as above, and tiles are configured.
        unsafe { dots(TILES_PER_READING) }
        rounds += TILES_PER_READING;
    }
    let seconds = started.elapsed().as_secs_f64();
    // SAFETY: as above.
    unsafe { (tiles.release)() }
    // Four tiles of sums.
    let operations = 4 * 2 * TILE * TILE * TILE * numbers_per_word * rounds / products;
    operations as f64 / seconds
}

/// Operations per second of the micro-kernel on this thread.
///
/// # Safety
/// The CPU has the features of the kernel's module.
unsafe fn measure(kernel: &GemmKernel, numbers_per_word: usize) -> f64 {
    let rows = kernel.tile_rows;
    let a = vec![0_u32; rows * STEPS];
    let b = vec![0_u32; STEPS * kernel.panel_columns];
    let mut sums = vec![0_u32; rows * kernel.panel_columns];
    let left = LeftWords { first: a.as_ptr(), row_stride: STEPS, step_stride: 1 };
    let prefetch = Prefetch { first: b.as_ptr(), step_stride: kernel.panel_columns };
    let started = Instant::now();
    let mut tiles = 0;
    while started.elapsed() < SHORTEST_RUN {
        for _ in 0..TILES_PER_READING {
            // SAFETY: `rows` is `tile_rows`, and the three buffers have the sizes of such a tile;
            // the caller guarantees the features.
            unsafe {
                (kernel.micro_kernel)(rows, left, STEPS, b.as_ptr(), prefetch, sums.as_mut_ptr());
            }
        }
        tiles += TILES_PER_READING;
    }
    let operations = 2 * numbers_per_word * STEPS * sums.len() * tiles;
    operations as f64 / started.elapsed().as_secs_f64()
}
