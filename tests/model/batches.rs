//! The packed encoder gives the same bits for a text alone and in any batch, with any neighbours,
//! any outputs of these, and any number of threads.

use std::num::NonZeroUsize;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strata::model::Model;
use strata::model::checkpoint::Checkpoint;
use strata::model::encoder::{EncoderChoice, EncoderOptions};
use strata::model::recipe::{Combine, Pooling, Recipe, RecipeRef};
use strata::model::recipe_book::RecipeBook;
use strata::model::task::{OutputSpec, Task, TaskSpec};
use strata::sequence::Sequence;
use strata_kernels::Dtype;

use crate::families::{FAMILIES, family};
use crate::support::fixtures::config;
use crate::support::pass::whole_outputs;
use crate::support::{default_model, tiny};

const DTYPES: [Dtype; 3] = [Dtype::F32, Dtype::Bf16, Dtype::Int8];
/// Random batches per dtype, each with one thread and with two.
const BATCHES: u32 = 400;
/// The same for each family.
const FAMILY_BATCHES: u32 = 60;
/// The same for the default model, which takes longer.
const LARGE_BATCHES: u32 = 5;

/// One text of a batch, before it is adapted to a model.
#[derive(Clone, Debug)]
struct Sample {
    ids: Vec<u32>,
    /// Hidden states to read.
    layers: Vec<usize>,
    pooling: Pooling,
    /// Whether token rows are read and not a pooled row.
    rows: bool,
    /// How many of the last tokens aren't attended to, if the model can have so many.
    unattended: usize,
}

/// The same checkpoint with one thread and with two.
struct Pair {
    models: [Model; 2],
    recipes: RecipeBook,
    vocabulary: u32,
    layers: usize,
    positions: usize,
    allows_unattended: bool,
}

impl Pair {
    fn load(dir: &std::path::Path, dtype: Dtype) -> Self {
        let checkpoint = Checkpoint::open(dir).unwrap();
        let options = |threads| EncoderOptions {
            choice: EncoderChoice::Packed,
            dtype,
            threads: NonZeroUsize::new(threads).unwrap(),
            ..config(dir).encoder
        };
        let model = |threads| Model::load(&checkpoint, &options(threads)).unwrap();
        let shape = Model::shape_of(&checkpoint);
        Self {
            models: [model(1), model(2)],
            recipes: RecipeBook::new(shape, &checkpoint.sentence, &Default::default()).unwrap(),
            vocabulary: checkpoint.config.vocab_size as u32,
            layers: shape.layers,
            positions: checkpoint.config.max_tokens,
            allows_unattended: checkpoint.config.spec.allows_unattended(),
        }
    }

    fn task(&self, sample: &Sample) -> Task {
        let mut layers: Vec<i32> =
            sample.layers.iter().map(|layer| (layer % (self.layers + 1)) as i32).collect();
        layers.sort_unstable();
        layers.dedup();
        let recipe = Recipe {
            layers,
            combine: Combine::Concat,
            pooling: sample.pooling,
            normalize: false,
            weights: None,
            dimensions: None,
        };
        let recipe = self.recipes.resolve(&RecipeRef::Object(recipe)).unwrap();
        let spec =
            if sample.rows { OutputSpec::Tokens(recipe) } else { OutputSpec::Embedding(recipe) };
        let ids: Vec<u32> =
            sample.ids.iter().take(self.positions).map(|id| id % self.vocabulary).collect();
        let most = if self.allows_unattended { ids.len() - 1 } else { 0 };
        let unattended = sample.unattended.min(most);
        let sequence = Sequence { type_ids: vec![0; ids.len()], ids, unattended };
        Task::whole(sequence, Arc::new(TaskSpec::new(vec![spec])))
    }

    /// Fails with the text whose bits differ, if any do.
    fn compare(&self, batch: &[Sample]) -> Result<(), TestCaseError> {
        let tasks: Vec<Task> = batch.iter().map(|sample| self.task(sample)).collect();
        let bits = |model: &Model, tasks: &[&Task]| -> Vec<Vec<u32>> {
            let outputs = whole_outputs(model, tasks).into_iter();
            outputs.map(|output| output.values[0].iter().map(|x| x.to_bits()).collect()).collect()
        };
        let all: Vec<&Task> = tasks.iter().collect();
        let [one, two] = self.models.each_ref().map(|model| bits(model, &all));
        prop_assert!(one == two, "one thread and two threads differ");
        for (index, (task, together)) in tasks.iter().zip(one).enumerate() {
            let alone = bits(&self.models[1], &[task]).remove(0);
            prop_assert!(!alone.is_empty() && alone == together, "text {index} of the batch");
        }
        Ok(())
    }
}

fn samples(longest: usize, most: usize) -> impl Strategy<Value = Vec<Sample>> {
    use Pooling::{Cls, LastToken, Max, Mean, MeanMax, MeanSqrtLen, WeightedMean};
    // Half of them read one token, so that the last layer is often computed for a few rows only.
    let poolings =
        vec![Cls, Cls, Cls, LastToken, LastToken, Mean, Max, MeanMax, MeanSqrtLen, WeightedMean];
    let sample = (
        prop::collection::vec(any::<u32>(), 1..=longest),
        prop::collection::vec(0..16_usize, 1..4),
        prop::sample::select(poolings),
        prop::bool::weighted(0.1),
        prop_oneof![3 => Just(0), 1 => 0..40_usize],
    );
    let sample = sample.prop_map(|(ids, layers, pooling, rows, unattended)| Sample {
        ids,
        layers,
        pooling,
        rows,
        unattended,
    });
    prop::collection::vec(sample, 1..=most)
}

fn check(pair: &Pair, cases: u32, longest: usize, most: usize) {
    let config =
        Config { cases, max_shrink_iters: 60, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    runner.run(&samples(longest, most), |batch| pair.compare(&batch)).unwrap();
}

#[test]
fn a_text_has_the_same_bits_in_any_batch_of_a_small_model() {
    for dtype in DTYPES {
        // Models of two and three layers; only some batches have enough rows to be split over
        // threads.
        for name in ["single-label", "cross-encoder"] {
            check(&Pair::load(&tiny(name), dtype), BATCHES, 40, 12);
        }
    }
}

#[test]
fn a_text_has_the_same_bits_in_any_batch_of_each_family() {
    for dtype in DTYPES {
        for name in FAMILIES {
            check(&Pair::load(&family(name), dtype), FAMILY_BATCHES, 70, 8);
        }
    }
}

#[test]
fn a_text_has_the_same_bits_in_any_batch_of_the_default_model() {
    for dtype in DTYPES {
        check(&Pair::load(&default_model(), dtype), LARGE_BATCHES, 70, 6);
    }
}
