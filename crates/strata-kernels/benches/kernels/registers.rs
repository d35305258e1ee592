//! The rate of FMA on registers alone, which no kernel in f32 can exceed.

#![expect(unsafe_code, reason = "functions for a CPU feature")]

use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_set1_ps};
use std::hint::black_box;

use crate::timing::fastest_seconds;

/// Sums that don't wait for each other: more than an FMA's latency times the units of a core.
const CHAINS: usize = 16;

const STEPS: usize = 10_000;

/// Numbers of a register.
const LANES: usize = 16;

/// Operations (additions and multiplications) per second of AVX-512's FMA on one thread; `None` if
/// this CPU doesn't have it.
pub fn fma_rate() -> Option<f64> {
    is_x86_feature_detected!("avx512f").then(|| {
        // SAFETY: this CPU has the feature.
        let seconds = fastest_seconds(|| unsafe { add_in_registers() });
        (2 * LANES * CHAINS * STEPS) as f64 / seconds
    })
}

#[target_feature(enable = "avx512f")]
fn add_in_registers() {
    let factor = black_box(_mm512_set1_ps(0.5));
    // The compiler may not know that the chains are equal, or it would compute one.
    let mut sums = black_box([factor; CHAINS]);
    for _ in 0..STEPS {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(*sum, factor, factor);
        }
    }
    black_box(sums);
}
