//! Models by name: `org/name`, from a hub such as Hugging Face's, through the cache that its other clients
//! share.
//!
//! The cache has the layout of Python's `huggingface_hub`, so that what either of them fetched serves the
//! other. A file gets its place there once its size and hash are those that the hub lists.

#[cfg(feature = "hub")]
mod check;
#[cfg(feature = "hub")]
mod client;
#[cfg(feature = "hub")]
mod download;
mod environment;
mod error;
mod event;
#[cfg(feature = "hub")]
mod fetch;
#[cfg(feature = "hub")]
mod listing;
mod locate;
mod name;
#[cfg(feature = "hub")]
mod needed;
mod repository;
#[cfg(not(feature = "hub"))]
mod without_hub;

#[cfg(feature = "hub")]
use fetch::fetch;
#[cfg(not(feature = "hub"))]
use without_hub::fetch;

pub use environment::Environment;
pub use error::HubError;
pub use event::{Event, Snapshot};
pub use locate::locate;
pub use name::HubName;
