//! The special tokens of CamemBERT's tokenizer, which is otherwise XLM-RoBERTa's.

use super::added::ClassToken;
use super::xlm_roberta;

/// The special tokens that the class has if no file names others.
pub const CLASS_TOKENS: [ClassToken<'_>; 7] = {
    let mut tokens = xlm_roberta::CLASS_TOKENS;
    // The mask.
    tokens[6].lstrip = true;
    tokens
};

/// The further special tokens that the class has if no file lists any: those that its vocabulary has
/// from an older one.
pub const EXTRA_TOKENS: [&str; 3] = ["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"];
