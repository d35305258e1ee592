//! The markers of ColBERT in front of queries and documents, which are tokens where the vocabulary has them.

use tokenizers::{AddedToken, Tokenizer};

/// Makes each marker one special token, as sentence-transformers does: all of it or else its first word,
/// whichever the vocabulary has. Returns the ids of those that weren't one token before.
pub fn register(tokenizer: &mut Tokenizer, markers: &[String]) -> tokenizers::Result<Vec<u32>> {
    let mut registered = Vec::new();
    for marker in markers {
        let first_word = marker.split_whitespace().next();
        let candidates = first_word.into_iter().flat_map(|word| [marker.as_str(), word]);
        let known =
            candidates.into_iter().find_map(|text| Some((text, tokenizer.token_to_id(text)?)));
        let Some((text, id)) = known else { continue };
        let tokens = tokenizer.encode(text, false)?;
        if tokens.get_tokens() != [text] {
            tokenizer.add_special_tokens([AddedToken::from(text, true)])?;
            registered.push(id);
        }
    }
    Ok(registered)
}
