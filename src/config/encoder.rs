//! The settings of the encoder: which values go together, and what this processor supports.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use strata_kernels::{Dtype, F32Products, InstructionSet, Unavailable};

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

const F32_PRODUCTS: [(&str, Option<F32Products>); 3] =
    [("auto", None), ("fma", Some(F32Products::Fma)), ("split", Some(F32Products::Split))];

/// The encoder options from five settings.
pub(super) fn options(
    encoder: String,
    dtype: String,
    threads: i64,
    instruction_set: String,
    f32_products: String,
) -> Result<EncoderOptions, Refusal> {
    let encoder = choice("encoder", encoder, &ENCODERS)?;
    let instruction_set = supported_set(instruction_set, InstructionSet::check)?;
    let used_set = instruction_set.unwrap_or_else(InstructionSet::detect);
    Ok(EncoderOptions {
        choice: encoder,
        dtype: allowed_dtype(dtype, encoder)?,
        threads: match NonZeroUsize::new(within("threads", threads, 0, 1024)?) {
            Some(threads) => threads,
            // An error means that the system does not know the number.
            None => available_parallelism().unwrap_or(NonZeroUsize::MIN),
        },
        instruction_set,
        f32_products: supported_products(f32_products, used_set, InstructionSet::has_f32_products)?,
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

/// The instruction set, if it can be used; `None` for `auto`.
fn supported_set(
    written: String,
    check: impl Fn(InstructionSet) -> Result<(), Unavailable>,
) -> Result<Option<InstructionSet>, Refusal> {
    let set = choice("instruction_set", written.clone(), &INSTRUCTION_SETS)?;
    let check = |set: Option<InstructionSet>| set.map_or(Ok(()), &check);
    let reason = match check(set) {
        Ok(()) => return Ok(set),
        Err(Unavailable::Cpu) => "this processor does not support it",
        Err(Unavailable::System) => "the system does not permit its tiles",
    };
    let supported = INSTRUCTION_SETS.iter().filter(|(_, set)| check(*set).is_ok());
    let words: Vec<&str> = supported.map(|(word, _)| *word).collect();
    let advice = format!("{reason}; must be one of {}", words.join(", "));
    Err(Refusal::new("instruction_set", written, advice))
}

/// The products in f32, if the instruction set has them; `None` for `auto`.
fn supported_products(
    written: String,
    set: InstructionSet,
    is_supported: impl Fn(InstructionSet, F32Products) -> bool,
) -> Result<Option<F32Products>, Refusal> {
    let products = choice("f32_products", written.clone(), &F32_PRODUCTS)?;
    let has = |products: Option<F32Products>| products.is_none_or(|some| is_supported(set, some));
    if has(products) {
        return Ok(products);
    }
    let supported = F32_PRODUCTS.iter().filter(|(_, products)| has(*products));
    let words: Vec<&str> = supported.map(|(word, _)| *word).collect();
    let (set, words) = (set.name(), words.join(", "));
    let advice =
        format!("it needs tiles, and the instruction set is {set}; must be one of {words}");
    Err(Refusal::new("f32_products", written, advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_set_that_the_processor_lacks_is_refused_with_the_supported_ones() {
        let old = |set| if set <= InstructionSet::Avx2 { Ok(()) } else { Err(Unavailable::Cpu) };
        assert_eq!(supported_set("auto".to_owned(), old), Ok(None));
        assert_eq!(supported_set("avx2".to_owned(), old), Ok(Some(InstructionSet::Avx2)));
        let advice = "this processor does not support it; must be one of auto, avx2, scalar";
        let refused = Refusal::new("instruction_set", "avx512", advice);
        assert_eq!(supported_set("avx512".to_owned(), old), Err(refused));
    }

    #[test]
    fn amx_that_the_system_refuses_is_refused_with_that_reason() {
        let sandbox = |set| match set {
            InstructionSet::Amx => Err(Unavailable::System),
            _ => Ok(()),
        };
        let advice =
            "the system does not permit its tiles; must be one of auto, avx512, avx2, scalar";
        let refused = Refusal::new("instruction_set", "amx", advice);
        assert_eq!(supported_set("amx".to_owned(), sandbox), Err(refused));
    }

    #[test]
    fn split_products_without_tiles_are_refused_with_the_supported_ones() {
        let tiles = |set, products| set == InstructionSet::Amx || products == F32Products::Fma;
        let products = |written: &str, set| supported_products(written.to_owned(), set, tiles);
        for set in InstructionSet::ALL {
            assert_eq!(products("auto", set), Ok(None));
            assert_eq!(products("fma", set), Ok(Some(F32Products::Fma)));
        }
        assert_eq!(products("split", InstructionSet::Amx), Ok(Some(F32Products::Split)));
        let advice = "it needs tiles, and the instruction set is avx512; must be one of auto, fma";
        let refused = Refusal::new("f32_products", "split", advice);
        assert_eq!(products("split", InstructionSet::Avx512), Err(refused));
    }
}
