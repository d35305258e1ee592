//! How many of the best results a request wants.

use super::error::ApiError;
use super::error_code::ErrorCode;

/// Checks the number in the field at `pointer`.
///
/// # Errors
/// It is 0.
pub fn check_top(number: Option<usize>, pointer: &str) -> Result<(), ApiError> {
    if number != Some(0) {
        return Ok(());
    }
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let message = format!("{name} is 0; 1 or more is allowed");
    Err(ApiError::unacceptable(ErrorCode::InvalidTopK, pointer, message))
}
