//! Every instruction set against plain loops, on buffers that end where memory does.

mod attention;
mod functions;
mod gemm;
mod guarded;
mod rows;
mod same_bits;

use super::*;

/// Sizes around the widths of registers, tiles and blocks, and the default model's own.
const SIZES: [usize; 17] = [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65, 384];

/// What this CPU has; the plain one is the judge.
fn sets() -> impl Iterator<Item = Kernels> {
    let sets: Vec<_> = InstructionSet::ALL.into_iter().filter_map(Kernels::new).collect();
    assert!(!sets.is_empty());
    sets.into_iter()
}

fn plain() -> Kernels {
    Kernels::new(InstructionSet::Scalar).unwrap()
}

/// Numbers from -1 to 1 that look random and are the same every time.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
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

/// Fails if two rows of numbers are further apart than `allowed` anywhere; says where.
fn assert_close(found: &[f32], expected: &[f32], allowed: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let apart = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let worst = apart.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((at, apart)) = worst {
        let (a, b) = (found[at], expected[at]);
        assert!(apart <= allowed, "{what}: {a} for {b} at {at}, {apart:.2e} apart");
    }
}
