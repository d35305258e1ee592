//! How the labels of tokens become those of entities.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the labels of tokens become those of entities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// Each token is by itself, with its whole label.
    None,
    /// Tokens that follow each other and have the same tag are one entity; one that begins with `B-`
    /// begins another.
    #[default]
    Simple,
    /// The same for words: a word has the label of its first token.
    First,
    /// The same for words: scores are averaged over a word's tokens.
    Average,
    /// The same for words: a word has the label of the token with the highest score.
    Max,
}
