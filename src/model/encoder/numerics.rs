//! The name of what decides the bits of hidden states, besides the checkpoint and the input.

use strata_kernels::{Dtype, Kernels};

/// The name for the reference encoder. It says less than that of the packed one: candle's bits depend
/// on the batch, and may depend on the processor and on the number of threads.
pub const REFERENCE: &str = "reference-f32-candle-0.11.1";

/// The name for the packed encoder, such as `packed-f32-split-amx-1`: encoder, dtype, products,
/// instruction set, revision of the kernels. The same name, checkpoint and input give the same bits
/// on any machine, in any batch, on any number of threads.
pub fn packed(kernels: Kernels, dtype: Dtype) -> String {
    format!("packed-{}", kernels.numerics(dtype))
}

#[cfg(test)]
mod tests {
    use strata_kernels::{InstructionSet, REVISION};

    use super::*;

    #[test]
    fn the_name_of_the_reference_encoder_has_the_version_of_candle() {
        let lock = include_str!("../../../Cargo.lock");
        let (_, candle) = lock.split_once("name = \"candle-transformers\"\nversion = \"").unwrap();
        let (version, _) = candle.split_once('"').unwrap();
        assert_eq!(REFERENCE.rsplit('-').next(), Some(version));
    }

    #[test]
    fn the_name_of_the_packed_encoder_ends_with_the_revision() {
        let plain = Kernels::new(InstructionSet::Scalar).unwrap();
        let name = packed(plain, Dtype::Int8);
        assert_eq!(name, format!("packed-int8-plain-scalar-{REVISION}"));
    }
}
