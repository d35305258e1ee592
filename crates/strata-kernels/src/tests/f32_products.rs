//! Which products in f32 there are, and that packed numbers of one kind aren't read as the other.

use std::panic::catch_unwind;

use super::support::{numbers, scalar};
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::f32_products::F32Products;
use crate::instruction_set::InstructionSet;
use crate::kernels::Kernels;
use crate::operand::{Operand, OperandScratch};
use crate::packed_linear::{PackedLinear, PackedPart};
use crate::view::View;
use crate::view_mut::ViewMut;

#[test]
fn without_tiles_products_are_in_f32_and_cannot_be_split() {
    let sets = [InstructionSet::Avx2, InstructionSet::Avx512];
    for kernels in sets.into_iter().filter_map(Kernels::new).chain([scalar()]) {
        assert_eq!(kernels.f32_products(), F32Products::Fma);
        assert!(kernels.with_f32_products(F32Products::Split).is_none());
        assert!(kernels.with_f32_products(F32Products::Fma).is_some());
    }
}

#[test]
fn with_tiles_products_are_split_unless_fma_is_chosen() {
    let Some(split) = Kernels::new(InstructionSet::Amx) else { return };
    assert_eq!(split.f32_products(), F32Products::Split);
    assert_eq!(split.instructions(Dtype::F32), "amx bf16, six products");
    let fma = split.with_f32_products(F32Products::Fma).unwrap();
    assert_eq!((fma.f32_products(), fma.set()), (F32Products::Fma, InstructionSet::Amx));
    assert!(fma.instructions(Dtype::F32).starts_with("avx512"));
    for dtype in [Dtype::Bf16, Dtype::Int8] {
        assert_eq!(fma.instructions(dtype), split.instructions(dtype));
    }
    let split = fma.with_f32_products(F32Products::Split).unwrap();
    assert_eq!(split.f32_products(), F32Products::Split);
}

/// A GEMM with the kernels for the weights, for the operand and for the computation.
fn gemm(weights: Kernels, operand: Kernels, gemm: Kernels) {
    let (k, dtype) = (40, Dtype::F32);
    let part = PackedPart { weight: &numbers(5 * k, 1), bias: &numbers(5, 2) };
    let linear = PackedLinear::pack(weights, dtype, k, &[part]).unwrap();
    let (a, mut scratch) = (numbers(3 * k, 3), OperandScratch::default());
    let operand = Operand::new(operand, dtype, View::new(&a, 3, k, k), &mut scratch);
    let mut out = vec![0.0; 3 * linear.columns()];
    let view = ViewMut::new(&mut out, 3, linear.columns(), linear.columns());
    gemm.gemm(&operand, &linear, 0..linear.panels(), Epilogue::Bias, view);
}

#[test]
fn what_is_packed_for_one_kind_of_products_is_refused_by_the_other() {
    let Some(split) = Kernels::new(InstructionSet::Amx) else { return };
    let fma = split.with_f32_products(F32Products::Fma).unwrap();
    for kernels in [split, fma] {
        gemm(kernels, kernels, kernels);
    }
    for [weights, operand, kernels] in
        [[fma, split, split], [split, fma, split], [split, split, fma], [split, fma, fma]]
    {
        assert!(catch_unwind(|| gemm(weights, operand, kernels)).is_err());
    }
}
