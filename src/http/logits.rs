//! Logits of inputs by one head: the way of every route that asks one head.

use std::sync::Arc;

use super::caller::Caller;
use super::error::ApiError;
use super::inputs::Inputs;
use super::pipeline::{self, AnswerSize, Outcome};
use super::reply::Reply;
use super::service::Service;
use super::tokenizing::LongInput;
use super::wire::Usage;
use crate::model::head::Head;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::text::Input;

/// Inputs for one head, checked.
pub struct LogitsRequest {
    /// The inputs.
    pub inputs: Inputs,
    /// The head.
    pub head: Arc<Head>,
    /// What happens to an input with too many tokens.
    pub long_text: LongInput,
}

/// The logits of a request's inputs.
pub struct Logits {
    /// One row per input, in the order of the head's labels, before temperature.
    pub rows: Vec<Vec<f32>>,
    /// Tokens, and which inputs were cut.
    pub usage: Usage,
}

impl LogitsRequest {
    /// Computes the logits; the reply waits for what is made of them. `size` estimates an input's part
    /// of the answer.
    ///
    /// # Errors
    /// The head reads too many layers, or like [`pipeline::run`].
    pub async fn compute(
        self,
        service: &Arc<Service>,
        caller: Caller,
        size: impl Fn(&Input) -> AnswerSize,
    ) -> Result<(Logits, Reply), ApiError> {
        let Self { inputs, head, long_text } = self;
        let spec = TaskSpec::new(vec![OutputSpec::Logits(head)]);
        pipeline::check_layers(service, &spec, "")?;
        let deadline = caller.deadline;
        let size = |input: &Input, _| size(input);
        let outcome = pipeline::run(service, inputs, spec, long_text, caller, size).await?;
        let Outcome { outputs, usage, answer_memory: memory, .. } = outcome;
        let rows: Vec<Vec<f32>> = outputs.into_iter().flat_map(|output| output.values).collect();
        let numbers = rows.iter().map(Vec::len).sum();
        let reply = Reply { numbers, deadline, memory };
        Ok((Logits { rows, usage }, reply))
    }
}
