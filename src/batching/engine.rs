//! The interface to the implementation that computes passes.

use std::error::Error;

/// Computes passes.
pub trait Engine: Send + Sync + 'static {
    /// The input of one sequence.
    type Item: Send + 'static;
    /// The result of one sequence.
    type Output: Send + 'static;

    /// Runs one pass over `items` and returns one output per item, in order.
    ///
    /// # Errors
    /// Any reason why the pass could not be computed. The message goes to the log, so it must not
    /// contain anything of the items. After an error, a panic or a wrong number of outputs, the
    /// batcher calls this again for each half of the items, down to a single one.
    fn run(&self, items: &[&Self::Item])
    -> Result<Vec<Self::Output>, Box<dyn Error + Send + Sync>>;

    /// How many layers a pass over `items` computes, if the engine has layers: for the metrics.
    fn layers(&self, items: &[&Self::Item]) -> Option<usize> {
        let _ = items;
        None
    }

    /// Runs a pass over a small input of its own, which no request has any influence on. After a pass
    /// has failed, this decides whether the engine works.
    ///
    /// # Errors
    /// The pass could not be computed.
    fn trial(&self) -> Result<(), Box<dyn Error + Send + Sync>>;
}
