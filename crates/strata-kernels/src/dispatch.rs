//! What there is to choose from, and what this CPU has of it: looked up once.

#[cfg(kernels_x86_64)]
use std::sync::LazyLock;

use super::table::Table;
#[cfg(kernels_x86_64)]
use super::x86_64::{avx2, avx512};
use super::{Kernels, scalar};

/// The instruction sets there are kernels for, the plainest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstructionSet {
    /// None in particular.
    Scalar,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F, BW, DQ and VL; BF16 and VNNI where the CPU has them.
    Avx512,
}

impl InstructionSet {
    /// All, the plainest first.
    pub const ALL: [Self; 3] = [Self::Scalar, Self::Avx2, Self::Avx512];

    /// As settings have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// The best that this CPU has.
    pub fn detect() -> Self {
        Self::ALL.into_iter().rfind(|set| set.is_available()).unwrap_or(Self::Scalar)
    }

    /// Whether this CPU has it.
    pub fn is_available(self) -> bool {
        Kernels::new(self).is_some()
    }
}

/// The number format of products: weights and what they are multiplied with. Sums are f32, or i32
/// with int8. With bf16 and int8, attention's own two products are in bf16 where the CPU has an
/// instruction for it; everything else is f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// 32-bit floating point.
    F32,
    /// The upper half of it.
    Bf16,
    /// Bytes: weights symmetric by output, inputs asymmetric by row.
    Int8,
}

impl Dtype {
    /// As settings have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }

    /// Numbers in a word of 32 bits.
    pub(crate) fn depth(self) -> usize {
        match self {
            Self::F32 => 1,
            Self::Bf16 => 2,
            Self::Int8 => 4,
        }
    }
}

/// The functions of an instruction set, if this CPU has it.
pub(super) fn table(set: InstructionSet) -> Option<&'static Table> {
    match set {
        InstructionSet::Scalar => Some(&scalar::TABLE),
        #[cfg(kernels_x86_64)]
        InstructionSet::Avx2 => AVX2.as_ref(),
        #[cfg(kernels_x86_64)]
        InstructionSet::Avx512 => AVX512.as_ref(),
        #[cfg(not(kernels_x86_64))]
        InstructionSet::Avx2 | InstructionSet::Avx512 => None,
    }
}

#[cfg(kernels_x86_64)]
static AVX2: LazyLock<Option<Table>> = LazyLock::new(|| {
    let has = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    has.then(avx2::table)
});

#[cfg(kernels_x86_64)]
static AVX512: LazyLock<Option<Table>> = LazyLock::new(|| {
    let has = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && AVX2.is_some();
    has.then(|| {
        let bf16 = is_x86_feature_detected!("avx512bf16");
        avx512::table(bf16, is_x86_feature_detected!("avx512vnni"))
    })
});
