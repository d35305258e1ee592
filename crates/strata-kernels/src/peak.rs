//! The highest rate that a GEMM can reach on this machine: the rate of its micro-kernel on the
//! highest tile, repeated on words that stay in the first-level cache.

use std::thread;
use std::time::{Duration, Instant};

use crate::arguments::{LeftWords, Prefetch};
use crate::dtype::Dtype;
use crate::instruction_set::InstructionSet;
use crate::kernels::Kernels;
use crate::table::GemmKernel;

/// Words of `k` in a tile: few enough for the first-level cache.
const STEPS: usize = 64;

/// Tiles between two readings of the clock.
const TILES_PER_READING: usize = 1_000;

const SHORTEST_RUN: Duration = Duration::from_millis(50);

/// The highest rate of GEMMs of this dtype on `threads` threads together, in operations (additions
/// and multiplications) per second, measured in about 50 ms. 0 if this CPU does not have the
/// instruction set.
///
/// # Panics
/// The system cannot start a thread.
pub fn peak(set: InstructionSet, dtype: Dtype, threads: usize) -> f64 {
    let Some(kernels) = Kernels::new(set) else {
        return 0.0;
    };
    let kernel = kernels.gemm_kernel(dtype);
    // SAFETY: `kernels` exists, so this CPU has the features of its table.
    let one = || unsafe { measure(kernel, dtype.numbers_per_word()) };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(0.0)).sum()
    })
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
