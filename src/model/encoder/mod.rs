//! Encoders: token ids in, what the taps read out. One trait, so that callers need not know which
//! encoder runs.

mod interface;
mod options;
mod packed;
mod reference;

pub use interface::{Encoder, Query, TapValues};
pub use options::{EncoderChoice, EncoderKind, EncoderOptions};
pub use packed::Packed;
pub use reference::Reference;
