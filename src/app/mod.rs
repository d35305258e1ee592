//! Composition root: builds all parts from the configuration, starts them, and stops them in order.

mod check;
mod engine;
mod error;
mod listening;
mod load;
mod parts;
mod reload;
mod serve;
mod signals;
mod stopping;
pub mod threads;

pub use check::{Checked, check};
pub use error::{LoadError, ServeError};
pub use listening::listening;
pub use load::{Loaded, batcher_options, folder_name, load};
pub use parts::{Parts, load_head, load_parts, load_tokenizer};
pub use serve::{Startup, serve};
