//! Passes over token ids.

use std::sync::Arc;

use strata::app::Parts;
use strata::model::Model;
use strata::model::checkpoint::{Checkpoint, CheckpointError};
use strata::model::head::Head;
use strata::model::output::{Output, PassOutput};
use strata::model::recipe::RecipeRef;
use strata::model::recipe_book::{NATIVE, RecipeBook};
use strata::model::task::{OutputSpec, Task, TaskSpec};
use strata::sequence::Sequence;

use super::fixtures::{TinyCase, config};

pub fn sequence(ids: &[u32], type_ids: &[u32]) -> Sequence {
    Sequence::new(ids.to_vec(), type_ids.to_vec())
}

/// One pass over sequences that all have the same output specs.
pub fn outputs(model: &Model, specs: Vec<OutputSpec>, sequences: &[Sequence]) -> Vec<Output> {
    let sequences: Vec<&Sequence> = sequences.iter().collect();
    model.forward_whole(&sequences, &TaskSpec::new(specs)).unwrap()
}

/// One pass over texts that are each a single sequence.
pub fn whole_outputs(model: &Model, tasks: &[&Task]) -> Vec<Output> {
    let outputs = model.forward(tasks).unwrap().into_iter().map(|output| match output {
        PassOutput::Whole(output) => output,
        PassOutput::Window(part) => panic!("a window: {part:?}"),
    });
    outputs.collect()
}

/// One pass over the cases of a tiny checkpoint, one row each.
pub fn rows(model: &Model, spec: &OutputSpec, cases: &[TinyCase]) -> Vec<Vec<f32>> {
    let sequences: Vec<Sequence> =
        cases.iter().map(|case| sequence(&case.ids, &case.type_ids)).collect();
    let outputs = outputs(model, vec![spec.clone()], &sequences);
    outputs.into_iter().map(|mut output| output.values.remove(0)).collect()
}

/// The checkpoint's own classifier.
pub fn head_of(parts: &Parts) -> Arc<Head> {
    let Parts { checkpoint, recipes, fingerprint, .. } = parts;
    Arc::new(Head::from_checkpoint(checkpoint, recipes.shape(), fingerprint).unwrap().unwrap())
}

/// The logits of the checkpoint's own classifier, all cases in one pass.
pub fn logits(parts: &Parts, cases: &[TinyCase]) -> Vec<Vec<f32>> {
    rows(&parts.model, &OutputSpec::Logits(head_of(parts)), cases)
}

/// The model of a checkpoint and its main output: that of its classifier, or else of `native`.
pub fn main_output(checkpoint: &Checkpoint) -> Result<(Model, OutputSpec), CheckpointError> {
    let shape = Model::shape_of(checkpoint);
    let spec = if let Some(head) = Head::from_checkpoint(checkpoint, shape, "")? {
        OutputSpec::Logits(Arc::new(head))
    } else {
        let book = RecipeBook::new(shape, &checkpoint.sentence, &Default::default()).unwrap();
        OutputSpec::Embedding(book.resolve(&RecipeRef::Name(NATIVE.to_owned())).unwrap())
    };
    let options = config(&checkpoint.dir).encoder;
    Ok((Model::load(checkpoint, &options)?, spec))
}
