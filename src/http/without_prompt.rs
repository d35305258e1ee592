//! Which tokens are pooled where a recipe leaves out the prompt.

use std::sync::Arc;
use std::time::Instant;

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::inputs::InputField;
use super::service::Service;
use super::text_pool::INLINE_BYTES;
use crate::model::PoolingMask;
use crate::text::{Window, without_prompt};

/// The prompt of a request's inputs, to be left out.
pub struct WithoutPrompt<'r> {
    /// The tokenizer, and the threads for it.
    pub service: &'r Arc<Service>,
    /// The field of the inputs.
    pub field: InputField,
    /// The prompt, if it is to be left out.
    pub prompt: Option<&'r str>,
    /// Whether long texts are read in windows, so that a prompt isn't cut either.
    pub in_windows: bool,
    /// The time after which the answer is of no use.
    pub deadline: Instant,
}

impl WithoutPrompt<'_> {
    /// The pooling mask of each window of all inputs, in order; none if there is no prompt.
    ///
    /// # Errors
    /// A window has no other tokens than the prompt's, the deadline passed, or the tokenizer failed.
    pub async fn masks(&self, windows: &[Vec<Window>]) -> Result<Vec<PoolingMask>, ApiError> {
        let Some(prompt) = self.prompt.filter(|prompt| !prompt.is_empty()) else {
            return Ok(Vec::new());
        };
        let is_long = prompt.len() > INLINE_BYTES;
        let (service, prompt) = (Arc::clone(self.service), prompt.to_owned());
        let limit = (!self.in_windows).then_some(self.service.sequence_tokens);
        let count = move || service.tokenizer.prompt_tokens(&prompt, limit);
        let counted = self.service.text_pool.run(is_long, self.deadline, count).await?;
        let tokens = counted.map_err(ApiError::internal)?;
        let mut masks = Vec::new();
        for (index, windows) in windows.iter().enumerate() {
            let counted = without_prompt(windows, tokens);
            if counted.iter().any(|window| !window.contains(&true)) {
                let message = "a sequence has no token but those of the prompt, which this model \
                               doesn't pool; a shorter prompt is needed";
                let pointer = self.field.pointer_to(index);
                return Err(ApiError::unacceptable(ErrorCode::NoTokens, pointer, message));
            }
            masks.extend(PoolingMask::after_prompt(counted, tokens));
        }
        Ok(masks)
    }
}
