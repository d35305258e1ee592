//! What the tests share: fixtures, comparison, and copies of checkpoints to be spoilt.

pub mod compare;
pub mod copy;
pub mod fixtures;
pub mod pass;

pub use compare::Worst;
pub use copy::Copy;
pub use fixtures::{Case, Golden, Tiny, default_model, load, tiny};
pub use pass::{head_of, logits, sequence};
