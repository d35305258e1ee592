//! ALBERT's tokenizer: a unigram model over pieces of words that begin with `▁`, in lower case and without
//! accents unless the files say otherwise.

use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::replace::Replace;
use tokenizers::normalizers::{self, Lowercase, NFKD, NormalizerWrapper, StripAccents};
use tokenizers::{ModelWrapper, Tokenizer};

use super::added::ClassToken;
use super::fields::Fields;
use super::json::TokenizerJson;
use super::{deberta_v2, xlm_roberta};
use crate::text::error::TokenizerError;

/// The special tokens that the class has if no file names others.
pub const CLASS_TOKENS: [ClassToken<'_>; 7] = {
    let mut tokens = deberta_v2::CLASS_TOKENS;
    (tokens[2].content, tokens[4].content) = ("<unk>", "<pad>");
    tokens
};

/// The number of the piece for unknown characters, whatever the files say.
const UNKNOWN: usize = 1;

/// Builds the tokenizer without special tokens and without its post-processor.
///
/// # Errors
/// The model isn't a unigram model, or a field can't be used.
pub fn build(json: &TokenizerJson, config: &Fields) -> Result<Tokenizer, TokenizerError> {
    let error = |cause| TokenizerError::new(&json.file, cause);
    let vocab = xlm_roberta::vocabulary(json, "the class AlbertTokenizer needs a Unigram")?;
    let model: ModelWrapper = Unigram::from(vocab, Some(UNKNOWN), false)
        .map_err(|cause| error(format!("model.vocab: {cause}").into()))?
        .into();
    let mut tokenizer = Tokenizer::new(model);
    let mut steps: Vec<NormalizerWrapper> = Vec::new();
    for quotes in ["``", "''"] {
        steps.push(Replace::new(quotes, "\"").map_err(error)?.into());
    }
    if !config.flag("keep_accents", false)? {
        steps.extend([NFKD.into(), StripAccents.into()]);
    }
    if config.flag("do_lower_case", true)? {
        steps.push(Lowercase.into());
    }
    steps.extend(xlm_roberta::charsmap(json)?);
    tokenizer.with_normalizer(Some(normalizers::Sequence::new(steps))).map_err(error)?;
    xlm_roberta::split_words(&mut tokenizer, config)?;
    Ok(tokenizer)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;
    use tokenizers::{NormalizedString, Normalizer};

    use super::*;

    /// What a text becomes before it is split.
    fn normalized(name: &str, config: &serde_json::Value, text: &str) -> String {
        let families = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families");
        let json = TokenizerJson::read(&families.join(name)).unwrap().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokenizer_config.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let config = Fields::read(&file).unwrap().unwrap();
        let mut normalized = NormalizedString::from(text);
        let tokenizer = build(&json, &config).unwrap();
        tokenizer.get_normalizer().unwrap().normalize(&mut normalized).unwrap();
        normalized.get().to_owned()
    }

    #[test]
    fn quotes_accents_and_case_come_before_the_table_of_characters() {
        let text = "``A'' É many \"M\"";
        for (name, config, expected) in [
            ("albert", json!({}), "\"a\" e many \"m\""),
            ("albert", json!({"keep_accents": true}), "\"a\" é many \"m\""),
            ("albert", json!({"do_lower_case": false}), "\"A\" E many \"M\""),
            // A table that makes x of A, n of m, and ? of ".
            ("albert-inner", json!({}), "?a? e nany ?n?"),
            ("albert-inner", json!({"do_lower_case": false}), "?x? E nany ?M?"),
        ] {
            assert_eq!(normalized(name, &config, text), expected, "{name} {config}");
        }
    }
}
