//! Several outputs of a text from one pass: what `outputs` of `/embed` and `/classify` asks for.

mod answer;
mod request;
mod wanted;

use std::sync::Arc;

use axum::response::Response;

pub use self::answer::OutputsResponse;
pub use self::request::{InputType, OutputName, OutputsRequest};

use self::answer::Writer;
use self::wanted::WantedOutputs;
use super::caller::Caller;
use super::error::ApiError;
use super::inputs::{self, Inputs};
use super::pipeline::{self, Outcome};
use super::reply::Reply;
use super::service::Service;
use crate::model::output::Output;

impl OutputsRequest {
    /// Computes all outputs of each text in one pass, or in one for each of its windows.
    ///
    /// # Errors
    /// The model doesn't give an output, or two of them need different tokens; and as for
    /// [`pipeline::run`].
    pub async fn answer(self, mut caller: Caller) -> Result<Response, ApiError> {
        let service: &Arc<Service> = &caller.service();
        let long_text = self.long_text.unwrap_or_default().into();
        let wanted = WantedOutputs::new(service, &self)?;
        let texts = self.inputs;
        wanted.check_inputs(&texts)?;
        let memory = &mut caller.memory;
        let inputs = inputs::check_all(service, "/inputs", texts, &wanted.prompt, memory)?;
        let inputs = Inputs { reading: wanted.reading(), ..inputs };
        let spec = wanted.spec();
        pipeline::check_layers(service, &spec, "/outputs")?;
        let deadline = caller.deadline;
        let size = |input: &_, tokens| wanted.size(input, tokens);
        let outcome = pipeline::run(service, inputs, spec, long_text, caller, size).await?;
        let Outcome { outputs, inputs, windows, usage, answer_memory, memory } = outcome;
        let numbers = outputs.iter().map(Output::number_count).sum();
        let reply = Reply { numbers, deadline, memory: answer_memory };
        let writer = Writer { service: Arc::clone(service), wanted };
        let answer = move || {
            let texts = inputs.iter().zip(&windows).zip(outputs);
            let texts = texts.map(|((input, windows), output)| (input, &windows[..], output));
            let answer = writer.answer(texts, usage);
            // The places of tokens were needed until here.
            drop(memory);
            answer
        };
        reply.write(&service.text_pool, answer).await
    }
}
