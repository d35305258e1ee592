//! The names under which requests may ask for the model.

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::excerpt::excerpt;
use super::state::Service;

/// The model's own name, and the configured aliases.
pub fn names(service: &Service) -> impl Iterator<Item = &str> {
    std::iter::once(service.model.name.as_str()).chain(service.aliases.iter().map(String::as_str))
}

/// Checks that a name stands for the model. `pointer` is the field that has it.
///
/// # Errors
/// It doesn't.
pub fn check(service: &Service, name: &str, pointer: &str) -> Result<(), ApiError> {
    if names(service).any(|known| known == name) {
        return Ok(());
    }
    let known = names(service).collect::<Vec<_>>().join(", ");
    let message = format!("there is no model \"{}\"; there is {known}", excerpt(name));
    Err(ApiError::unacceptable(ErrorCode::UnknownModel, pointer, message))
}
