//! A small forward pass that checks that the model computes: once before the server is ready, and
//! repeatedly while it fails.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;

use crate::batching::{Batcher, ClientId, Sequence, Submission};
use crate::http::state::Service;
use crate::model::output::PassOutput;
use crate::model::recipe::RecipeRef;
use crate::model::recipe_book::{NATIVE, RecipeError};
use crate::model::task::{OutputSpec, Task, TaskSpec};
use crate::sequence::Sequence as Tokens;
use crate::telemetry::chain::Chain;

/// How long to wait before a failing model is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// A forward pass of one token through all layers. The server is ready only after it has succeeded.
pub struct Probe(Task);

impl Probe {
    /// A probe of this service's model.
    ///
    /// # Errors
    /// There is no `native` recipe; this does not happen, since it is built in.
    pub fn new(service: &Service) -> Result<Self, RecipeError> {
        let recipe = service.recipes.resolve(&RecipeRef::Name(NATIVE.to_owned()))?;
        let spec = Arc::new(TaskSpec::new(vec![OutputSpec::Embedding(recipe)]));
        let sequence = Tokens { ids: vec![0], type_ids: vec![0] };
        Ok(Self(Task::whole(sequence, spec)))
    }

    /// Runs the pass.
    ///
    /// # Errors
    /// The pass failed.
    pub async fn run(&self, batcher: &Batcher<Task, PassOutput>) -> anyhow::Result<()> {
        let sequence = Sequence { tokens: self.0.sequence.tokens(), item: self.0.clone() };
        let computed = batcher.submit(Submission::new(ClientId::LOCAL, vec![sequence]))?.await;
        computed.map(drop).map_err(|failed| anyhow!("{}", Chain(&failed)))
    }

    /// Runs the pass each second while the last pass of the batcher has failed. A server that is not
    /// ready gets no requests, so nothing else would show that it works again.
    pub async fn run_while_failing(self, batcher: Batcher<Task, PassOutput>) {
        loop {
            tokio::time::sleep(PAUSE).await;
            if batcher.status().failing {
                match self.run(&batcher).await {
                    Ok(()) => tracing::info!("the model computes again"),
                    Err(error) => tracing::warn!(%error, "the model still fails"),
                }
            }
        }
    }
}
