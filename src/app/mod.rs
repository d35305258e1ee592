//! Composition root: builds all parts from the configuration, starts them, and stops them in order.

mod engine;
mod error;
mod load;
mod parts;
mod serve;
mod signals;
mod stopping;
pub mod threads;

pub use error::{LoadError, ServeError};
pub use load::{Loaded, batcher_options, folder_name, load};
pub use parts::{Parts, load_head, load_parts};
pub use serve::serve;
