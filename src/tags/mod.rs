//! Entities in a text, from the scores of its tokens. The rules are those of transformers' pipeline for
//! token classification; numbers and names in, spans out.

mod aggregation;
mod entity;
mod groups;

pub use aggregation::Aggregation;
pub use entity::{Entity, ScoredToken};
pub use groups::entities;
