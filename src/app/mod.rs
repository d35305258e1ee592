//! Composition root: builds all parts from the configuration, starts them, and stops them in order.

mod check;
mod engine;
mod error;
mod fetching;
mod late;
mod listening;
mod load;
mod parts;
mod reload;
mod serve;
mod serving;
mod signals;
mod source;
mod stopping;
pub mod threads;

pub use check::{Checked, check};
pub use error::{LoadError, ServeError};
pub use listening::listening;
pub use load::{Common, Loaded, batcher_options, load, load_only};
pub use parts::{Parts, load_head, load_parts, load_tokenizer};
pub use serve::{Startup, serve};
pub use serving::announced;
pub use source::Source;
