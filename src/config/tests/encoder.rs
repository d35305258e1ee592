//! The encoder options.

use std::num::NonZeroUsize;

use strata_kernels::{Dtype, F32Products, InstructionSet};

use super::*;
use crate::model::encoder::EncoderChoice;

#[test]
fn encoder_dtype_and_instruction_set_are_read() {
    let defaults = Config::defaults().unwrap().encoder;
    assert_eq!((defaults.choice, defaults.dtype), (EncoderChoice::Auto, Dtype::F32));
    assert_eq!((defaults.instruction_set, defaults.f32_products), (None, None));
    let text = "encoder = 'packed'\ndtype = 'int8'\ninstruction_set = 'scalar'";
    let options = loaded(text).unwrap().encoder;
    assert_eq!((options.choice, options.dtype), (EncoderChoice::Packed, Dtype::Int8));
    assert_eq!(options.instruction_set, Some(InstructionSet::Scalar));
    let fma = loaded("f32_products = 'fma'").unwrap().encoder;
    assert_eq!(fma.f32_products, Some(F32Products::Fma));
    assert_eq!(loaded("dtype = 'bf16'").unwrap().encoder.dtype, Dtype::Bf16);
}

#[test]
fn the_reference_encoder_is_refused_with_a_dtype_other_than_f32() {
    for dtype in ["bf16", "int8"] {
        let message = format!(
            "dtype = \"{dtype}\" (from FILE): the reference encoder computes in f32; \
             must be f32, or encoder auto or packed"
        );
        assert_eq!(refused(&format!("encoder = 'reference'\ndtype = '{dtype}'")), message);
    }
    assert!(loaded("encoder = 'reference'\ndtype = 'f32'").is_ok());
    assert!(refused("dtype = 'f16'").ends_with(": must be one of f32, bf16, int8"));
    let set = refused_variable("STRATA_INSTRUCTION_SET", "sse");
    assert!(set.ends_with(": must be one of auto, amx, avx512, avx2, scalar"), "{set}");
    let products = refused_variable("STRATA_F32_PRODUCTS", "six");
    assert!(products.ends_with(": must be one of auto, fma, split"), "{products}");
}

#[test]
fn split_products_are_refused_for_an_instruction_set_without_tiles() {
    let message = "f32_products = \"split\" (from FILE): it needs tiles, and the instruction set is \
                   scalar; must be one of auto, fma";
    assert_eq!(refused("instruction_set = 'scalar'\nf32_products = 'split'"), message);
}

#[test]
fn zero_threads_stand_for_all_that_the_process_may_use() {
    let all = std::thread::available_parallelism().unwrap();
    assert_eq!(Config::defaults().unwrap().encoder.threads, all);
    let three = loaded("threads = 3").unwrap();
    assert_eq!(three.encoder.threads, NonZeroUsize::new(3).unwrap());
}
