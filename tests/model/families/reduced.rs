//! Logits with reduced dtypes, compared with transformers in float64.

use std::sync::Arc;

use strata::model::Model;
use strata::model::checkpoint::Checkpoint;
use strata::model::encoder::{EncoderChoice, EncoderOptions};
use strata::model::head::Head;
use strata::model::task::OutputSpec;
use strata_kernels::{Dtype, InstructionSet, Kernels};

use super::golden::{Family, family};
use crate::support::Worst;
use crate::support::fixtures::config as settings;
use crate::support::pass::rows;

/// Families, and the tolerances of their logits with bf16 and int8, to transformers in float64. Largest
/// differences seen: 0.016 and 0.047 in DeBERTa-v2, 0.056 and 0.105 in ELECTRA, 0.016 and 0.054 in ALBERT.
const TOLERANCES: [(&str, f64, f64); 5] = [
    ("deberta-v2", 0.03, 0.08),
    ("deberta-v2-apart", 0.03, 0.08),
    ("electra", 0.1, 0.2),
    ("albert", 0.03, 0.08),
    ("albert-inner", 0.03, 0.08),
];

#[test]
fn reduced_dtypes_are_near_transformers_in_float64() {
    for (name, bf16, int8) in TOLERANCES {
        let (golden, checkpoint) = (Family::read(name), Checkpoint::open(&family(name)).unwrap());
        let shape = Model::shape_of(&checkpoint);
        let head = Head::from_checkpoint(&checkpoint, shape, "").unwrap().unwrap();
        let spec = OutputSpec::Logits(Arc::new(head));
        let sets = InstructionSet::ALL.into_iter();
        for set in sets.filter(|set| Kernels::new(*set).is_some()) {
            for (dtype, tolerance) in [(Dtype::Bf16, bf16), (Dtype::Int8, int8)] {
                let options = EncoderOptions {
                    choice: EncoderChoice::Packed,
                    dtype,
                    instruction_set: Some(set),
                    f32_products: None,
                    ..settings(&checkpoint.dir).encoder
                };
                let model = Model::load(&checkpoint, &options).unwrap();
                let mut worst = Worst::default();
                let found = rows(&model, &spec, &golden.tiny.cases);
                for (index, (found, case)) in found.iter().zip(&golden.tiny.cases).enumerate() {
                    worst.compare(found, &case.expected, tolerance, &format!("text {index}"));
                }
                worst.check(&format!("{name} {}", options.numerics().unwrap()));
            }
        }
    }
}
