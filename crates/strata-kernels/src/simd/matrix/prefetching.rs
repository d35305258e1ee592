//! Prefetching that is interleaved with products.

use std::marker::PhantomData;

use super::interleaved::Interleaved;
use super::unit::{MatrixUnit, TILE};

/// Prefetches lines at an even rate: all at once would wait for the few line buffers.
pub struct Prefetching<U> {
    next: *const u32,
    lines: usize,
    at_a_time: usize,
    unit: PhantomData<U>,
}

impl<U: MatrixUnit> Prefetching<U> {
    /// The `lines` lines at `first`, in `steps` steps. They need not be valid.
    #[inline(always)]
    pub fn new(first: *const u32, lines: usize, steps: usize) -> Self {
        Self { next: first, lines, at_a_time: lines.div_ceil(steps), unit: PhantomData }
    }
}

impl<U: MatrixUnit> Interleaved for Prefetching<U> {
    #[inline(always)]
    unsafe fn step(&mut self) {
        for _ in 0..self.at_a_time.min(self.lines) {
            // SAFETY: the caller guarantees the features.
            unsafe { U::prefetch(self.next) }
            self.next = self.next.wrapping_add(TILE);
        }
        self.lines = self.lines.saturating_sub(self.at_a_time);
    }
}
