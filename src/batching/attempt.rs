//! One pass through the engine, and a second chance for each of its members.

use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::Engine;

/// The engine failed on this item alone. Why is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

#[derive(Debug, thiserror::Error)]
enum Cause {
    /// What it said is on standard error, by the panic hook, and might quote an item: it stays
    /// there.
    #[error("the engine panicked")]
    Panic,
    #[error("{wanted} items gave {got} outputs")]
    Count { wanted: usize, got: usize },
    #[error("{0}")]
    Engine(Box<dyn Error + Send + Sync>),
}

/// Runs `items` in one pass and, if that fails, each on its own; one result an item, in order.
pub(super) fn run<E: Engine>(engine: &E, items: &[&E::Item]) -> Vec<Result<E::Output, Broken>> {
    let cause = match attempt(engine, items) {
        Ok(outputs) => return outputs.into_iter().map(Ok).collect(),
        Err(cause) => cause,
    };
    let results: Vec<_> = match items {
        // Alone already.
        [_] => vec![Err(Broken)],
        _ => items.iter().map(|item| alone(engine, item)).collect(),
    };
    let failed = results.iter().filter(|result| result.is_err()).count();
    tracing::error!(sequences = items.len(), failed, %cause, "a forward pass failed");
    results
}

fn alone<E: Engine>(engine: &E, item: &E::Item) -> Result<E::Output, Broken> {
    let outputs = attempt(engine, &[item]).map_err(|_| Broken)?;
    outputs.into_iter().next().ok_or(Broken)
}

fn attempt<E: Engine>(engine: &E, items: &[&E::Item]) -> Result<Vec<E::Output>, Cause> {
    // The engine is shared and takes `&self`, so what a panic leaves behind is its own affair; here
    // nothing is half done.
    let outputs = catch_unwind(AssertUnwindSafe(|| engine.run(items)))
        .map_err(|_| Cause::Panic)?
        .map_err(Cause::Engine)?;
    if outputs.len() != items.len() {
        return Err(Cause::Count { wanted: items.len(), got: outputs.len() });
    }
    Ok(outputs)
}
