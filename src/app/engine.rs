//! The model as the batcher's engine.

use std::error::Error;

use crate::batching::Engine;
use crate::model::Model;
use crate::model::output::PassOutput;
use crate::model::task::Task;

/// Runs the batcher's passes on a model.
pub struct ModelEngine(pub Model);

impl Engine for ModelEngine {
    type Item = Task;
    type Output = PassOutput;

    fn run(&self, items: &[&Task]) -> Result<Vec<PassOutput>, Box<dyn Error + Send + Sync>> {
        let outputs = self.0.forward(items)?;
        // JSON can't express non-finite numbers, and they are of no use to a client.
        if !outputs.iter().all(PassOutput::is_finite) {
            return Err("the model computed a non-finite number".into());
        }
        Ok(outputs)
    }
}
