//! What goes in and what comes out.

use crate::probabilities::softmax;

/// A token of a text, and the probability of each label.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredToken {
    /// One probability per label.
    pub scores: Vec<f64>,
    /// The first character.
    pub start: usize,
    /// The character after the last one.
    pub end: usize,
    /// Whether it goes on the word of the token before.
    pub continues_word: bool,
}

/// A span of a text with its label.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// The label; without `B-` or `I-` where tokens were joined.
    pub label: String,
    /// The mean of the scores of its tokens or words.
    pub score: f64,
    /// The first character.
    pub start: usize,
    /// The character after the last one.
    pub end: usize,
}

impl ScoredToken {
    /// The token whose labels have these logits, by softmax.
    pub fn new(
        logits: impl Iterator<Item = f64> + Clone,
        (start, end): (usize, usize),
        continues_word: bool,
    ) -> Self {
        Self { scores: softmax(logits).collect(), start, end, continues_word }
    }
}
