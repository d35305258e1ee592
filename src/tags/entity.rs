//! What goes in and what comes out.

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
    pub fn new(logits: &[f32], (start, end): (usize, usize), continues_word: bool) -> Self {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers = logits.iter().map(|x| libm::exp(f64::from(*x) - f64::from(largest)));
        let powers: Vec<f64> = powers.collect();
        let sum: f64 = powers.iter().sum();
        let scores = powers.iter().map(|power| power / sum).collect();
        Self { scores, start, end, continues_word }
    }
}
