//! The bits of the packed encoder and of its poolings: whoever changes them has to raise `REVISION` of
//! the kernels, so that two servers whose numerics have the same name give the same bits. The kernels
//! alone are compared in `crates/strata-kernels/src/tests/golden.rs`, which says when and how bits are
//! recorded again; `cargo test --test model golden -- --nocapture` prints the lines. A checkpoint's own
//! layers after pooling are left out, since they may use the system's mathematics library.

use std::sync::Arc;

use strata::model::Model;
use strata::model::checkpoint::Checkpoint;
use strata::model::encoder::{EncoderChoice, EncoderOptions};
use strata::model::recipe::{Combine, Pooling, Recipe, RecipeRef};
use strata::model::recipe_book::RecipeBook;
use strata::model::task::{OutputSpec, TaskSpec};
use strata::sequence::Sequence;
use strata_kernels::{Dtype, F32Products, InstructionSet, REVISION};

use crate::support::fixtures::config;
use crate::support::tiny;

/// The name of the numerics, and the hash of the bits.
const GOLDEN: &[(&str, u64)] = &[
    ("packed-f32-plain-scalar-1", 0x4f7977f570559fd2),
    ("packed-bf16-plain-scalar-1", 0x0b1f906294ede084),
    ("packed-int8-plain-scalar-1", 0x15dafb61615be475),
    ("packed-f32-fma-avx2-1", 0x7dd5fd9fd953881b),
    ("packed-bf16-widened-fma-avx2-1", 0x2bb37d359a0e4994),
    ("packed-int8-widened-fma-avx2-1", 0x0300e23dbff73dcf),
    ("packed-f32-fma-avx512-1", 0x0393d1a5e50f5dc8),
    ("packed-bf16-widened-fma-avx512-1", 0x46f38029e650d582),
    ("packed-int8-vnni-fma-avx512-1", 0x1dcc471c2ea1cfac),
    ("packed-f32-fma-amx-1", 0x0393d1a5e50f5dc8),
    ("packed-f32-split-amx-1", 0x87998c36598832b8),
    ("packed-bf16-tiles-amx-1", 0xc9928f3c5ccac291),
    ("packed-int8-tiles-amx-1", 0x7167dd8109f28e00),
];

const DTYPES: [Dtype; 3] = [Dtype::F32, Dtype::Bf16, Dtype::Int8];

/// FNV-1a with 64 bits.
fn hash(numbers: impl Iterator<Item = f32>) -> u64 {
    let bytes = numbers.flat_map(|number| number.to_bits().to_le_bytes());
    let add = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.fold(0xcbf2_9ce4_8422_2325, add)
}

/// Everything that a pass can read, of sequences of many lengths.
fn bits(checkpoint: &Checkpoint, options: &EncoderOptions) -> u64 {
    use Pooling::{Cls, LastToken, Max, Mean, MeanMax, MeanSqrtLen, WeightedMean};
    let model = Model::load(checkpoint, options).unwrap();
    let shape = Model::shape_of(checkpoint);
    let book = RecipeBook::new(shape, &checkpoint.sentence, &Default::default()).unwrap();
    let poolings = [Cls, LastToken, Max, Mean, MeanMax, MeanSqrtLen, WeightedMean];
    let recipe = |pooling| {
        let layers = vec![-1, -2, 0];
        RecipeRef::Object(Recipe { layers, combine: Combine::Mean, pooling, ..Recipe::default() })
    };
    let recipes = poolings.into_iter().map(recipe);
    let mut outputs: Vec<OutputSpec> =
        recipes.map(|recipe| OutputSpec::Embedding(book.resolve(&recipe).unwrap())).collect();
    outputs.push(OutputSpec::Tokens(book.resolve(&recipe(Mean)).unwrap()));
    let spec = Arc::new(TaskSpec::new(outputs));
    let id = |at: usize, tokens: usize| (7 * at * at + tokens) as u32 % 60;
    let sequence = |tokens: usize| {
        Sequence::new((0..tokens).map(|at| id(at, tokens)).collect(), vec![0; tokens])
    };
    let sequences: Vec<Sequence> = (1..=24).map(sequence).collect();
    let rows = model.forward_whole(&sequences.iter().collect::<Vec<_>>(), &spec).unwrap();
    hash(rows.into_iter().flat_map(|output| output.values).flatten())
}

/// All options of the packed encoder that this machine has.
fn all_options() -> Vec<EncoderOptions> {
    let mut all = Vec::new();
    for set in InstructionSet::ALL {
        for dtype in DTYPES {
            let products = [F32Products::Fma, F32Products::Split].into_iter();
            let products = products.filter(|&products| set.has_f32_products(products));
            all.extend(products.map(|products| EncoderOptions {
                choice: EncoderChoice::Packed,
                dtype,
                instruction_set: Some(set),
                f32_products: Some(products),
                ..config(&tiny("sentence")).encoder
            }));
        }
    }
    all
}

#[test]
fn the_bits_of_a_name_are_the_recorded_ones() {
    let checkpoint = Checkpoint::open(&tiny("sentence")).unwrap();
    let mut seen: Vec<(String, u64)> = Vec::new();
    let mut changed = Vec::new();
    for options in all_options() {
        let (name, hash) = (options.numerics().unwrap(), bits(&checkpoint, &options));
        if let Some((_, other)) = seen.iter().find(|(other, _)| *other == name) {
            assert_eq!(hash, *other, "{name}");
            continue;
        }
        println!("    (\"{name}\", {hash:#018x}),");
        let recorded = GOLDEN.iter().find(|(recorded, _)| *recorded == name);
        if recorded.is_some_and(|(_, recorded)| *recorded != hash) {
            changed.push(name.clone());
        }
        seen.push((name, hash));
    }
    assert!(changed.is_empty(), "other bits than recorded: {changed:?}; see the file's comment");
}

#[test]
fn bits_are_recorded_for_this_revision_and_always_for_plain_loops() {
    for dtype in DTYPES {
        let name = format!("packed-{}-plain-scalar-{REVISION}", dtype.name());
        assert!(GOLDEN.iter().any(|(recorded, _)| *recorded == name), "{name}");
    }
    let end = format!("-{REVISION}");
    for (name, _) in GOLDEN {
        assert!(name.ends_with(&end), "{name} is of another revision");
    }
}
