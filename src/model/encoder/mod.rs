//! Encoders: from token ids to the values of taps. They implement one trait, so that callers need
//! not know which encoder runs.

mod interface;
mod numerics;
mod options;
mod packed;
mod reference;

pub use interface::{Encoder, PassInput};
pub use options::{EncoderChoice, EncoderKind, EncoderOptions, NoInstructions};
pub use packed::Packed;
pub use reference::Reference;
