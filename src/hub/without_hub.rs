//! In place of what fetches models, for a build without the feature `hub`.

use super::environment::Environment;
use super::error::HubError;
use super::event::{Event, Snapshot};
use super::name::HubName;
use super::repository::Repository;

/// Fetches nothing.
///
/// # Errors
/// Always.
pub fn fetch(
    name: &HubName,
    environment: &Environment,
    _repository: &Repository,
    _observe: &mut dyn FnMut(Event<'_>),
) -> Result<Snapshot, HubError> {
    Err(HubError::NotBuilt { name: name.to_string(), cache: environment.cache.clone() })
}
