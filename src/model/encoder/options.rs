//! The options of an encoder, and which encoder they choose.

use std::num::NonZeroUsize;

use strata_kernels::{Dtype, InstructionSet, Kernels};

/// Which encoder is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncoderChoice {
    /// The fastest one on this machine.
    Auto,
    /// The encoder over Strata's own kernels.
    Packed,
    /// The encoder over candle-transformers.
    Reference,
}

/// How an encoder computes hidden states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderOptions {
    /// Which encoder.
    pub choice: EncoderChoice,
    /// The dtype of its GEMMs; the reference encoder has f32 only.
    pub dtype: Dtype,
    /// The number of threads of a pass.
    pub threads: NonZeroUsize,
    /// The instruction set of the packed encoder; `None` for the most capable one that the CPU has.
    pub instruction_set: Option<InstructionSet>,
}

/// This CPU doesn't have an instruction set.
#[derive(Debug, thiserror::Error)]
#[error("this CPU has no {}; choose another instruction_set, or auto", .0.name())]
pub struct NoInstructions(InstructionSet);

/// The encoder that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncoderKind {
    /// [`EncoderChoice::Packed`]
    Packed,
    /// [`EncoderChoice::Reference`]
    Reference,
}

impl EncoderOptions {
    /// The instruction set that the packed encoder uses on this machine.
    pub fn instruction_set(&self) -> InstructionSet {
        self.instruction_set.unwrap_or_else(InstructionSet::detect)
    }

    /// Whether this machine has the instructions that the encoder needs.
    ///
    /// # Errors
    /// It doesn't have the configured instruction set.
    pub fn check(&self) -> Result<(), NoInstructions> {
        let set = self.instruction_set();
        let needed = self.kind() == EncoderKind::Packed;
        if needed && Kernels::new(set).is_none() { Err(NoInstructions(set)) } else { Ok(()) }
    }

    /// The encoder that runs on this machine.
    pub fn kind(&self) -> EncoderKind {
        decide(self.choice, self.dtype, self.instruction_set())
    }
}

/// `auto` means the packed encoder if the CPU has vector instructions for it, or if no other
/// encoder has the dtype.
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
    fn a_named_encoder_is_the_one_that_runs() {
        for (dtype, set) in DTYPES.into_iter().flat_map(|dtype| SETS.map(|set| (dtype, set))) {
            assert_eq!(decide(EncoderChoice::Packed, dtype, set), EncoderKind::Packed);
            assert_eq!(decide(EncoderChoice::Reference, dtype, set), EncoderKind::Reference);
        }
    }

    #[test]
    fn auto_is_the_reference_encoder_only_for_f32_without_vectors() {
        for (dtype, set) in DTYPES.into_iter().flat_map(|dtype| SETS.map(|set| (dtype, set))) {
            let plain = dtype == Dtype::F32 && set == InstructionSet::Scalar;
            let kind = if plain { EncoderKind::Reference } else { EncoderKind::Packed };
            assert_eq!(decide(EncoderChoice::Auto, dtype, set), kind, "{dtype:?} {set:?}");
        }
    }

    #[test]
    fn a_named_instruction_set_is_used_and_otherwise_the_best() {
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
