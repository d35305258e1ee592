//! Shared by the tests.

use super::emulated;
use crate::dtype::Dtype;
use crate::f32_products::F32Products;
use crate::instruction_set::InstructionSet;
use crate::kernels::Kernels;

/// Sizes around the widths of registers, tiles and blocks, and the default model's own.
pub const SIZES: [usize; 17] = [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65, 384];

pub const DTYPES: [Dtype; 3] = [Dtype::F32, Dtype::Bf16, Dtype::Int8];

/// The kernels of every instruction set that this CPU has, and the emulated ones.
pub fn all_kernels() -> impl Iterator<Item = Kernels> {
    real_kernels().chain([emulated::kernels()])
}

/// The kernels of every instruction set that this CPU has; if they have two kinds of products in
/// f32, with each.
pub fn real_kernels() -> impl Iterator<Item = Kernels> {
    let sets: Vec<_> = InstructionSet::ALL.into_iter().filter_map(Kernels::new).collect();
    assert!(!sets.is_empty());
    sets.into_iter().flat_map(|kernels| {
        let products = [F32Products::Fma, F32Products::Split];
        products.into_iter().filter_map(move |products| kernels.with_f32_products(products))
    })
}

/// The reference.
pub fn scalar() -> Kernels {
    Kernels::new(InstructionSet::Scalar).unwrap()
}

/// The name of these kernels in the message of a failure.
pub fn name(kernels: Kernels) -> &'static str {
    kernels.instructions(Dtype::F32)
}

/// Numbers from -1 to 1 that look random and are the same in every run.
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        // xorshift64*, Vigna 2016.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let high = (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32;
        high / (1 << 23) as f32 - 1.0
    };
    (0..count).map(next).collect()
}

/// Fails if two rows of numbers differ by more than `tolerance` anywhere, and says where.
pub fn assert_close(actual: &[f32], expected: &[f32], tolerance: f32, case: &str) {
    assert_eq!(actual.len(), expected.len(), "{case}");
    let differences = actual.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let worst = differences.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((at, difference)) = worst {
        let (a, b) = (actual[at], expected[at]);
        assert!(difference <= tolerance, "{case}: {a} instead of {b} at {at}: {difference:.2e}");
    }
}
