//! Finds, reads and watches head folders, and publishes the heads in use.
//!
//! Heads come from three places, in this order: the shipped ones in the binary, `config/heads` in
//! the working directory, and the configured folders. Of heads with the same name, the last one
//! is used. May use `model`; knows nothing of HTTP.

mod change;
mod counts;
mod error;
mod folder;
mod library;
mod set;
mod shipped;
mod stamp;
mod watch;
mod watcher;

pub use counts::ChangeCounts;
pub use error::HeadsError;
pub use folder::folders;
pub use library::Library;
pub use set::HeadSet;
pub use watch::Watch;
