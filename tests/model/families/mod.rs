//! Each family of encoders, compared with transformers in float64: tokens, hidden states and logits, by
//! the reference encoder and by the packed one with each instruction set that this machine has.

mod albert;
mod configs;
mod deberta;
mod drops;
mod golden;
mod older;
mod reduced;
mod tokens;

use std::sync::Arc;

use strata::model::Model;
use strata::model::checkpoint::Checkpoint;
use strata::model::encoder::{EncoderChoice, EncoderOptions};
use strata::model::head::Head;
use strata::model::recipe::{Combine, Pooling, Recipe, RecipeRef};
use strata::model::recipe_book::RecipeBook;
use strata::model::task::OutputSpec;
use strata_kernels::{Dtype, F32Products, InstructionSet};

use self::golden::Family;
use crate::support::fixtures::config;
use crate::support::pass::{outputs, rows};
use crate::support::{Worst, sequence};

pub use self::golden::{FAMILIES, family};

/// Absolute tolerance of logits, and of the mean of the last four layers. Largest difference seen:
/// 8.8e-6, the logits of `modernbert` by the reference encoder; 5.9e-6 by the packed one.
const STRICT: f64 = 1e-5;
/// Tolerance of a hidden state, times its largest absolute number if that is above 1. Largest
/// difference seen: 0.63 of the tolerance, in `modernbert`; 0.50 in families that normalise last.
const RELATIVE: f64 = 4e-6;

/// The encoders in f32 that this machine has.
fn encoders(checkpoint: &Checkpoint) -> Vec<(String, Model)> {
    let options = |choice, instruction_set, f32_products| EncoderOptions {
        choice,
        dtype: Dtype::F32,
        instruction_set,
        f32_products,
        ..config(&checkpoint.dir).encoder
    };
    let mut all = vec![options(EncoderChoice::Reference, None, None)];
    for set in InstructionSet::ALL {
        let products = [F32Products::Fma, F32Products::Split].into_iter();
        let products = products.filter(|&products| set.has_f32_products(products));
        all.extend(
            products.map(|products| options(EncoderChoice::Packed, Some(set), Some(products))),
        );
    }
    let load = |options: EncoderOptions| {
        (options.numerics().unwrap(), Model::load(checkpoint, &options).unwrap())
    };
    all.into_iter().map(load).collect()
}

/// The recipe of some layers.
fn recipe(checkpoint: &Checkpoint, layers: &[i32], combine: Combine) -> OutputSpec {
    let shape = Model::shape_of(checkpoint);
    let book = RecipeBook::new(shape, &checkpoint.sentence, &Default::default()).unwrap();
    let recipe =
        Recipe { layers: layers.to_vec(), combine, pooling: Pooling::Mean, ..Recipe::default() };
    OutputSpec::Tokens(book.resolve(&RecipeRef::Object(recipe)).unwrap())
}

fn largest(numbers: &[f32]) -> f64 {
    f64::from(numbers.iter().fold(1.0_f32, |largest, x| largest.max(x.abs())))
}

#[test]
fn hidden_states_agree_with_transformers() {
    for name in FAMILIES {
        let (golden, checkpoint) = (Family::read(name), Checkpoint::open(&family(name)).unwrap());
        let layers = checkpoint.config.layers;
        let specs: Vec<OutputSpec> =
            (0..=layers as i32).map(|layer| recipe(&checkpoint, &[layer], Combine::Mean)).collect();
        let sequences: Vec<_> = golden.tiny.cases[..golden.texts()]
            .iter()
            .map(|case| sequence(&case.ids, &case.type_ids))
            .collect();
        for (encoder, model) in encoders(&checkpoint) {
            let mut worst = Worst::default();
            for (text, output) in outputs(&model, specs.clone(), &sequences).into_iter().enumerate()
            {
                for (layer, found) in output.values.iter().enumerate() {
                    let expected = golden.hidden(text, layer);
                    let tolerance = RELATIVE * largest(expected);
                    let row = format!("layer {layer} of text {text}");
                    worst.compare(found, expected, tolerance, &row);
                }
            }
            worst.check(&format!("{name} {encoder}"));
        }
    }
}

#[test]
fn the_last_four_layers_agree_with_transformers() {
    for name in FAMILIES {
        let (golden, checkpoint) = (Family::read(name), Checkpoint::open(&family(name)).unwrap());
        let spec = recipe(&checkpoint, &[-4, -3, -2, -1], Combine::Mean);
        for (encoder, model) in encoders(&checkpoint) {
            let mut worst = Worst::default();
            let cases = &golden.tiny.cases[..golden.texts()];
            for (text, found) in rows(&model, &spec, cases).into_iter().enumerate() {
                let mean = |at: usize| {
                    let layers = (1..=4).map(|layer| f64::from(golden.hidden(text, layer)[at]));
                    (layers.sum::<f64>() / 4.0) as f32
                };
                let expected: Vec<f32> = (0..golden.hidden(text, 1).len()).map(mean).collect();
                // The states of a family that normalises first grow from layer to layer.
                let tolerance = STRICT.max(RELATIVE * largest(&expected));
                worst.compare(&found, &expected, tolerance, &format!("text {text}"));
            }
            worst.check(&format!("{name} {encoder}"));
        }
    }
}

#[test]
fn logits_agree_with_transformers_alone_and_in_a_batch() {
    for name in FAMILIES {
        let (golden, checkpoint) = (Family::read(name), Checkpoint::open(&family(name)).unwrap());
        let shape = Model::shape_of(&checkpoint);
        let head = Head::from_checkpoint(&checkpoint, shape, "").unwrap().unwrap();
        let spec = OutputSpec::Logits(Arc::new(head));
        for (encoder, model) in encoders(&checkpoint) {
            let mut worst = Worst::default();
            let together = rows(&model, &spec, &golden.tiny.cases);
            for (index, case) in golden.tiny.cases.iter().enumerate() {
                let alone = rows(&model, &spec, std::slice::from_ref(case)).remove(0);
                worst.compare(&alone, &case.expected, STRICT, &format!("text {index} alone"));
                let row = format!("text {index} in a batch");
                worst.compare(&together[index], &case.expected, STRICT, &row);
            }
            worst.check(&format!("{name} {encoder}"));
        }
    }
}
