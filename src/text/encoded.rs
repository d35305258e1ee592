//! The tokens of an input, and their places in it.

use tokenizers::Encoding;

use crate::sequence::Sequence;

/// The tokens of an input, special tokens included, and their positions in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids and token types, `t` of each.
    pub sequence: Sequence,
    /// For each token the first character and the one after the last, counted in Unicode characters
    /// of the text, prompt included.
    pub spans: Vec<(usize, usize)>,
    /// For each token whether the tokenizer added it; false for a `[SEP]` in the text itself.
    pub special: Vec<bool>,
    /// For each token whether it belongs to the second text of a pair; its span then refers to that
    /// text.
    pub second: Vec<bool>,
    /// Tokens before truncation, special tokens included.
    pub full_tokens: usize,
}

impl Encoded {
    /// A text's own tokens.
    pub(super) fn without_special_tokens(own: &Encoding) -> Self {
        let (ids, type_ids) = (own.get_ids().to_vec(), own.get_type_ids().to_vec());
        Self {
            spans: own.get_offsets().to_vec(),
            special: vec![false; ids.len()],
            second: vec![false; ids.len()],
            full_tokens: ids.len(),
            sequence: Sequence::new(ids, type_ids),
        }
    }

    /// Whether the input was truncated.
    pub fn truncated(&self) -> bool {
        self.full_tokens > self.sequence.tokens()
    }
}
