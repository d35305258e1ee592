//! A tokenised sequence: what `text` produces and `model` reads.

/// The token ids and token types of one sequence, special tokens included; `t` of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Rows of the word embedding table.
    pub ids: Vec<u32>,
    /// 0 for the first text, 1 for the second of a pair.
    pub type_ids: Vec<u32>,
}

impl Sequence {
    /// `t`, the number of tokens.
    pub fn tokens(&self) -> usize {
        self.ids.len()
    }
}
