//! Which encoder computes, with what: plain data, and the decision that it comes to.

use std::num::NonZeroUsize;

use strata_kernels::{Dtype, InstructionSet};

/// Which encoder is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncoderChoice {
    /// The fastest one on this machine.
    Auto,
    /// The one over this crate's own kernels.
    Packed,
    /// The one over candle-transformers.
    Reference,
}

/// How hidden states are to be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderOptions {
    /// Which encoder.
    pub choice: EncoderChoice,
    /// The number format of its products; the reference encoder has f32 alone.
    pub dtype: Dtype,
    /// Threads of a pass.
    pub threads: NonZeroUsize,
    /// What the packed encoder may use; `None` for the best that there is.
    pub instruction_set: Option<InstructionSet>,
}

/// The encoder that serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncoderKind {
    /// [`EncoderChoice::Packed`]
    Packed,
    /// [`EncoderChoice::Reference`]
    Reference,
}

impl EncoderOptions {
    /// What the packed encoder uses on this machine.
    pub fn instruction_set(&self) -> InstructionSet {
        self.instruction_set.unwrap_or_else(InstructionSet::detect)
    }

    /// The encoder that serves on this machine.
    pub fn kind(&self) -> EncoderKind {
        decide(self.choice, self.dtype, self.instruction_set())
    }
}

/// Left to itself: the packed encoder where it has vectors to compute with, or where nothing else
/// computes in that format.
fn decide(choice: EncoderChoice, dtype: Dtype, set: InstructionSet) -> EncoderKind {
    match choice {
        EncoderChoice::Packed => EncoderKind::Packed,
        EncoderChoice::Reference => EncoderKind::Reference,
        EncoderChoice::Auto if set >= InstructionSet::Avx2 || dtype != Dtype::F32 => {
            EncoderKind::Packed
        }
        EncoderChoice::Auto => EncoderKind::Reference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DTYPES: [Dtype; 3] = [Dtype::F32, Dtype::Bf16, Dtype::Int8];
    const SETS: [InstructionSet; 3] =
        [InstructionSet::Scalar, InstructionSet::Avx2, InstructionSet::Avx512];

    #[test]
    fn the_encoder_that_is_named_is_the_one_that_serves() {
        for (dtype, set) in DTYPES.into_iter().flat_map(|dtype| SETS.map(|set| (dtype, set))) {
            assert_eq!(decide(EncoderChoice::Packed, dtype, set), EncoderKind::Packed);
            assert_eq!(decide(EncoderChoice::Reference, dtype, set), EncoderKind::Reference);
        }
    }

    #[test]
    fn left_to_itself_only_f32_without_vectors_is_for_the_reference_encoder() {
        for (dtype, set) in DTYPES.into_iter().flat_map(|dtype| SETS.map(|set| (dtype, set))) {
            let plain = dtype == Dtype::F32 && set == InstructionSet::Scalar;
            let kind = if plain { EncoderKind::Reference } else { EncoderKind::Packed };
            assert_eq!(decide(EncoderChoice::Auto, dtype, set), kind, "{dtype:?} {set:?}");
        }
    }

    #[test]
    fn an_instruction_set_that_is_named_is_used_and_otherwise_the_best() {
        let options = |instruction_set| EncoderOptions {
            choice: EncoderChoice::Auto,
            dtype: Dtype::F32,
            threads: NonZeroUsize::MIN,
            instruction_set,
        };
        assert_eq!(options(None).instruction_set(), InstructionSet::detect());
        let scalar = options(Some(InstructionSet::Scalar));
        assert_eq!(scalar.instruction_set(), InstructionSet::Scalar);
        assert_eq!(scalar.kind(), EncoderKind::Reference);
    }
}
