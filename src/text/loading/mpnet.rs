//! MPNet's tokenizer: BERT's WordPiece between the special tokens of RoBERTa.

use tokenizers::Tokenizer;
use tokenizers::processors::PostProcessorWrapper;

use super::added::ClassToken;
use super::{roberta, xlm_roberta};

/// The special tokens that the class has if no file names others.
pub const CLASS_TOKENS: [ClassToken<'_>; 7] = {
    let mut tokens = xlm_roberta::CLASS_TOKENS;
    // The token for unknown words, and the mask.
    tokens[2].content = "[UNK]";
    tokens[6].lstrip = true;
    tokens
};

/// The post-processor.
///
/// # Errors
/// A token isn't in the vocabulary.
pub fn processor(
    tokenizer: &Tokenizer,
    class: &str,
    separator: &str,
) -> Result<PostProcessorWrapper, String> {
    roberta::with_separators(tokenizer, class, separator, true, false)
}
