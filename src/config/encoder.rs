//! The settings of the encoder: which values go together, and what this processor supports.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use strata_kernels::{Dtype, InstructionSet};

use super::error::Refusal;
use super::values::{choice, within};
use crate::model::encoder::{EncoderChoice, EncoderOptions};

const ENCODERS: [(&str, EncoderChoice); 3] = [
    ("auto", EncoderChoice::Auto),
    ("packed", EncoderChoice::Packed),
    ("reference", EncoderChoice::Reference),
];
const DTYPES: [(&str, Dtype); 3] =
    [("f32", Dtype::F32), ("bf16", Dtype::Bf16), ("int8", Dtype::Int8)];
const INSTRUCTION_SETS: [(&str, Option<InstructionSet>); 5] = [
    ("auto", None),
    ("amx", Some(InstructionSet::Amx)),
    ("avx512", Some(InstructionSet::Avx512)),
    ("avx2", Some(InstructionSet::Avx2)),
    ("scalar", Some(InstructionSet::Scalar)),
];

/// The encoder options from four settings.
pub(super) fn options(
    encoder: String,
    dtype: String,
    threads: i64,
    instruction_set: String,
) -> Result<EncoderOptions, Refusal> {
    let encoder = choice("encoder", encoder, &ENCODERS)?;
    Ok(EncoderOptions {
        choice: encoder,
        dtype: allowed_dtype(dtype, encoder)?,
        threads: match NonZeroUsize::new(within("threads", threads, 0, 1024)?) {
            Some(threads) => threads,
            // An error means that the system does not know the number.
            None => available_parallelism().unwrap_or(NonZeroUsize::MIN),
        },
        instruction_set: supported_set(instruction_set, InstructionSet::is_available)?,
    })
}

/// The dtype, if the encoder computes in it.
fn allowed_dtype(written: String, encoder: EncoderChoice) -> Result<Dtype, Refusal> {
    let dtype = choice("dtype", written.clone(), &DTYPES)?;
    if encoder == EncoderChoice::Reference && dtype != Dtype::F32 {
        let advice =
            "the reference encoder computes in f32; must be f32, or encoder auto or packed";
        return Err(Refusal::new("dtype", written, advice));
    }
    Ok(dtype)
}

/// The instruction set, if the processor supports it; `None` for `auto`.
fn supported_set(
    written: String,
    is_supported: impl Fn(InstructionSet) -> bool,
) -> Result<Option<InstructionSet>, Refusal> {
    let set = choice("instruction_set", written.clone(), &INSTRUCTION_SETS)?;
    if set.is_none_or(&is_supported) {
        return Ok(set);
    }
    let supported = INSTRUCTION_SETS.iter().filter(|(_, set)| set.is_none_or(&is_supported));
    let words: Vec<&str> = supported.map(|(word, _)| *word).collect();
    let advice = format!("this processor does not support it; must be one of {}", words.join(", "));
    Err(Refusal::new("instruction_set", written, advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_set_that_the_processor_lacks_is_refused_with_the_supported_ones() {
        let old = |set| set <= InstructionSet::Avx2;
        assert_eq!(supported_set("auto".to_owned(), old), Ok(None));
        assert_eq!(supported_set("avx2".to_owned(), old), Ok(Some(InstructionSet::Avx2)));
        let advice = "this processor does not support it; must be one of auto, avx2, scalar";
        let refused = Refusal::new("instruction_set", "avx512", advice);
        assert_eq!(supported_set("avx512".to_owned(), old), Err(refused));
    }
}
