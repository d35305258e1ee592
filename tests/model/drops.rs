//! No part of the forward pass can go missing unnoticed: each is left out in turn, and the answers
//! must move as transformers' do.

use strata::model::checkpoint::Checkpoint;

use crate::support::compare::apart;
use crate::support::copy::{MODEL, Stored, Tensors};
use crate::support::pass::{main_output, rows};
use crate::support::{Copy, Tiny, Worst};

/// What leaving something out moves some answer by, at least. Smallest seen: 1.5e-3 for the form
/// of GELU, in `sentence`; 4.7e-3 for a tensor, the last bias of queries in `regression`.
const MOVES: f64 = 1e-3;
/// How far our answers may be from transformers' with the same thing left out. Largest seen:
/// 1.8e-6.
const AGREES: f64 = 1e-5;

/// A key's bias adds the same to all scores of a query, which softmax takes out again; and an
/// embedding doesn't use the pooler.
fn cannot_matter(name: &str, tensor: &str) -> bool {
    tensor.ends_with("attention.self.key.bias")
        || (name == Tiny::SENTENCE && tensor.starts_with("pooler."))
}

/// The answers of a copy to all cases, in one pass.
fn answers(copy: &Copy, golden: &Tiny) -> Vec<Vec<f32>> {
    let (model, output) = main_output(&Checkpoint::open(copy.dir()).unwrap()).unwrap();
    rows(&model, &output, &golden.cases)
}

/// Compares what a copy answers with the fixture's answers to the same omission.
fn judge(copy: &Copy, golden: &Tiny, dropped: &str, worst: &mut Worst) -> f64 {
    let found = answers(copy, golden);
    let expected = &golden.dropped[dropped];
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        worst.see(found, expected, AGREES, &format!("text {at} without {dropped}"));
    }
    apart(&found, &golden.answers())
}

/// Each tensor of a checkpoint in turn as if it weren't there: zero, or one if it scales a norm.
fn drop_each_tensor(name: &str) {
    let (golden, copy) = (Tiny::read(name), Copy::of(name));
    let (mut worst, mut least) = (Worst::default(), (f64::INFINITY, String::new()));
    let files = [("", MODEL), ("2_Dense/", "2_Dense/model.safetensors")];
    let mut dropped = 0;
    for (prefix, file) in files.into_iter().filter(|(_, file)| copy.file(file).exists()) {
        let whole = copy.tensors(file);
        for tensor in whole.keys() {
            let norm = tensor.ends_with("LayerNorm.weight") || tensor.ends_with("LayerNorm.gamma");
            let mut less = whole.clone();
            less.insert(tensor.clone(), whole[tensor].map(|_| f32::from(u8::from(norm))));
            copy.write_tensors(file, &less);
            let tensor = format!("{prefix}{tensor}");
            let moved = judge(&copy, &golden, &tensor, &mut worst);
            dropped += 1;
            if cannot_matter(name, &tensor) {
                assert!(moved < AGREES, "{name}: {tensor} moves an answer by {moved:e}");
            } else if moved < least.0 {
                least = (moved, tensor);
            }
        }
        copy.write_tensors(file, &whole);
    }
    // What is left are the mask, the scale and the form of GELU.
    assert_eq!(dropped, golden.dropped.len() - 3);
    worst.check(name);
    println!("{name}: least moved, by {:.1e}, without {}", least.0, least.1);
    assert!(
        least.0 > MOVES,
        "{name}: without {} no answer moves by more than {:e}",
        least.1,
        least.0
    );
}

#[test]
fn no_tensor_of_a_single_label_classifier_goes_unused() {
    drop_each_tensor("single-label");
}

#[test]
fn no_tensor_of_a_multi_label_classifier_goes_unused() {
    drop_each_tensor("multi-label");
}

#[test]
fn no_tensor_of_a_regression_goes_unused() {
    drop_each_tensor("regression");
}

#[test]
fn no_tensor_of_a_cross_encoder_goes_unused() {
    drop_each_tensor("cross-encoder");
}

#[test]
fn no_tensor_under_its_old_name_goes_unused() {
    drop_each_tensor("null-softmax");
}

#[test]
fn no_tensor_of_a_sentence_encoder_goes_unused() {
    drop_each_tensor(Tiny::SENTENCE);
}

fn all() -> impl Iterator<Item = &'static str> {
    Tiny::CLASSIFIERS.into_iter().chain([Tiny::SENTENCE])
}

#[test]
fn the_form_of_gelu_matters_and_is_the_one_that_the_config_names() {
    for name in all() {
        let (golden, copy) = (Tiny::read(name), Copy::of(name));
        copy.edit_json("config.json", |config| {
            let other = if config["hidden_act"] == "gelu" { "gelu_new" } else { "gelu" };
            config["hidden_act"] = other.into();
        });
        let mut worst = Worst::default();
        let moved = judge(&copy, &golden, "gelu", &mut worst);
        worst.check(name);
        println!("{name}: another activation moves an answer by {moved:.1e}");
        assert!(moved > MOVES, "{name}: {moved:e}");
    }
}

#[test]
fn attention_scores_are_divided_by_the_root_of_a_heads_width() {
    for name in all() {
        let (golden, copy) = (Tiny::read(name), Copy::of(name));
        let config = Checkpoint::open(copy.dir()).unwrap().config;
        let root = ((config.hidden_size / config.attention_heads) as f32).sqrt();
        copy.edit(|tensors| multiply_queries(tensors, root));
        let mut worst = Worst::default();
        let moved = judge(&copy, &golden, "scale", &mut worst);
        worst.check(name);
        println!("{name}: without the scale an answer moves by {moved:.1e}");
        assert!(moved > MOVES, "{name}: {moved:e}");
    }
}

/// Takes the scale out again, since it can't be turned off.
fn multiply_queries(tensors: &mut Tensors, factor: f32) {
    let queries = |(name, _): &(&String, &mut Stored)| name.contains("attention.self.query");
    for (_, tensor) in tensors.iter_mut().filter(queries) {
        *tensor = tensor.map(|x| x * factor);
    }
}

#[test]
fn padding_is_masked_and_would_be_noticed_if_it_were_not() {
    for name in all() {
        let (golden, copy) = (Tiny::read(name), Copy::of(name));
        // The longest fill the position table: every shorter one is padded beside them.
        let found = answers(&copy, &golden);
        let mut worst = Worst::default();
        for (at, (found, case)) in found.iter().zip(&golden.cases).enumerate() {
            worst.see(found, &case.answer, AGREES, &format!("text {at} beside longer ones"));
        }
        worst.check(name);
        let moved = apart(&found, &golden.dropped["mask"]);
        println!("{name}: without the mask an answer moves by {moved:.1e}");
        assert!(moved > MOVES, "{name}: {moved:e}");
    }
}
