//! Rows for texts: the way that every route which embeds takes.

use std::io::Write;
use std::sync::Arc;

use axum::response::Response;
use serde::Serialize;

use super::answer_body::AnswerWriter;
use super::answer_format::NPY;
use super::caller::Caller;
use super::error::ApiError;
use super::inputs::Inputs;
use super::npy;
use super::pipeline::{self, AnswerSize, Outcome};
use super::reply::Reply;
use super::service::Service;
use super::text_pool::TextPool;
use super::tokenizing::LongInput;
use super::vectors::VectorFormat;
use super::wire::Usage;
use crate::model::recipe::ResolvedRecipe;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::text::Input;

/// About how many bytes a text takes in the answer beside its numbers.
const ROW_BYTES: usize = 64;

/// Texts to embed, checked.
pub struct EmbeddingRequest {
    /// The texts.
    pub inputs: Inputs,
    /// The recipe of their rows.
    pub recipe: Arc<ResolvedRecipe>,
    /// One row per token instead of a pooled row per text.
    pub tokens: bool,
    /// Whether the answer repeats the texts.
    pub echo: bool,
    /// What happens to a text with too many tokens.
    pub long_text: LongInput,
    /// About how many bytes a row takes in the answer.
    pub row_bytes: usize,
}

/// The rows of a request's texts.
pub struct Embedded {
    /// One per text: its row, or the rows of its tokens one after the other.
    pub rows: Vec<Vec<f32>>,
    /// Tokens, and which texts were cut.
    pub usage: Usage,
}

/// Rows that were computed, and what it takes to answer with them.
pub struct EmbeddingAnswer {
    embedded: Embedded,
    reply: Reply,
}

impl EmbeddingRequest {
    /// Columns of a row.
    pub fn width(recipe: &ResolvedRecipe, tokens: bool, service: &Service) -> usize {
        if tokens { recipe.token_width(service.recipes.shape().hidden) } else { recipe.dimensions }
    }

    /// Computes the rows. `pointer` is the field that names the recipe.
    ///
    /// # Errors
    /// The recipe reads too many layers, or like [`pipeline::run`].
    pub async fn compute(
        self,
        service: &Arc<Service>,
        caller: Caller,
        pointer: &str,
    ) -> Result<EmbeddingAnswer, ApiError> {
        let Self { inputs, recipe, tokens, echo, long_text, row_bytes } = self;
        let width = Self::width(&recipe, tokens, service);
        let output = if tokens { OutputSpec::Tokens } else { OutputSpec::Embedding };
        let spec = TaskSpec::new(vec![output(recipe)]);
        pipeline::check_layers(service, &spec, pointer)?;
        let size = |input: &Input, counted: usize| {
            let rows = if tokens { counted } else { 1 };
            let echoed = if echo { input.bytes() } else { 0 };
            let bytes = ROW_BYTES + rows * row_bytes + echoed;
            AnswerSize { numbers: rows * width, bytes }
        };
        let deadline = caller.deadline;
        let outcome = pipeline::run(service, inputs, spec, long_text, caller, size).await?;
        let Outcome { outputs, usage, answer_memory: memory, .. } = outcome;
        let rows: Vec<_> = outputs.into_iter().flat_map(|output| output.values).collect();
        let numbers = rows.iter().map(Vec::len).sum();
        let reply = Reply { numbers, deadline, memory };
        Ok(EmbeddingAnswer { embedded: Embedded { rows, usage }, reply })
    }
}

impl EmbeddingAnswer {
    /// Writes what `answer` makes of the rows.
    ///
    /// # Errors
    /// The deadline passed, or it can't be written, which is a failure of the server.
    pub async fn write<T: Serialize>(
        self,
        pool: &TextPool,
        answer: impl FnOnce(Embedded) -> T + Send + 'static,
    ) -> Result<Response, ApiError> {
        let Self { embedded, reply } = self;
        reply.write(pool, move || answer(embedded)).await
    }

    /// Writes the rows as one array in numpy's format, of `width` columns before quantisation. The
    /// headers say what the JSON would say of the tokens.
    ///
    /// # Errors
    /// Like [`Self::write`].
    pub async fn write_npy(
        self,
        pool: &TextPool,
        format: VectorFormat,
        width: usize,
    ) -> Result<Response, ApiError> {
        let Self { embedded: Embedded { rows, usage }, reply } = self;
        let numbers = reply.numbers;
        let write = move |writer: &mut AnswerWriter| {
            let (precision, count) = (format.precision(), numbers / width);
            writer.write_all(&npy::header(precision, count, precision.numbers(width)))?;
            for row in rows.iter().flat_map(|rows| rows.chunks_exact(width)) {
                writer.write_all(&format.values(row.to_vec()).into_bytes())?;
            }
            Ok(())
        };
        let (mut response, ()) = reply.write_with(pool, NPY, write).await?;
        let headers = response.headers_mut();
        headers.insert("x-tokens", usage.tokens.into());
        headers.insert("x-truncated-inputs", usage.truncated.len().into());
        Ok(response)
    }
}
