//! The names of the instruction sets.

/// The instruction sets that have kernels, from the most basic to the most capable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstructionSet {
    /// Plain loops, without explicit vector instructions.
    Scalar,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F, BW, DQ and VL; also BF16 and VNNI if the CPU has them.
    Avx512,
    /// AMX's tiles beside AVX-512.
    Amx,
}

/// Why an instruction set can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// This CPU does not have it.
    Cpu,
    /// This CPU has it, but the system does not permit it: a sandbox refuses tiles, or the system
    /// does not save them.
    System,
}

impl InstructionSet {
    /// All instruction sets, from the most basic to the most capable.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Avx2, Self::Avx512, Self::Amx];

    /// The name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Amx => "amx",
        }
    }
}
