//! The dtypes of GEMMs.

/// The format of a GEMM's operands: of its weights and of the rows that they are multiplied
/// with. Sums are f32, or i32 with int8. With bf16 and int8, attention's two matmuls are in bf16 if
/// the CPU has an instruction for it. Everything else is f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// 32-bit floating point.
    F32,
    /// bfloat16: the upper 16 bits of an f32.
    Bf16,
    /// Bytes: weights symmetric per output, rows asymmetric per row.
    Int8,
}

impl Dtype {
    /// The name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }

    /// Numbers per 32-bit word.
    pub(crate) fn numbers_per_word(self) -> usize {
        match self {
            Self::F32 => 1,
            Self::Bf16 => 2,
            Self::Int8 => 4,
        }
    }
}
