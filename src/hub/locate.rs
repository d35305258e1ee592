//! Where a model's files are: in the cache, after a look at the hub.

use super::environment::Environment;
use super::error::HubError;
use super::event::{Event, Snapshot};
use super::fetch;
use super::name::HubName;
use super::repository::Repository;

/// Finds the files of a model. If the hub has a newer commit of the revision, the files that the cache lacks
/// are fetched; if the hub can't be reached, those of the cache are used.
///
/// # Errors
/// The hub doesn't have it or doesn't give it, it isn't a model that can be served, or it can't be reached
/// and the cache doesn't have the model either.
pub fn locate(
    name: &HubName,
    environment: &Environment,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Snapshot, HubError> {
    let repository = Repository::new(&environment.cache, name);
    let cached = || {
        let commit = repository.cached_commit(name)?;
        Some(Snapshot { dir: repository.snapshot(&commit), commit })
    };
    if environment.offline {
        let cache = environment.cache.clone();
        return cached().ok_or_else(|| HubError::Offline { name: name.to_string(), cache });
    }
    let error = match fetch(name, environment, &repository, observe) {
        Err(error @ (HubError::Unreachable { .. } | HubError::NotBuilt { .. })) => error,
        decided => return decided,
    };
    let Some(snapshot) = cached() else { return Err(error) };
    if let HubError::Unreachable { reason, .. } = &error {
        observe(Event::FromCache { reason });
    }
    Ok(snapshot)
}
