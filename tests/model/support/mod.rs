//! Shared by the tests: fixtures, comparisons, and copies of checkpoints that may be damaged.

pub mod compare;
pub mod copy;
pub mod fixtures;
pub mod pass;

pub use compare::Worst;
pub use copy::CheckpointCopy;
pub use fixtures::{Case, Golden, Tiny, default_model, load, tiny};
pub use pass::{head_of, logits, sequence};
