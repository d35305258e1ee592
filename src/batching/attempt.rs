//! Runs one pass; if it fails, runs each of its sequences alone.

use std::error::Error;

use super::engine::Engine;
use crate::telemetry::panics::{Panicked, catch};

/// Why the engine returned no outputs. It contains nothing of the items.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// It panicked. The message is left out, since it may quote an item.
    #[error("the engine {0}")]
    Panicked(Panicked),
    /// It returned a wrong number of outputs.
    #[error("the engine returned {outputs} outputs for {items} items")]
    WrongCount {
        /// Items in the pass.
        items: usize,
        /// Outputs returned.
        outputs: usize,
    },
    /// It returned an error.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
}

/// The results of a pass.
pub(super) struct Attempt<O> {
    /// One result per item, in order.
    pub(super) results: Vec<Result<O, EngineError>>,
    /// Why the whole pass failed, if each item was then computed alone.
    pub(super) retried: Option<EngineError>,
}

/// Runs `items` in one pass and, if that fails, each on its own.
pub(super) fn run<E: Engine>(engine: &E, items: &[&E::Item]) -> Attempt<E::Output> {
    match (run_once(engine, items), items) {
        (Ok(outputs), _) => {
            Attempt { results: outputs.into_iter().map(Ok).collect(), retried: None }
        }
        // A single sequence is not tried again.
        (Err(error), [_]) => Attempt { results: vec![Err(error)], retried: None },
        (Err(error), _) => {
            let results = items.iter().map(|item| run_alone(engine, item)).collect();
            Attempt { results, retried: Some(error) }
        }
    }
}

fn run_alone<E: Engine>(engine: &E, item: &E::Item) -> Result<E::Output, EngineError> {
    let outputs = run_once(engine, &[item])?;
    let no_output = EngineError::WrongCount { items: 1, outputs: 0 };
    outputs.into_iter().next().ok_or(no_output)
}

fn run_once<E: Engine>(engine: &E, items: &[&E::Item]) -> Result<Vec<E::Output>, EngineError> {
    // After a panic, the engine is responsible for its own state; nothing here is left incomplete.
    let outputs =
        catch(|| engine.run(items)).map_err(EngineError::Panicked)?.map_err(EngineError::Failed)?;
    if outputs.len() != items.len() {
        return Err(EngineError::WrongCount { items: items.len(), outputs: outputs.len() });
    }
    Ok(outputs)
}
