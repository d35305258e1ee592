//! A small pass that tells whether the model computes: once before the server is ready, and again
//! and again while it fails.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;

use crate::batching::{Batcher, Sequence};
use crate::http::state::Service;
use crate::model::output::PassOutput;
use crate::model::recipe::RecipeRef;
use crate::model::recipe_book::{NATIVE, RecipeError};
use crate::model::task::{OutputSpec, Task, TaskSpec};
use crate::sequence::Sequence as Tokens;
use crate::telemetry::chain::Chain;

/// How long to wait before trying a failing model again.
const PAUSE: Duration = Duration::from_secs(1);

/// A real pass of one token through every layer. Readiness means that it succeeded once.
pub struct Trial(Task);

impl Trial {
    /// For this service's model.
    ///
    /// # Errors
    /// There is no `native` recipe, which can't be.
    pub fn new(service: &Service) -> Result<Self, RecipeError> {
        let recipe = service.recipes.resolve(&RecipeRef::Name(NATIVE.to_owned()))?;
        let spec = Arc::new(TaskSpec::new(vec![OutputSpec::Embedding(recipe)]));
        let sequence = Tokens { ids: vec![0], type_ids: vec![0] };
        Ok(Self(Task::whole(sequence, spec)))
    }

    /// Has it computed.
    ///
    /// # Errors
    /// It wasn't.
    pub async fn pass(&self, batcher: &Batcher<Task, PassOutput>) -> anyhow::Result<()> {
        let sequence = Sequence { tokens: self.0.sequence.tokens(), item: self.0.clone() };
        let computed = batcher.submit(vec![sequence], None)?.await;
        computed.map(drop).map_err(|failed| anyhow!("{}", Chain(&failed)))
    }

    /// While the last pass failed, tries one now and then, so that a fault that has passed is
    /// noticed although nobody is sent here.
    pub async fn while_failing(self, batcher: Batcher<Task, PassOutput>) {
        loop {
            tokio::time::sleep(PAUSE).await;
            if batcher.status().failing {
                match self.pass(&batcher).await {
                    Ok(()) => tracing::info!("the model computes again"),
                    Err(error) => tracing::warn!(%error, "the model still fails"),
                }
            }
        }
    }
}
