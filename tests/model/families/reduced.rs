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

/// Tolerance of logits with reduced dtypes, to transformers in float64. Largest difference seen: 0.016
/// with bf16, 0.047 with int8.
const REDUCED: [(Dtype, f64); 2] = [(Dtype::Bf16, 0.03), (Dtype::Int8, 0.08)];

#[test]
fn reduced_dtypes_are_near_transformers_in_float64() {
    for name in ["deberta-v2", "deberta-v2-apart"] {
        let (golden, checkpoint) = (Family::read(name), Checkpoint::open(&family(name)).unwrap());
        let shape = Model::shape_of(&checkpoint);
        let head = Head::from_checkpoint(&checkpoint, shape, "").unwrap().unwrap();
        let spec = OutputSpec::Logits(Arc::new(head));
        let sets = InstructionSet::ALL.into_iter();
        for set in sets.filter(|set| Kernels::new(*set).is_some()) {
            for (dtype, tolerance) in REDUCED {
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
