//! The options of an encoder, and which encoder they choose.

use std::num::NonZeroUsize;

use strata_kernels::{Dtype, F32Products, InstructionSet, Kernels};

use super::numerics;

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
    /// How its products in f32 are computed; `None` for the faster way on this machine.
    pub f32_products: Option<F32Products>,
}

/// This CPU doesn't have the configured instructions.
#[derive(Debug, thiserror::Error)]
pub enum NoInstructions {
    /// It doesn't have an instruction set.
    #[error("this CPU has no {}; choose another instruction_set, or auto", .0.name())]
    Set(InstructionSet),
    /// The instruction set has no tiles.
    #[error(
        "f32_products = \"split\" needs tiles, which the instruction set {} doesn't have; choose \
         fma or auto",
        .0.name()
    )]
    Tiles(InstructionSet),
}

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

    /// The kernels of the packed encoder.
    ///
    /// # Errors
    /// This machine doesn't have them.
    pub fn kernels(&self) -> Result<Kernels, NoInstructions> {
        let set = self.instruction_set();
        let kernels = Kernels::new(set).ok_or(NoInstructions::Set(set))?;
        match self.f32_products {
            None => Ok(kernels),
            Some(products) => kernels.with_f32_products(products).ok_or(NoInstructions::Tiles(set)),
        }
    }

    /// The kernels of layers after the encoder: those of the packed encoder, or else the best ones.
    pub fn row_kernels(&self) -> Kernels {
        match self.kind() {
            EncoderKind::Packed => self.kernels().unwrap_or_else(|_| Kernels::best()),
            EncoderKind::Reference => Kernels::best(),
        }
    }

    /// The name of the encoder's numerics, as [`Encoder::numerics`](super::Encoder::numerics) has it.
    ///
    /// # Errors
    /// This machine doesn't have the instructions.
    pub fn numerics(&self) -> Result<String, NoInstructions> {
        match self.kind() {
            EncoderKind::Packed => Ok(numerics::packed(self.kernels()?, self.dtype)),
            EncoderKind::Reference => Ok(numerics::REFERENCE.to_owned()),
        }
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
            f32_products: None,
        };
        assert_eq!(options(None).instruction_set(), InstructionSet::detect());
        let scalar = options(Some(InstructionSet::Scalar));
        assert_eq!(scalar.instruction_set(), InstructionSet::Scalar);
        assert_eq!(scalar.kind(), EncoderKind::Reference);
    }

    #[test]
    fn named_products_are_used_and_split_ones_need_tiles() {
        let options = |instruction_set, f32_products| EncoderOptions {
            choice: EncoderChoice::Packed,
            dtype: Dtype::F32,
            threads: NonZeroUsize::MIN,
            instruction_set,
            f32_products,
        };
        let fma = options(None, Some(F32Products::Fma));
        assert_eq!(fma.kernels().unwrap().f32_products(), F32Products::Fma);
        let auto = options(None, None).kernels().unwrap();
        assert_eq!(auto.f32_products(), Kernels::best().f32_products());
        let split = options(Some(InstructionSet::Scalar), Some(F32Products::Split));
        let refused = split.numerics().unwrap_err().to_string();
        assert!(
            refused.contains("\"split\" needs tiles, which the instruction set scalar"),
            "{refused}"
        );
        let reference = EncoderOptions { choice: EncoderChoice::Reference, ..split };
        reference.numerics().unwrap();
    }
}
