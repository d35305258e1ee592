//! The most that a product can reach here: its highest tile, over and over, on words that lie in
//! the first-level cache.

use std::thread;
use std::time::{Duration, Instant};

use super::table::{Ahead, Left, Product};

const STEPS: usize = 64;
/// Tiles between two looks at the clock.
const TURNS: usize = 1_000;
const AT_LEAST: Duration = Duration::from_millis(50);

/// Operations a second, additions and multiplications counted, on `threads` threads at once;
/// `depth` numbers of `k` in a word.
///
/// # Safety
/// The CPU has the features of the product's module.
pub(super) unsafe fn measure(product: &Product, depth: usize, threads: usize) -> f64 {
    let one = || {
        let a = vec![0_u32; product.height * STEPS];
        let b = vec![0_u32; STEPS * product.columns];
        let mut out = vec![0_u32; product.height * product.columns];
        let left = Left { at: a.as_ptr(), rows: STEPS, steps: 1 };
        let ahead = Ahead { at: b.as_ptr(), stride: product.columns };
        let started = Instant::now();
        let mut tiles = 0;
        while started.elapsed() < AT_LEAST {
            for _ in 0..TURNS {
                // SAFETY: the three buffers are as long as such a tile is; the caller vouches for
                // the CPU.
                unsafe {
                    (product.tile)(
                        product.height,
                        left,
                        STEPS,
                        b.as_ptr(),
                        ahead,
                        out.as_mut_ptr(),
                    );
                }
            }
            tiles += TURNS;
        }
        let operations = 2 * depth * STEPS * out.len() * tiles;
        operations as f64 / started.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(0.0)).sum()
    })
}
