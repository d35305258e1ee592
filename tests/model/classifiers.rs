//! The classifiers of checkpoints, compared with transformers in float64.

use strata::model::checkpoint::Checkpoint;
use strata::model::checkpoint::ProblemType::{
    self, MultiLabelClassification, Regression, SingleLabelClassification,
};
use strata::model::head::OutputActivation::{self, None as NoActivation, Sigmoid, Softmax};
use strata::model::task::OutputSpec;
use strata_kernels::Activation::{self, Gelu, GeluTanh, Relu};

use crate::support::pass::rows;
use crate::support::{Tiny, Worst, head_of, load, logits, tiny};

/// Absolute tolerance. Largest difference seen: 1.4e-6, in `multi-label`.
pub const LOGITS: f64 = 1e-5;

#[test]
fn logits_agree_with_transformers_alone_and_in_a_batch() {
    for name in Tiny::CLASSIFIERS {
        let (golden, parts) = (Tiny::read(name), load(&tiny(name)));
        let together = logits(&parts, &golden.cases);
        let output = OutputSpec::Logits(head_of(&parts));
        let mut worst = Worst::default();
        for (index, case) in golden.cases.iter().enumerate() {
            let alone = rows(&parts.model, &output, std::slice::from_ref(case)).remove(0);
            worst.compare(&alone, &case.expected, LOGITS, &format!("text {index} alone"));
            worst.compare(
                &together[index],
                &case.expected,
                LOGITS,
                &format!("text {index} in a batch"),
            );
        }
        worst.check(name);
    }
}

#[test]
fn labels_problem_types_and_activations_are_those_of_the_config() {
    let emotions =
        "joy anger fear trust sadness disgust surprise hope shame pride calm".split(' ').collect();
    let expected: [(&str, Activation, ProblemType, OutputActivation, Vec<&str>); 5] = [
        // Eleven labels, which the file lists in the order of the strings "0", "1", "10", "2".
        ("single-label", Gelu, SingleLabelClassification, Softmax, emotions),
        (
            "multi-label",
            GeluTanh,
            MultiLabelClassification,
            Sigmoid,
            vec!["toxic", "spam", "off topic", "needs a person"],
        ),
        ("regression", Relu, Regression, NoActivation, vec!["stars"]),
        // These two have a null problem_type.
        ("cross-encoder", GeluTanh, SingleLabelClassification, Sigmoid, vec!["relevance"]),
        (
            "null-softmax",
            Gelu,
            SingleLabelClassification,
            Softmax,
            vec!["contradiction", "entailment", "neutral"],
        ),
    ];
    for (name, hidden_activation, problem_type, activation, labels) in expected {
        let parts = load(&tiny(name));
        let head = head_of(&parts);
        let descriptor = head.descriptor();
        assert_eq!(parts.checkpoint.config.activation, hidden_activation, "{name}");
        assert_eq!(head.name(), "checkpoint");
        assert_eq!(descriptor.problem_type, problem_type, "{name}");
        assert_eq!(descriptor.activation, activation, "{name}");
        assert_eq!(descriptor.labels, labels, "{name}");
    }
}

#[test]
fn a_checkpoint_without_a_classifier_has_no_head() {
    let checkpoint = Checkpoint::open(&tiny(Tiny::SENTENCE)).unwrap();
    let shape = strata::model::Model::shape_of(&checkpoint);
    assert!(strata::model::head::Head::from_checkpoint(&checkpoint, shape, "").unwrap().is_none());
}
