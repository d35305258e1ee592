//! The tokenizer's class: what transformers makes of a checkpoint's files.
//!
//! Since its version 5, a class builds all parts anew from the vocabulary and its own arguments, and
//! leaves out what `tokenizer.json` says about them. Only the class without a model of its own reads
//! `tokenizer.json` as it is.

use std::path::Path;

use serde_json::Value;

use super::fields::Fields;
use crate::text::error::TokenizerError;
use crate::text::hints::TokenizerHints;

/// What reads the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// BERT's own: WordPiece, everything else from `tokenizer_config.json`.
    Bert,
    /// XLM-RoBERTa's: a unigram model, used by multilingual BERT checkpoints.
    XlmRoberta,
    /// `tokenizer.json` as it is.
    Whole,
}

/// The class of a checkpoint's tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// What reads the files.
    pub kind: Kind,
    /// Whether the model gets the token types, unless `model_input_names` says otherwise; zeros if
    /// not.
    pub token_types: bool,
}

/// The classes without the `Fast` that some names end with.
const CLASSES: [(&str, Class); 12] = {
    const BERT: Class = Class { kind: Kind::Bert, token_types: true };
    const WHOLE: Class = Class { kind: Kind::Whole, token_types: false };
    [
        ("BertTokenizer", BERT),
        ("ElectraTokenizer", BERT),
        ("LayoutLMTokenizer", BERT),
        ("LxmertTokenizer", BERT),
        ("MobileBertTokenizer", BERT),
        ("SqueezeBertTokenizer", BERT),
        ("DistilBertTokenizer", Class { kind: Kind::Bert, token_types: false }),
        ("XLMRobertaTokenizer", Class { kind: Kind::XlmRoberta, token_types: false }),
        ("PreTrainedTokenizer", WHOLE),
        ("PythonBackend", WHOLE),
        ("TokenizersBackend", WHOLE),
        ("PreTrainedTokenizerFast", WHOLE),
    ]
};

impl Class {
    /// The class that `tokenizer_config.json` names, or else `config.json`, or else BERT's.
    /// `has_json` is whether there is a `tokenizer.json`.
    ///
    /// # Errors
    /// Another class, one that needs a `tokenizer.json`, or one with code of its own.
    pub fn choose(
        config: &Fields,
        hints: &TokenizerHints,
        dir: &Path,
        has_json: bool,
    ) -> Result<Self, TokenizerError> {
        check_auto_map(config)?;
        let named = config.text("tokenizer_class")?.filter(|name| !name.is_empty());
        let file = dir.join(if named.is_some() { "tokenizer_config.json" } else { "config.json" });
        let Some(name) = named.or(hints.config_class.as_deref()) else { return Ok(CLASSES[0].1) };
        let same = |known: &str| known == name || name.strip_suffix("Fast") == Some(known);
        let class = CLASSES.into_iter().find(|(known, _)| same(known)).map(|(_, class)| class);
        let refused = |allowed: String| {
            TokenizerError::field(&file, "tokenizer_class", &Value::from(name), &allowed)
        };
        match class {
            Some(class) if class.kind == Kind::Bert || has_json => Ok(class),
            Some(_) => Err(refused(
                "this class needs a tokenizer.json, and there is only vocab.txt, which BertTokenizer \
                 reads"
                    .to_owned(),
            )),
            None => {
                let names: Vec<_> = CLASSES.iter().map(|(known, _)| *known).collect();
                Err(refused(format!("allowed are {}, also with Fast at the end", names.join(", "))))
            }
        }
    }
}

/// A class that comes as Python code with the checkpoint can't be run.
fn check_auto_map(config: &Fields) -> Result<(), TokenizerError> {
    let Some(map) = config.get("auto_map") else { return Ok(()) };
    let entry = map.get("AutoTokenizer").unwrap_or(if map.is_array() { map } else { &Value::Null });
    let names_code = match entry {
        Value::Array(list) => list.iter().any(|name| !name.is_null()),
        other => !other.is_null(),
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

    fn choose(hints: Option<&str>, has_json: bool) -> Result<Class, String> {
        let dir = Path::new("folder");
        let hints = TokenizerHints { config_class: hints.map(str::to_owned), ..Default::default() };
        let config = Fields::none(&dir.join("tokenizer_config.json"));
        Class::choose(&config, &hints, dir, has_json).map_err(|error| error.to_string())
    }

    #[test]
    fn no_class_is_berts_and_names_may_end_with_fast() {
        for name in
            [None, Some("BertTokenizer"), Some("BertTokenizerFast"), Some("ElectraTokenizer")]
        {
            assert_eq!(choose(name, false), Ok(Class { kind: Kind::Bert, token_types: true }));
        }
        let distil = choose(Some("DistilBertTokenizerFast"), true);
        assert_eq!(distil, Ok(Class { kind: Kind::Bert, token_types: false }));
        let whole = choose(Some("PreTrainedTokenizerFast"), true);
        assert_eq!(whole, Ok(Class { kind: Kind::Whole, token_types: false }));
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
