//! Work that is interleaved with a product. A matrix unit takes many cycles for each instruction;
//! meanwhile the other units of a core can compute and load, but only what follows closely in the
//! program.

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
