//! Limits that a request sets for itself.

use crate::http::error::ApiError;

/// Checks a limit of tokens per text, which the field `field` sets: the model's own limit is the only
/// one that is obeyed, so a lower one is refused.
///
/// # Errors
/// The limit is below the model's.
pub fn check_tokens(model: usize, limit: Option<usize>, field: &str) -> Result<(), ApiError> {
    match limit {
        Some(limit) if limit < model => {
            let message = format!(
                "{field} is {limit}; the model reads {model} tokens, and a lower limit isn't obeyed: \
                 {model} or more is allowed"
            );
            Err(ApiError::InvalidField { pointer: format!("/{field}"), message })
        }
        _ => Ok(()),
    }
}
