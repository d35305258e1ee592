//! Memory that a pass works in: allocated once, reused from pass to pass, and as large as the
//! largest pass so far.

use std::sync::{Mutex, PoisonError};

use strata_kernels::OperandScratch;

/// What one thread works in.
#[derive(Default)]
pub struct Worker {
    /// Rows rounded for a product.
    pub operand: OperandScratch,
    /// A block's rows between the two feed-forward products.
    pub intermediate: Vec<f32>,
    /// What attention needs.
    pub attention: Vec<f32>,
}

/// What one pass works in.
#[derive(Default)]
pub struct Scratch {
    /// Hidden states, `(rows, width)`.
    pub hidden: Vec<f32>,
    /// Queries, keys and values, `(rows, 3·width)`.
    pub qkv: Vec<f32>,
    /// What attention makes of them, `(rows, c)`.
    pub context: Vec<f32>,
}

/// Things that whoever needs one takes, and gives back when done; a new one is made where there is
/// none, so there are as many as were ever in use at once.
#[derive(Default)]
pub struct Shelf<T>(Mutex<Vec<T>>);

impl<T: Default> Shelf<T> {
    /// Lends one to `work`. A panic in it loses that one alone.
    pub fn lend<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let mut taken = self.lock().pop().unwrap_or_default();
        let done = work(&mut taken);
        self.lock().push(taken);
        done
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<T>> {
        // Nothing that can panic runs while it is locked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// At least `len` numbers; what was there before stays.
pub fn grow(numbers: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if numbers.len() < len {
        numbers.resize(len, 0.0);
    }
    &mut numbers[..len]
}
