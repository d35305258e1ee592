//! A tokenised sequence: what `text` produces and `model` reads.

/// The token ids and token types of one sequence, special tokens included; `t` of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// Rows of the word embedding table.
    pub ids: Vec<u32>,
    /// 0 for the first text, 1 for the second of a pair.
    pub type_ids: Vec<u32>,
    /// How many of the last tokens read the others and are read by none: those that fill up a query of
    /// ColBERT. Fewer than `t`.
    pub unattended: usize,
}

impl Sequence {
    /// Tokens that all attend to each other.
    pub fn new(ids: Vec<u32>, type_ids: Vec<u32>) -> Self {
        Self { ids, type_ids, unattended: 0 }
    }

    /// `t`, the number of tokens.
    pub fn tokens(&self) -> usize {
        self.ids.len()
    }

    /// How many of the first tokens others attend to.
    pub fn attended(&self) -> usize {
        self.ids.len() - self.unattended
    }
}
