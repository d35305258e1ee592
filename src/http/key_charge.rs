//! What a request counts against the limits of its key.

use std::sync::Arc;

use super::error::ApiError;
use super::key_metrics::KeyMetrics;
use crate::keys::{Key, OverLimit};

/// What a request counts against the limits of its key, once it is let in. Without a key nothing is
/// limited.
#[derive(Clone, Debug)]
pub struct KeyCharge {
    /// The key of the request, if it has one.
    pub key: Option<Arc<Key>>,
    /// Counts the tokens of each key.
    pub metrics: Arc<KeyMetrics>,
}

impl KeyCharge {
    /// Refuses at once what would be refused later. Counts nothing.
    ///
    /// # Errors
    /// A limit of the key is used up.
    pub fn check(&self) -> Result<(), ApiError> {
        self.key.as_ref().map_or(Ok(()), |key| key.check().map_err(|over| refused(key, over)))
    }

    /// Counts the request and its tokens.
    ///
    /// # Errors
    /// A limit of the key is used up. Nothing is counted.
    pub fn take(self, tokens: usize) -> Result<(), ApiError> {
        let Some(key) = self.key else { return Ok(()) };
        key.charge(tokens).map_err(|over| refused(&key, over))?;
        self.metrics.charged(key.name(), tokens);
        Ok(())
    }
}

fn refused(key: &Key, over: OverLimit) -> ApiError {
    let OverLimit { limited, rate, retry_after } = over;
    let name = key.name();
    let rate = rate.per_second();
    let message = format!("the key \"{name}\" has used up its {rate} {limited} a second");
    ApiError::RateLimited { message, retry_after }
}
