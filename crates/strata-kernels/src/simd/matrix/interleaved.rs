//! Work that is interleaved with a product. A matrix unit takes many cycles for each instruction;
//! meanwhile the other units of a core can compute and load, but only what follows closely in the
//! program.

use std::marker::PhantomData;

use super::unit::{MatrixUnit, TILE};

/// Work in small pieces.
pub trait Interleaved {
    /// Does the next piece, if any is left.
    ///
    /// # Safety
    /// The CPU has the features of the types that do the work.
    unsafe fn step(&mut self);
}

/// No work.
pub struct Nothing;

impl Interleaved for Nothing {
    #[inline(always)]
    unsafe fn step(&mut self) {}
}

/// Two works, a piece of each at a time.
impl<A: Interleaved, B: Interleaved> Interleaved for (&mut A, &mut B) {
    #[inline(always)]
    unsafe fn step(&mut self) {
        // SAFETY: the caller guarantees the features.
        unsafe {
            self.0.step();
            self.1.step();
        }
    }
}

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
