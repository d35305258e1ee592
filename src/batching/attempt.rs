//! Runs one pass; if it fails, finds the sequences that make it fail.

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
    /// It fails whatever it computes.
    #[error("the engine fails on a trial pass, too")]
    Broken,
}

/// The results of a pass.
pub(super) struct Attempt<O> {
    /// One result per item, in order.
    pub(super) results: Vec<Result<O, EngineError>>,
    /// What followed, if the pass over all items failed.
    pub(super) failure: Option<Failure>,
}

/// A pass that failed.
pub(super) struct Failure {
    /// Why the pass over all items failed, unless the result of the only item says it.
    pub(super) cause: Option<EngineError>,
    /// Whether the trial pass that followed failed, too.
    pub(super) broken: bool,
}

/// Runs `items` in one pass. If that fails, a trial pass shows whether the engine works at all; if it
/// does, the items are halved until those that fail stand alone.
///
/// Of `n` items, `k` bad ones cost at most `2·k·log2(n)` further passes.
pub(super) fn run<E: Engine>(engine: &E, items: &[&E::Item]) -> Attempt<E::Output> {
    let cause = match run_once(engine, items) {
        Ok(outputs) => {
            return Attempt { results: outputs.into_iter().map(Ok).collect(), failure: None };
        }
        Err(cause) => cause,
    };
    let broken = trial(engine).is_err();
    if let [_] = items {
        let failure = Some(Failure { cause: None, broken });
        return Attempt { results: vec![Err(cause)], failure };
    }
    let mut results = Vec::with_capacity(items.len());
    if broken {
        results.extend(items.iter().map(|_| Err(EngineError::Broken)));
    } else {
        run_halves(engine, items, &mut results);
    }
    Attempt { results, failure: Some(Failure { cause: Some(cause), broken }) }
}

/// Runs each half of items that failed together.
fn run_halves<E: Engine>(
    engine: &E,
    items: &[&E::Item],
    results: &mut Vec<Result<E::Output, EngineError>>,
) {
    let (first, second) = items.split_at(items.len() / 2);
    for half in [first, second] {
        match run_once(engine, half) {
            Ok(outputs) => results.extend(outputs.into_iter().map(Ok)),
            Err(cause) if half.len() == 1 => results.push(Err(cause)),
            Err(_) => run_halves(engine, half, results),
        }
    }
}

/// Runs the engine's trial pass.
pub(super) fn trial<E: Engine>(engine: &E) -> Result<(), EngineError> {
    catch(|| engine.trial()).map_err(EngineError::Panicked)?.map_err(EngineError::Failed)
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
