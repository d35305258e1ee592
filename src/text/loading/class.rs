//! The tokenizer's class: what transformers makes of a checkpoint's files.
//!
//! Since its version 5, a class builds all parts anew from the vocabulary and its own arguments, and
//! leaves out what `tokenizer.json` says about them. Only the class without a model of its own reads
//! `tokenizer.json` as it is.

use std::path::Path;

use serde_json::Value;

use super::fields::Fields;
use super::json::TokenizerJson;
use crate::text::error::TokenizerError;
use crate::text::hints::TokenizerHints;

/// The class of a checkpoint's tokenizer.
#[derive(Clone, Copy)]
pub struct Class<'j> {
    /// What the files are read as.
    pub source: Source<'j>,
    /// Whether the model gets the token types, unless `model_input_names` says otherwise; zeros if
    /// not.
    pub token_types: bool,
}

/// What the files are read as.
#[derive(Clone, Copy)]
pub enum Source<'j> {
    /// BERT's own: WordPiece, from `tokenizer.json` or `vocab.txt`, and everything else from
    /// `tokenizer_config.json`.
    Bert(Option<&'j TokenizerJson>),
    /// XLM-RoBERTa's: a unigram model, used by multilingual BERT checkpoints.
    XlmRoberta(&'j TokenizerJson),
    /// `tokenizer.json` as it is.
    Whole(&'j TokenizerJson),
}

/// The classes that have a [`Source`] each.
#[derive(Clone, Copy)]
enum Kind {
    Bert,
    XlmRoberta,
    Whole,
}

/// The class of a checkpoint that names none.
const DEFAULT: &str = "BertTokenizer";

/// The classes without the `Fast` that some names end with, and whether they have token types.
const CLASSES: [(&str, Kind, bool); 14] = [
    (DEFAULT, Kind::Bert, true),
    ("ConvBertTokenizer", Kind::Bert, true),
    ("DPRContextEncoderTokenizer", Kind::Bert, true),
    ("DPRQuestionEncoderTokenizer", Kind::Bert, true),
    ("ElectraTokenizer", Kind::Bert, true),
    ("LayoutLMTokenizer", Kind::Bert, true),
    ("LxmertTokenizer", Kind::Bert, true),
    ("MobileBertTokenizer", Kind::Bert, true),
    ("SqueezeBertTokenizer", Kind::Bert, true),
    ("DistilBertTokenizer", Kind::Bert, false),
    ("XLMRobertaTokenizer", Kind::XlmRoberta, false),
    ("PreTrainedTokenizer", Kind::Whole, false),
    ("PythonBackend", Kind::Whole, false),
    ("TokenizersBackend", Kind::Whole, false),
];

impl<'j> Class<'j> {
    /// The class that `tokenizer_config.json` names, or else `config.json`, or else BERT's.
    ///
    /// # Errors
    /// Another class, one that needs a `tokenizer.json`, or one with code of its own.
    pub fn choose(
        config: &Fields,
        hints: &TokenizerHints,
        dir: &Path,
        json: Option<&'j TokenizerJson>,
    ) -> Result<Self, TokenizerError> {
        check_auto_map(config)?;
        let named = config.text("tokenizer_class")?;
        let file = dir.join(if named.is_some() { "tokenizer_config.json" } else { "config.json" });
        let name = named.or(hints.config_class.as_deref()).unwrap_or(DEFAULT);
        let refused = |allowed: &str| {
            Err(TokenizerError::field(&file, "tokenizer_class", &Value::from(name), allowed))
        };
        let is_named = |known: &str| known == name || name.strip_suffix("Fast") == Some(known);
        let Some(&(_, kind, token_types)) = CLASSES.iter().find(|(known, ..)| is_named(known))
        else {
            let names = CLASSES.map(|(known, ..)| known).join(", ");
            return refused(&format!("allowed are {names}, also with Fast at the end"));
        };
        let source = match (kind, json) {
            (Kind::Bert, json) => Source::Bert(json),
            (Kind::XlmRoberta, Some(json)) => Source::XlmRoberta(json),
            (Kind::Whole, Some(json)) => Source::Whole(json),
            (Kind::XlmRoberta | Kind::Whole, None) => {
                return refused(
                    "this class needs a tokenizer.json, and there is only vocab.txt, which \
                     BertTokenizer reads",
                );
            }
        };
        Ok(Self { source, token_types })
    }
}

/// A class that comes as Python code with the checkpoint can't be run.
fn check_auto_map(config: &Fields) -> Result<(), TokenizerError> {
    let Some(map) = config.get("auto_map") else { return Ok(()) };
    // Older files have the list of classes without a name before it.
    let entry = if map.is_array() { Some(map) } else { map.get("AutoTokenizer") };
    let names_code = match entry {
        Some(Value::Array(list)) => list.iter().any(|name| !name.is_null()),
        other => other.is_some_and(|other| !other.is_null()),
    };
    if names_code {
        let allowed = "a tokenizer with Python code of its own can't be served";
        return Err(config.wrong("auto_map", map, allowed));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The source and whether there are token types.
    fn choose(name: Option<&str>, has_json: bool) -> Result<(&'static str, bool), String> {
        let dir = Path::new("folder");
        let hints = TokenizerHints { config_class: name.map(str::to_owned), ..Default::default() };
        let config = Fields::none(&dir.join("tokenizer_config.json"));
        let json = TokenizerJson::default();
        let class = Class::choose(&config, &hints, dir, has_json.then_some(&json));
        let class = class.map_err(|error| error.to_string())?;
        let source = match class.source {
            Source::Bert(None) => "vocab.txt",
            Source::Bert(Some(_)) => "vocabulary",
            Source::XlmRoberta(_) => "XLM-RoBERTa",
            Source::Whole(_) => "whole",
        };
        Ok((source, class.token_types))
    }

    #[test]
    fn no_class_is_berts_and_names_may_end_with_fast() {
        for name in
            [None, Some("BertTokenizer"), Some("BertTokenizerFast"), Some("ElectraTokenizer")]
        {
            assert_eq!(choose(name, false), Ok(("vocab.txt", true)));
        }
        assert_eq!(choose(None, true), Ok(("vocabulary", true)));
        assert_eq!(choose(Some("DistilBertTokenizerFast"), true), Ok(("vocabulary", false)));
        assert_eq!(choose(Some("PreTrainedTokenizerFast"), true), Ok(("whole", false)));
        assert_eq!(choose(Some("XLMRobertaTokenizer"), true), Ok(("XLM-RoBERTa", false)));
    }

    #[test]
    fn other_classes_are_refused_by_name_and_so_is_a_class_that_lacks_its_file() {
        for name in ["BertJapaneseTokenizer", "EsmTokenizer", "KoBertTokenizer"] {
            let refused = choose(Some(name), true).unwrap_err();
            assert!(refused.contains("config.json: tokenizer_class is"), "{refused}");
            assert!(refused.contains(name), "{refused}");
        }
        let refused = choose(Some("PreTrainedTokenizerFast"), false).unwrap_err();
        assert!(refused.contains("needs a tokenizer.json"), "{refused}");
    }
}
