//! Shared by the tests.

use super::{emulated, tiles};
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::f32_products::F32Products;
use crate::instruction_set::InstructionSet;
use crate::kernels::Kernels;
use crate::operand::{Operand, OperandScratch};
use crate::packed_linear::PackedLinear;
use crate::view::View;
use crate::view_mut::ViewMut;
#[cfg(kernels_x86_64)]
use crate::x86_64;

/// Sizes around the widths of registers, tiles and blocks, and the default model's own.
pub const SIZES: [usize; 17] = [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65, 384];

pub const DTYPES: [Dtype; 3] = [Dtype::F32, Dtype::Bf16, Dtype::Int8];

/// The kernels of every instruction set that this CPU has, and the emulated ones, with and without
/// tiles.
pub fn all_kernels() -> impl Iterator<Item = Kernels> {
    let emulated = [emulated::kernels(), emulated::kernels_that_widen(), tiles::kernels()];
    real_kernels().chain(emulated)
}

/// The kernels of every instruction set that this CPU has, those for other makers' CPUs too; if they
/// have two kinds of products in f32, with each.
pub fn real_kernels() -> impl Iterator<Item = Kernels> {
    let sets: Vec<_> = InstructionSet::ALL.into_iter().filter_map(Kernels::new).collect();
    assert!(!sets.is_empty());
    sets.into_iter().chain(kernels_of_other_makers()).flat_map(|kernels| {
        let products = [F32Products::Fma, F32Products::Split];
        products.into_iter().filter_map(move |products| kernels.with_f32_products(products))
    })
}

#[cfg(kernels_x86_64)]
fn kernels_of_other_makers() -> Option<Kernels> {
    let table = x86_64::avx512_of_other_makers()?;
    // SAFETY: the makers' kernels need the same features, which this CPU has.
    Some(unsafe { Kernels::from_table(InstructionSet::Avx512, table) })
}

#[cfg(not(kernels_x86_64))]
fn kernels_of_other_makers() -> Option<Kernels> {
    None
}

/// The reference.
pub fn scalar() -> Kernels {
    Kernels::new(InstructionSet::Scalar).unwrap()
}

/// The name of these kernels in the message of a failure.
pub fn name(kernels: Kernels) -> &'static str {
    kernels.instructions(Dtype::F32)
}

/// Numbers that look random and are the same in every run: xorshift64*, Vigna 2016.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Any 32 bits.
    pub fn bits(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    /// From `-1` to 1, uniform.
    pub fn number(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// Below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.bits() as usize % end
    }

    /// From `first` to `last`.
    pub fn between(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last + 1 - first)
    }
}

/// Numbers from -1 to 1 that look random and are the same in every run.
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..count).map(|_| random.number()).collect()
}

/// Rows through a layer, in one block, with all columns, also those that fill up the last panel. The
/// output holds 0.25 before.
pub fn multiply(
    kernels: Kernels,
    linear: &PackedLinear,
    rows: &[f32],
    epilogue: Epilogue,
) -> Vec<f32> {
    let (k, width) = (linear.inputs(), linear.columns());
    let m = rows.len() / k;
    let mut out = vec![0.25; m * width];
    let mut scratch = OperandScratch::default();
    let operand = Operand::new(kernels, linear.dtype(), View::new(rows, m, k, k), &mut scratch);
    let view = ViewMut::new(&mut out, m, width, width);
    kernels.gemm(&operand, linear, 0..linear.panels(), epilogue, view);
    out
}

/// The bits of numbers. All NaNs have the same ones.
pub fn bits(numbers: &[f32]) -> Vec<u32> {
    let canonical = |x: &f32| if x.is_nan() { f32::NAN } else { *x };
    numbers.iter().map(|x| canonical(x).to_bits()).collect()
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
