//! `add_bos_token` and `add_eos_token`: if a file has one of them, transformers 5 replaces the
//! post-processor of any class.

use tokenizers::Tokenizer;
use tokenizers::processors::PostProcessorWrapper;

use super::added::Additions;
use super::fields::Fields;
use super::template::special_template;
use crate::text::error::TokenizerError;

/// The fields, and those that name their tokens.
const ENDS: [(&str, &str); 2] = [("add_bos_token", "bos_token"), ("add_eos_token", "eos_token")];

/// The post-processor that writes the tokens of the beginning and the end around each text, if a field
/// says whether they are written. A second text has the type 1.
///
/// # Errors
/// A field is neither true nor false, or a token can't stand in a template.
pub fn processor(
    config: &Fields,
    added: &Additions,
    tokenizer: &Tokenizer,
) -> Result<Option<PostProcessorWrapper>, TokenizerError> {
    if ENDS.iter().all(|(field, _)| config.written(field).is_none()) {
        return Ok(None);
    }
    let token = |(field, name): (&str, &str)| {
        let is_written = config.flag(field, false)?;
        // Without such a token nothing is written.
        Ok::<_, TokenizerError>(added.name(name).ok().filter(|_| is_written))
    };
    let [begin, end] = [token(ENDS[0])?, token(ENDS[1])?];
    let around = |text: &str, kind: u32| {
        let ends = |token: Option<&str>| token.map(|token| format!("{token}:{kind}"));
        let parts = [ends(begin), Some(format!("{text}:{kind}")), ends(end)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let single = around("$A", 0);
    let pair = format!("{single} {}", around("$B", 1));
    let tokens: Vec<&str> = [begin, end].into_iter().flatten().collect();
    let processor = special_template(tokenizer, &single, &pair, &tokens);
    processor.map(Some).map_err(|message| TokenizerError::new(config.file(), message))
}
