//! The model as the batcher's engine.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::batching::{Engine, PassCost};
use crate::model::Model;
use crate::model::output::PassOutput;
use crate::model::recipe::RecipeRef;
use crate::model::recipe_book::{NATIVE, RecipeBook, RecipeError};
use crate::model::task::{OutputSpec, Task, TaskSpec};
use crate::sequence::Sequence;

/// The lengths of the sequences of the pass that is timed.
const TIMED_LENGTH: usize = 64;

/// The most tokens of the pass that is timed, whatever the token budget: a second on a slow core.
const TIMED_TOKENS: usize = 1_024;

/// Runs the batcher's passes on a model.
pub struct ModelEngine {
    model: Model,
    /// Asks for the embedding of all layers that `native` reads, and for what else is computed of tokens.
    trial: Arc<TaskSpec>,
}

impl ModelEngine {
    /// The engine of a model with these recipes, which may give these `others` too.
    ///
    /// # Errors
    /// There is no `native` recipe; this does not happen, since it is built in.
    pub fn new(
        model: Model,
        recipes: &RecipeBook,
        others: impl IntoIterator<Item = OutputSpec>,
    ) -> Result<Self, RecipeError> {
        let recipe = recipes.resolve(&RecipeRef::Name(NATIVE.to_owned()))?;
        let outputs = [OutputSpec::Embedding(recipe)].into_iter().chain(others).collect();
        Ok(Self { model, trial: Arc::new(TaskSpec::new(outputs)) })
    }

    /// Times a pass of one token, and one as full as `token_budget` allows, with sequences of at most
    /// `sequence_tokens`. So it also shows that the model computes.
    ///
    /// # Errors
    /// A pass failed.
    pub fn measure(
        &self,
        token_budget: usize,
        sequence_tokens: usize,
    ) -> Result<PassCost, Box<dyn Error + Send + Sync>> {
        let tokens = token_budget.min(TIMED_TOKENS);
        let length = TIMED_LENGTH.min(sequence_tokens).min(tokens);
        let count = tokens / length;
        // The first pass of each kind also loads weights and allocates memory.
        let times = [(1, 1), (1, 1), (count, length), (count, length)]
            .map(|(count, length)| self.time(count, length));
        let [_, one, _, full] = times;
        Ok(PassCost::from_passes(one?, count * length, full?))
    }

    /// The time of a pass of `count` sequences of `length` tokens.
    fn time(&self, count: usize, length: usize) -> Result<Duration, Box<dyn Error + Send + Sync>> {
        let sequence = Sequence::new(vec![0; length], vec![0; length]);
        let task = Task::whole(sequence, Arc::clone(&self.trial));
        let started = Instant::now();
        self.run(&vec![&task; count])?;
        Ok(started.elapsed())
    }
}

impl Engine for ModelEngine {
    type Item = Task;
    type Output = PassOutput;

    fn run(&self, items: &[&Task]) -> Result<Vec<PassOutput>, Box<dyn Error + Send + Sync>> {
        let outputs = self.model.forward(items)?;
        // JSON can't express non-finite numbers, and they are of no use to a client.
        if !outputs.iter().all(PassOutput::is_finite) {
            return Err("the model computed a non-finite number".into());
        }
        Ok(outputs)
    }

    fn layers(&self, items: &[&Task]) -> Option<usize> {
        items.iter().map(|task| task.spec.deepest_layer()).max()
    }

    fn trial(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.time(1, 1).map(drop)
    }
}
