//! Whole GEMMs and attention: the bits on the model of the instructions are those on the
//! instructions.

use super::kernels;
use super::layer::Layer;
use crate::dtype::Dtype;
use crate::instruction_set::InstructionSet;
use crate::kernels::Kernels;
use crate::tests::attention::attention;
use crate::tests::support::{Random, bits, multiply};

#[test]
fn a_gemm_on_the_model_has_the_bits_of_one_on_tiles() {
    let Some(amx) = Kernels::new(InstructionSet::Amx) else {
        return;
    };
    let mut random = Random::new(21);
    for case in 0..200 {
        let (m, k) = match case % 20 {
            0 => (300, random.between(1, 40)),
            1 => (random.between(1, 40), random.between(800, 1700)),
            _ => (random.between(1, 70), random.between(1, 400)),
        };
        let n = random.between(1, 80);
        let layer = Layer::new(&mut random, k, n);
        let rows = layer.rows(&mut random, m);
        let outputs =
            |kernels| bits(&multiply(kernels, &layer.packed(kernels), &rows, layer.epilogue));
        let (model, tiles) = (outputs(kernels()), outputs(amx));
        let differ = model.iter().zip(&tiles).filter(|(model, tiles)| model != tiles).count();
        let Layer { dtype, epilogue, .. } = layer;
        let name = dtype.name();
        assert!(differ == 0, "{differ} in {name} ({m}, {k})·({k}, {n}), {epilogue:?}, differ");
    }
}

#[test]
fn attention_on_the_model_has_the_bits_of_attention_on_tiles() {
    let Some(amx) = Kernels::new(InstructionSet::Amx) else {
        return;
    };
    let mut random = Random::new(22);
    for _ in 0..100 {
        let (n, t, d) = (random.between(1, 70), random.between(1, 300), random.between(1, 100));
        let mut some = |rows| (0..rows * d).map(|_| 4.0 * random.number()).collect::<Vec<_>>();
        let (q, k, v) = (some(n), some(t), some(t));
        let outputs = |kernels| bits(&attention(kernels, Dtype::Bf16, &q, &k, &v, d));
        assert!(outputs(kernels()) == outputs(amx), "n {n} t {t} d {d}");
    }
}
