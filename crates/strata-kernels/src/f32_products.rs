//! How the products of a GEMM in f32 are computed.

/// How the products of a GEMM in f32 are computed. Both are as exact as f32; their bits differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum F32Products {
    /// In f32: by FMA, or in plain loops by a multiplication and an addition.
    Fma,
    /// On tiles: each number is split into three parts of bf16, and six products of parts are added.
    Split,
}

impl F32Products {
    /// The name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fma => "fma",
            Self::Split => "split",
        }
    }
}
