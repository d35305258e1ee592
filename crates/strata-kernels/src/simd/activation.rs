//! The activation functions that are applied after a GEMM, to numbers in cache.

use std::slice;

use super::functions::{gelu, gelu_tanh, half_erf, mish, relu, sigmoid, tanh, times_sigmoid};
use super::lanes::Lanes;
use crate::activation::{Activation, LAPLACE_DEVIATION, LAPLACE_MEAN};
use crate::arguments::MAX_LANES;

/// The factor of [`Activation::QuickGelu`].
const QUICK_FACTOR: f32 = 1.702;

/// Applies an activation function to `n` numbers in place.
///
/// # Safety
/// The CPU has the features of `V`; `numbers` is valid for `n` numbers, and nothing else accesses
/// them.
#[inline(always)]
pub unsafe fn activate<V: Lanes>(activation: Activation, numbers: *mut f32, n: usize) {
    const { assert!(V::N <= MAX_LANES) };
    // SAFETY: the caller guarantees the features and `n` numbers. Registers begin at multiples of
    // `N` that leave room for `N`; what remains is shorter than the buffer, which holds `N`.
    unsafe {
        if activation == Activation::SqrtSoftplus {
            // It needs a logarithm, which nothing else here needs.
            let numbers = slice::from_raw_parts_mut(numbers, n);
            numbers.iter_mut().for_each(|x| *x = activation.apply(*x));
            return;
        }
        let whole = n / V::N * V::N;
        for at in (0..whole).step_by(V::N) {
            activated(activation, V::load(numbers.add(at))).store(numbers.add(at));
        }
        let mut rest = [0.0; MAX_LANES];
        rest[..n - whole].copy_from_slice(slice::from_raw_parts(numbers.add(whole), n - whole));
        activated(activation, V::load(rest.as_ptr())).store(rest.as_mut_ptr());
        slice::from_raw_parts_mut(numbers.add(whole), n - whole)
            .copy_from_slice(&rest[..n - whole]);
    }
}

/// The activation function of a register of numbers.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
unsafe fn activated<V: Lanes>(activation: Activation, x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe {
        match activation {
            Activation::Gelu => gelu(x),
            Activation::GeluTanh => gelu_tanh(x),
            Activation::Relu => relu(x),
            Activation::Silu => times_sigmoid(x, x),
            Activation::QuickGelu => times_sigmoid(x, x.mul(V::splat(QUICK_FACTOR))),
            Activation::Mish => mish(x),
            // It is never below -0.17.
            Activation::ClippedGelu => V::splat(10.0).min(gelu(x)),
            Activation::Relu6 => relu6(x),
            Activation::SquaredRelu => relu(x).mul(relu(x)),
            Activation::LeakyRelu => V::splat(0.0).min(x).mul_add(V::splat(0.01), relu(x)),
            Activation::HardSwish => x.mul(relu6(x.add(V::splat(3.0)))).mul(V::splat(1.0 / 6.0)),
            Activation::Laplace => {
                let (mean, factor) = (LAPLACE_MEAN as f32, (1.0 / LAPLACE_DEVIATION) as f32);
                let deviations = x.sub(V::splat(mean)).mul(V::splat(factor));
                V::splat(0.5).add(half_erf(deviations))
            }
            Activation::Sigmoid => sigmoid(x),
            Activation::Tanh => tanh(x),
            Activation::SqrtSoftplus | Activation::Linear => x,
        }
    }
}

/// `min(max(x, 0), 6)`
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
unsafe fn relu6<V: Lanes>(x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe { V::splat(6.0).min(relu(x)) }
}
