//! Post-processors that put special tokens around texts.

use tokenizers::Tokenizer;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::processors::template::TemplateProcessing;

/// A post-processor of templates with these special tokens.
///
/// # Errors
/// A token can't stand in a template, or isn't in the vocabulary.
pub fn special_template(
    tokenizer: &Tokenizer,
    single: &str,
    pair: &str,
    tokens: &[&str],
) -> Result<PostProcessorWrapper, String> {
    let id = |token: &str| {
        let id = tokenizer.token_to_id(token).ok_or_else(|| format!("it lacks \"{token}\""))?;
        Ok::<_, String>((token.to_owned(), id))
    };
    let special = tokens.iter().map(|token| id(token)).collect::<Result<Vec<_>, _>>()?;
    let builder = TemplateProcessing::builder().try_single(single).and_then(|builder| {
        builder.try_pair(pair)?.special_tokens(special).build().map_err(|error| error.to_string())
    });
    builder.map(PostProcessorWrapper::from)
}
