//! `hidden_act`.

use strata::app;
use strata::config::Config;
use strata::model::encoder::EncoderChoice;

use super::{Golden, NAME, with};
use crate::support::fixtures::config;
use crate::support::{CheckpointCopy, Tiny, Worst, logits};

/// Absolute tolerance. Largest difference seen: 9.6e-7 by the packed encoder, 1.4e-6 by the
/// reference.
const LOGITS: f64 = 1e-5;

/// The logits of the first texts by an encoder in f32.
fn outputs(copy: &CheckpointCopy, choice: EncoderChoice, texts: usize) -> Vec<Vec<f32>> {
    let mut config: Config = config(copy.dir());
    config.encoder.choice = choice;
    let parts = app::load_parts(&config, &mut |_| {}).unwrap();
    logits(&parts, &Tiny::read(NAME).cases[..texts])
}

#[test]
fn every_activation_function_agrees_with_transformers_in_both_encoders() {
    let golden = Golden::read();
    assert_eq!(golden.activations.len(), 22);
    for choice in [EncoderChoice::Packed, EncoderChoice::Reference] {
        let mut worst = Worst::default();
        for (name, expected) in &golden.activations {
            let copy = with("hidden_act", name.as_str().into());
            let found = outputs(&copy, choice, expected.len());
            for (text, (found, expected)) in found.iter().zip(expected).enumerate() {
                worst.compare(found, expected, LOGITS, &format!("{name}, text {text}"));
            }
        }
        worst.check(&format!("{choice:?}"));
    }
}

#[test]
fn the_activation_functions_are_told_apart_by_their_logits() {
    let golden = Golden::read();
    // Other names of a function, up to rounding, and two that differ only far from 0.
    let same = [
        "gelu_accurate",
        "gelu_fast",
        "gelu_new",
        "gelu_python_tanh",
        "gelu_python",
        "gelu_10",
        "relu6",
        "swish",
    ];
    let distinct: Vec<_> =
        golden.activations.iter().filter(|(name, _)| !same.contains(&name.as_str())).collect();
    for (at, (name, logits)) in distinct.iter().enumerate() {
        for (other, others) in &distinct[..at] {
            let differences = logits.iter().flatten().zip(others.iter().flatten());
            let largest = differences.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(f64::from(largest) > 10.0 * LOGITS, "{name} and {other}: {largest}");
        }
    }
}
