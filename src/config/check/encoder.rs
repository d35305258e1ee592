//! How hidden states are computed: what goes together, and what this processor has.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use strata_kernels::{Dtype, InstructionSet};

use super::{choice, within};
use crate::config::error::Refusal;
use crate::model::encoder::{EncoderChoice, EncoderOptions};

const ENCODERS: [(&str, EncoderChoice); 3] = [
    ("auto", EncoderChoice::Auto),
    ("packed", EncoderChoice::Packed),
    ("reference", EncoderChoice::Reference),
];
const DTYPES: [(&str, Dtype); 3] =
    [("f32", Dtype::F32), ("bf16", Dtype::Bf16), ("int8", Dtype::Int8)];
const INSTRUCTION_SETS: [(&str, Option<InstructionSet>); 4] = [
    ("auto", None),
    ("avx512", Some(InstructionSet::Avx512)),
    ("avx2", Some(InstructionSet::Avx2)),
    ("scalar", Some(InstructionSet::Scalar)),
];

/// The options as four settings have them.
pub(super) fn options(
    encoder: String,
    dtype: String,
    threads: i64,
    instruction_set: String,
) -> Result<EncoderOptions, Refusal> {
    let encoder = choice("encoder", encoder, &ENCODERS)?;
    Ok(EncoderOptions {
        choice: encoder,
        dtype: computed_in(dtype, encoder)?,
        threads: match NonZeroUsize::new(within("threads", threads, 0, 1024)?) {
            Some(threads) => threads,
            // It fails only where the system can't tell.
            None => available_parallelism().unwrap_or(NonZeroUsize::MIN),
        },
        instruction_set: available(instruction_set, InstructionSet::is_available)?,
    })
}

fn computed_in(written: String, encoder: EncoderChoice) -> Result<Dtype, Refusal> {
    let dtype = choice("dtype", written.clone(), &DTYPES)?;
    if encoder == EncoderChoice::Reference && dtype != Dtype::F32 {
        let advice =
            "the reference encoder computes in f32; must be f32, or encoder auto or packed";
        return Err(Refusal::new("dtype", written, advice));
    }
    Ok(dtype)
}

fn available(
    written: String,
    has: impl Fn(InstructionSet) -> bool,
) -> Result<Option<InstructionSet>, Refusal> {
    let set = choice("instruction_set", written.clone(), &INSTRUCTION_SETS)?;
    if set.is_none_or(&has) {
        return Ok(set);
    }
    let there = INSTRUCTION_SETS.iter().filter(|(_, set)| set.is_none_or(&has));
    let words: Vec<&str> = there.map(|(word, _)| *word).collect();
    let advice = format!("this processor lacks it; must be one of {}", words.join(", "));
    Err(Refusal::new("instruction_set", written, advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_set_that_the_processor_lacks_is_refused_with_those_it_has() {
        let old = |set| set <= InstructionSet::Avx2;
        assert_eq!(available("auto".to_owned(), old), Ok(None));
        assert_eq!(available("avx2".to_owned(), old), Ok(Some(InstructionSet::Avx2)));
        let advice = "this processor lacks it; must be one of auto, avx2, scalar";
        let refused = Refusal::new("instruction_set", "avx512", advice);
        assert_eq!(available("avx512".to_owned(), old), Err(refused));
    }
}
