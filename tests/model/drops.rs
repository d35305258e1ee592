//! Every part of the forward pass matters: each is left out in turn, and the outputs must change as
//! those of transformers do.

use strata::model::checkpoint::Checkpoint;

use crate::support::compare::largest_difference;
use crate::support::copy::{MODEL, Stored, Tensors};
use crate::support::pass::{main_output, rows};
use crate::support::{CheckpointCopy, Tiny, Worst};

/// Leaving a part out changes some output by at least this much. Smallest change seen: 1.5e-3 for
/// the form of GELU, in `sentence`; 4.7e-3 for a tensor, the last bias of queries in `regression`.
const CHANGE: f64 = 1e-3;
/// The tolerance to the output of transformers with the same part left out. Largest difference
/// seen: 1.8e-6.
const TOLERANCE: f64 = 1e-5;

/// The bias of keys adds the same number to all scores of a query, which softmax removes again; and
/// an embedding doesn't use the pooler.
fn cannot_matter(name: &str, tensor: &str) -> bool {
    tensor.ends_with("attention.self.key.bias")
        || (name == Tiny::SENTENCE && tensor.starts_with("pooler."))
}

/// The outputs of a copy for all cases, in one pass.
fn outputs(copy: &CheckpointCopy, golden: &Tiny) -> Vec<Vec<f32>> {
    let (model, output) = main_output(&Checkpoint::open(copy.dir()).unwrap()).unwrap();
    rows(&model, &output, &golden.cases)
}

/// Compares the outputs of a copy with those of the fixture for the same omission. Returns the
/// largest change of an output.
fn check_drop(copy: &CheckpointCopy, golden: &Tiny, dropped: &str, worst: &mut Worst) -> f64 {
    let found = outputs(copy, golden);
    let expected = &golden.dropped[dropped];
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        worst.compare(found, expected, TOLERANCE, &format!("text {index} without {dropped}"));
    }
    largest_difference(&found, &golden.expected())
}

/// Leaves out each tensor of a checkpoint in turn: sets it to zero, or to one if it scales a norm.
fn drop_each_tensor(name: &str) {
    let (golden, copy) = (Tiny::read(name), CheckpointCopy::new(name));
    let (mut worst, mut smallest) = (Worst::default(), (f64::INFINITY, String::new()));
    let files = [("", MODEL), ("2_Dense/", "2_Dense/model.safetensors")];
    let mut dropped = 0;
    for (prefix, file) in files.into_iter().filter(|(_, file)| copy.file(file).exists()) {
        let whole = copy.tensors(file);
        for tensor in whole.keys() {
            let norm = tensor.ends_with("LayerNorm.weight") || tensor.ends_with("LayerNorm.gamma");
            let mut reduced = whole.clone();
            reduced.insert(tensor.clone(), whole[tensor].map(|_| f32::from(u8::from(norm))));
            copy.write_tensors(file, &reduced);
            let tensor = format!("{prefix}{tensor}");
            let change = check_drop(&copy, &golden, &tensor, &mut worst);
            dropped += 1;
            if cannot_matter(name, &tensor) {
                assert!(change < TOLERANCE, "{name}: {tensor} changes an output by {change:e}");
            } else if change < smallest.0 {
                smallest = (change, tensor);
            }
        }
        copy.write_tensors(file, &whole);
    }
    // The other three are the mask, the scale and the form of GELU.
    assert_eq!(dropped, golden.dropped.len() - 3);
    worst.check(name);
    println!("{name}: smallest change {:.1e}, without {}", smallest.0, smallest.1);
    assert!(
        smallest.0 > CHANGE,
        "{name}: without {} no output changes by more than {:e}",
        smallest.1,
        smallest.0
    );
}

#[test]
fn every_tensor_of_a_single_label_classifier_matters() {
    drop_each_tensor("single-label");
}

#[test]
fn every_tensor_of_a_multi_label_classifier_matters() {
    drop_each_tensor("multi-label");
}

#[test]
fn every_tensor_of_a_regression_matters() {
    drop_each_tensor("regression");
}

#[test]
fn every_tensor_of_a_cross_encoder_matters() {
    drop_each_tensor("cross-encoder");
}

#[test]
fn every_tensor_with_an_old_name_matters() {
    drop_each_tensor("null-softmax");
}

#[test]
fn every_tensor_of_a_sentence_encoder_matters() {
    drop_each_tensor(Tiny::SENTENCE);
}

fn all() -> impl Iterator<Item = &'static str> {
    Tiny::CLASSIFIERS.into_iter().chain([Tiny::SENTENCE])
}

#[test]
fn the_form_of_gelu_matters_and_is_that_of_the_config() {
    for name in all() {
        let (golden, copy) = (Tiny::read(name), CheckpointCopy::new(name));
        copy.edit_json("config.json", |config| {
            let other = if config["hidden_act"] == "gelu" { "gelu_new" } else { "gelu" };
            config["hidden_act"] = other.into();
        });
        let mut worst = Worst::default();
        let change = check_drop(&copy, &golden, "gelu", &mut worst);
        worst.check(name);
        println!("{name}: another activation changes an output by {change:.1e}");
        assert!(change > CHANGE, "{name}: {change:e}");
    }
}

#[test]
fn attention_scores_are_divided_by_the_root_of_an_attention_heads_width() {
    for name in all() {
        let (golden, copy) = (Tiny::read(name), CheckpointCopy::new(name));
        let config = Checkpoint::open(copy.dir()).unwrap().config;
        let root = ((config.hidden_size / config.attention_heads) as f32).sqrt();
        copy.edit(|tensors| multiply_queries(tensors, root));
        let mut worst = Worst::default();
        let change = check_drop(&copy, &golden, "scale", &mut worst);
        worst.check(name);
        println!("{name}: without the scale an output changes by {change:.1e}");
        assert!(change > CHANGE, "{name}: {change:e}");
    }
}

/// Multiplies the queries, which undoes the scale: it can't be turned off.
fn multiply_queries(tensors: &mut Tensors, factor: f32) {
    let queries = |(name, _): &(&String, &mut Stored)| name.contains("attention.self.query");
    for (_, tensor) in tensors.iter_mut().filter(queries) {
        *tensor = tensor.map(|x| x * factor);
    }
}

#[test]
fn padding_is_masked_and_a_missing_mask_would_be_noticed() {
    for name in all() {
        let (golden, copy) = (Tiny::read(name), CheckpointCopy::new(name));
        // The longest texts have as many tokens as there are positions; all others are padded.
        let found = outputs(&copy, &golden);
        let mut worst = Worst::default();
        for (index, (found, case)) in found.iter().zip(&golden.cases).enumerate() {
            worst.compare(
                found,
                &case.expected,
                TOLERANCE,
                &format!("text {index} in a batch with longer ones"),
            );
        }
        worst.check(name);
        let change = largest_difference(&found, &golden.dropped["mask"]);
        println!("{name}: without the mask an output changes by {change:.1e}");
        assert!(change > CHANGE, "{name}: {change:e}");
    }
}
