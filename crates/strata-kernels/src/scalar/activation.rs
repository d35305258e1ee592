//! Activation functions.

use std::slice;

use crate::activation::Activation;

/// Applies an activation function to `n` numbers in place.
///
/// # Safety
/// `numbers` is valid for `n` numbers, and nothing else accesses them.
pub unsafe fn activate(activation: Activation, numbers: *mut f32, n: usize) {
    // SAFETY: the caller guarantees `n` numbers that nothing else accesses.
    let numbers = unsafe { slice::from_raw_parts_mut(numbers, n) };
    numbers.iter_mut().for_each(|x| *x = activation.apply(*x));
}
