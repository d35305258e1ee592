//! What a request counts against the limits of its key.

use std::sync::Arc;

use super::error::ApiError;
use crate::keys::{Key, OverLimit};

/// What a request counts against the limits of its key, once it is let in. Without a key nothing is
/// limited.
#[derive(Debug)]
pub struct KeyCharge(Option<Arc<Key>>);

impl KeyCharge {
    /// The charge of one request.
    pub fn new(key: Option<Arc<Key>>) -> Self {
        Self(key)
    }

    /// Refuses at once what would be refused later. Counts nothing.
    ///
    /// # Errors
    /// A limit of the key is used up.
    pub fn check(&self) -> Result<(), ApiError> {
        self.0.as_ref().map_or(Ok(()), |key| key.check().map_err(|over| refused(key, over)))
    }

    /// Counts the request and its tokens.
    ///
    /// # Errors
    /// A limit of the key is used up. Nothing is counted.
    pub fn take(self, tokens: usize) -> Result<(), ApiError> {
        self.0.map_or(Ok(()), |key| key.charge(tokens).map_err(|over| refused(&key, over)))
    }
}

fn refused(key: &Key, over: OverLimit) -> ApiError {
    let OverLimit { limited, rate, retry_after } = over;
    let name = key.name();
    let rate = rate.per_second();
    let message = format!("the key \"{name}\" has used up its {rate} {limited} a second");
    ApiError::RateLimited { message, retry_after }
}
