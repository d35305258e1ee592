//! Which tokens are pooled where a recipe leaves out the prompt.

use std::sync::Arc;
use std::time::Instant;

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::inputs::Inputs;
use super::state::Service;
use super::text_pool::INLINE_BYTES;
use crate::model::PoolingMask;
use crate::text::{Window, without_prompt};

/// The prompt of a request's inputs, to be left out.
pub struct WithoutPrompt<'r> {
    /// The tokenizer, and the threads for it.
    pub service: &'r Arc<Service>,
    /// Whether the client sent one input without a list.
    pub single: bool,
    /// The prompt; empty if nothing is to be left out.
    pub prompt: &'r str,
    /// The time after which the answer is of no use.
    pub deadline: Instant,
}

impl WithoutPrompt<'_> {
    /// The pooling mask of each window of all inputs, in order; none if there is no prompt.
    ///
    /// # Errors
    /// A window has no other tokens than the prompt's, the deadline passed, or the tokenizer failed.
    pub async fn masks(&self, windows: &[Vec<Window>]) -> Result<Vec<PoolingMask>, ApiError> {
        if self.prompt.is_empty() {
            return Ok(Vec::new());
        }
        let (service, prompt) = (Arc::clone(self.service), self.prompt.to_owned());
        let count = move || service.tokenizer.prompt_tokens(&prompt, service.sequence_tokens);
        let is_long = self.prompt.len() > INLINE_BYTES;
        let counted = self.service.text_pool.run(is_long, self.deadline, count).await?;
        let tokens = counted.map_err(ApiError::internal)?;
        let mut masks = Vec::new();
        for (index, windows) in windows.iter().enumerate() {
            let counted = without_prompt(windows, tokens);
            if counted.iter().any(|window| !window.contains(&true)) {
                let message =
                    "the prompt's tokens, which this model leaves out, are all that it reads";
                let pointer = Inputs::pointer(self.single, index);
                return Err(ApiError::unacceptable(ErrorCode::BlankText, pointer, message));
            }
            masks.extend(PoolingMask::without_prompt(counted, tokens));
        }
        Ok(masks)
    }
}
