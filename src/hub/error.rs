//! Why a model of a hub can't be had: in one line, with what to do about it.

use std::io;
use std::path::PathBuf;

/// Why a model can't be had from the hub or from its cache.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// Nothing may be fetched, and the cache doesn't have it.
    #[error(
        "{name}: HF_HUB_OFFLINE is set, and the cache {} does not have it; fetch it where there is a network, \
         with `strata fetch {name}`", cache.display()
    )]
    Offline {
        /// The model.
        name: String,
        /// The folder of the cache.
        cache: PathBuf,
    },
    /// This build can't fetch, and the cache doesn't have it.
    #[error(
        "{name}: this build can't fetch models, and the cache {} does not have it; use a build with the \
         feature hub, or the folder of a checkpoint", cache.display()
    )]
    NotBuilt {
        /// The model.
        name: String,
        /// The folder of the cache.
        cache: PathBuf,
    },
    /// The hub doesn't answer, or its answer isn't one of a hub.
    #[error(
        "{name}: the hub {endpoint} can't be reached: {reason}; check the network and HF_ENDPOINT, or fetch \
         the model elsewhere and copy the cache"
    )]
    Unreachable {
        /// The model.
        name: String,
        /// The URL of the hub.
        endpoint: String,
        /// What happened.
        reason: String,
    },
    /// The hub refuses the token, or wants one.
    #[error("{name}: the hub {endpoint} refuses {what}; {remedy}")]
    Refused {
        /// The model.
        name: String,
        /// The URL of the hub.
        endpoint: String,
        /// What it refuses.
        what: &'static str,
        /// What to do about it.
        remedy: String,
    },
    /// The model has no such revision.
    #[error(
        "{repository} has no revision \"{revision}\" on {endpoint}; name one of its branches, tags or commits"
    )]
    NoRevision {
        /// `org/name`
        repository: String,
        /// What was asked for.
        revision: String,
        /// The URL of the hub.
        endpoint: String,
    },
    /// The hub has the model, but nothing that can be served.
    #[error("{name}: {message}")]
    NotServable {
        /// The model.
        name: String,
        /// What is missing, and what to do.
        message: String,
    },
    /// A file can't be fetched whole.
    #[error("{name}, {file}: {reason}; {remedy}")]
    File {
        /// The model.
        name: String,
        /// The name of the file in the repository.
        file: String,
        /// What happened.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The cache can't be written.
    #[error("{name}: {}: {source}; choose a folder for the cache with HF_HUB_CACHE", path.display())]
    Cache {
        /// The model.
        name: String,
        /// A folder or file in the cache.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}
