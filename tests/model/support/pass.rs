//! Passes over token ids.

use std::sync::Arc;

use strata::app::Parts;
use strata::model::Model;
use strata::model::checkpoint::{Checkpoint, CheckpointError};
use strata::model::head::Head;
use strata::model::recipe::RecipeRef;
use strata::model::recipe_book::{NATIVE, RecipeBook};
use strata::model::task::{Answer, Ask, Asks, Sequence, Task};

use super::fixtures::{TinyCase, config};

pub fn sequence(ids: &[u32], type_ids: &[u32]) -> Sequence {
    Sequence { ids: ids.to_vec(), type_ids: type_ids.to_vec() }
}

/// One pass over sequences that are all asked the same.
pub fn answers(model: &Model, asks: Vec<Ask>, sequences: Vec<Sequence>) -> Vec<Answer> {
    let asks = Arc::new(Asks::new(asks));
    let task = |sequence| Task::whole(sequence, Arc::clone(&asks));
    let tasks: Vec<Task> = sequences.into_iter().map(task).collect();
    model.forward(&tasks.iter().collect::<Vec<_>>()).unwrap()
}

/// One pass over the cases of a tiny checkpoint, one row each.
pub fn rows(model: &Model, ask: &Ask, cases: &[TinyCase]) -> Vec<Vec<f32>> {
    let sequences = cases.iter().map(|case| sequence(&case.ids, &case.type_ids)).collect();
    let answers = answers(model, vec![ask.clone()], sequences);
    answers.into_iter().map(|mut answer| answer.remove(0)).collect()
}

/// The checkpoint's own classifier.
pub fn head_of(parts: &Parts) -> Arc<Head> {
    let Parts { checkpoint, recipes, fingerprint, .. } = parts;
    Arc::new(Head::of_checkpoint(checkpoint, recipes.shape(), fingerprint).unwrap().unwrap())
}

/// The logits of the checkpoint's own classifier, all cases in one pass.
pub fn logits(parts: &Parts, cases: &[TinyCase]) -> Vec<Vec<f32>> {
    rows(&parts.model, &Ask::Logits(head_of(parts)), cases)
}

/// The model of a checkpoint and what it was made for: its classifier, or else `native`.
pub fn purpose(checkpoint: &Checkpoint) -> Result<(Model, Ask), CheckpointError> {
    let shape = Model::shape_of(checkpoint);
    let ask = if let Some(head) = Head::of_checkpoint(checkpoint, shape, "")? {
        Ask::Logits(Arc::new(head))
    } else {
        let book = RecipeBook::new(shape, &checkpoint.sentence, &Default::default()).unwrap();
        Ask::Embedding(book.resolve(&RecipeRef::Name(NATIVE.to_owned())).unwrap())
    };
    let options = config(&checkpoint.dir).encoder;
    Ok((Model::load(checkpoint, &options)?, ask))
}
