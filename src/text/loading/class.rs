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
    /// The same with MPNet's special tokens.
    MPNet(Option<&'j TokenizerJson>),
    /// RoBERTa's: pairs of bytes, from `tokenizer.json`, or `vocab.json` and `merges.txt`.
    Roberta(Option<&'j TokenizerJson>),
    /// XLM-RoBERTa's: a unigram model, also used by multilingual BERT checkpoints.
    XlmRoberta(&'j TokenizerJson),
    /// The same with CamemBERT's special tokens.
    Camembert(&'j TokenizerJson),
    /// DeBERTa-v2's: a unigram model, and a normalizer of its own.
    DebertaV2(&'j TokenizerJson),
    /// ALBERT's: the same with another normalizer.
    Albert(&'j TokenizerJson),
    /// `tokenizer.json` as it is.
    Whole(&'j TokenizerJson),
}

/// The classes that have a [`Source`] each.
#[derive(Clone, Copy)]
enum Kind {
    Bert,
    MPNet,
    Roberta,
    XlmRoberta,
    Camembert,
    DebertaV2,
    Albert,
    Whole,
}

/// The class of a checkpoint that names none, and whose family has no other.
const DEFAULT: &str = "BertTokenizer";

/// The classes without the `Fast` that some names end with, and whether they have token types.
const CLASSES: [(&str, Kind, bool); 19] = [
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
    ("MPNetTokenizer", Kind::MPNet, false),
    ("RobertaTokenizer", Kind::Roberta, false),
    ("XLMRobertaTokenizer", Kind::XlmRoberta, false),
    ("CamembertTokenizer", Kind::Camembert, false),
    ("DebertaV2Tokenizer", Kind::DebertaV2, true),
    ("AlbertTokenizer", Kind::Albert, false),
    ("PreTrainedTokenizer", Kind::Whole, false),
    ("PythonBackend", Kind::Whole, false),
    ("TokenizersBackend", Kind::Whole, false),
];

impl<'j> Class<'j> {
    /// The class that `tokenizer_config.json` names, or else `config.json`, or else that of the
    /// encoder's family. `json` is `tokenizer.json`, if there is one.
    ///
    /// # Errors
    /// Another class, one whose files are missing, or one with code of its own.
    pub fn choose(
        config: &Fields,
        hints: &TokenizerHints,
        dir: &Path,
        json: Option<&'j TokenizerJson>,
    ) -> Result<Self, TokenizerError> {
        check_auto_map(config)?;
        let named = config.text("tokenizer_class")?;
        let file = dir.join(if named.is_some() { "tokenizer_config.json" } else { "config.json" });
        let family = hints.family_class;
        // Of such a family transformers doesn't obey the name.
        let is_whole = family.is_some_and(|class| class == WHOLE);
        let written = named.or(hints.config_class.as_deref()).filter(|_| !is_whole);
        let name = written.or(family).unwrap_or(DEFAULT);
        let refused = |allowed: &str| {
            Err(TokenizerError::field(&file, "tokenizer_class", &Value::from(name), allowed))
        };
        let is_named = |known: &str| known == name || name.strip_suffix("Fast") == Some(known);
        let Some(&(_, kind, token_types)) = CLASSES.iter().find(|(known, ..)| is_named(known))
        else {
            let names = CLASSES.map(|(known, ..)| known).join(", ");
            return refused(&format!("allowed are {names}, also with Fast at the end"));
        };
        let has = |name: &str| dir.join(name).exists();
        let source = match (kind, json) {
            (Kind::Bert, Some(_)) => Source::Bert(json),
            (Kind::Bert, None) if has(VOCAB_TXT) => Source::Bert(json),
            (Kind::MPNet, Some(_)) => Source::MPNet(json),
            (Kind::MPNet, None) if has(VOCAB_TXT) => Source::MPNet(json),
            (Kind::Roberta, Some(_)) => Source::Roberta(json),
            (Kind::Roberta, None) if PAIRS.into_iter().all(has) => Source::Roberta(json),
            (Kind::XlmRoberta, Some(json)) => Source::XlmRoberta(json),
            (Kind::Camembert, Some(json)) => Source::Camembert(json),
            (Kind::DebertaV2, Some(json)) => Source::DebertaV2(json),
            (Kind::Albert, Some(json)) => Source::Albert(json),
            (Kind::Whole, Some(json)) => Source::Whole(json),
            (kind, None) => {
                let missing = missing(kind, dir);
                return match written {
                    Some(_) => refused(&format!("this class {missing}")),
                    None => Err(TokenizerError::new(dir, format!("the class {name} {missing}"))),
                };
            }
        };
        Ok(Self { source, token_types })
    }
}

/// The class that reads `tokenizer.json` as it is.
const WHOLE: &str = "TokenizersBackend";

/// The file with a WordPiece vocabulary, where there is no `tokenizer.json`.
pub const VOCAB_TXT: &str = "vocab.txt";

/// The files with pairs of bytes: the vocabulary, and the pairs in the order in which they are merged.
pub const PAIRS: [&str; 2] = ["vocab.json", "merges.txt"];

/// Names of SentencePiece's own files.
const SENTENCE_PIECE: [&str; 4] =
    ["sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.model"];

/// What a class needs, and what the folder has instead.
fn missing(kind: Kind, dir: &Path) -> String {
    let needed = match kind {
        Kind::Bert | Kind::MPNet => "a tokenizer.json, or a vocab.txt",
        Kind::Roberta => "a tokenizer.json, or a vocab.json with a merges.txt",
        Kind::XlmRoberta | Kind::Camembert | Kind::DebertaV2 | Kind::Albert | Kind::Whole => {
            "a tokenizer.json"
        }
    };
    let others = SENTENCE_PIECE.into_iter().chain([VOCAB_TXT]).chain(PAIRS);
    let found: Vec<&str> = others.filter(|name| dir.join(name).exists()).collect();
    let has_pieces = found.iter().any(|name| SENTENCE_PIECE.contains(name));
    let found = if found.is_empty() {
        "none of these".to_owned()
    } else {
        format!("only {}", found.join(", "))
    };
    let advice = "; in transformers, AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) \
                  makes a tokenizer.json of it";
    let advice = if has_pieces { advice } else { "" };
    format!("needs {needed}, and the folder has {found}{advice}")
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

    /// The source and whether there are token types, of a folder with empty files of these names.
    fn choose(name: Option<&str>, files: &[&str]) -> Result<(&'static str, bool), String> {
        let hints = TokenizerHints { config_class: name.map(str::to_owned), ..Default::default() };
        choose_by(&hints, files)
    }

    fn choose_by(hints: &TokenizerHints, files: &[&str]) -> Result<(&'static str, bool), String> {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|file| std::fs::write(folder.path().join(file), "").unwrap());
        let config = Fields::none(&folder.path().join("tokenizer_config.json"));
        let json = TokenizerJson::default();
        let json = files.contains(&"tokenizer.json").then_some(&json);
        let class = Class::choose(&config, hints, folder.path(), json);
        let class = class.map_err(|error| error.to_string())?;
        let source = match class.source {
            Source::Bert(None) => "vocab.txt",
            Source::Bert(Some(_)) => "vocabulary",
            Source::MPNet(_) => "MPNet",
            Source::Roberta(_) => "RoBERTa",
            Source::XlmRoberta(_) => "XLM-RoBERTa",
            Source::Camembert(_) => "CamemBERT",
            Source::DebertaV2(_) => "DeBERTa-v2",
            Source::Albert(_) => "ALBERT",
            Source::Whole(_) => "whole",
        };
        Ok((source, class.token_types))
    }

    const JSON: &[&str] = &["tokenizer.json"];

    #[test]
    fn no_class_is_berts_and_names_may_end_with_fast() {
        for name in
            [None, Some("BertTokenizer"), Some("BertTokenizerFast"), Some("ElectraTokenizer")]
        {
            assert_eq!(choose(name, &["vocab.txt"]), Ok(("vocab.txt", true)));
        }
        assert_eq!(choose(None, JSON), Ok(("vocabulary", true)));
        assert_eq!(choose(Some("DistilBertTokenizerFast"), JSON), Ok(("vocabulary", false)));
        assert_eq!(choose(Some("PreTrainedTokenizerFast"), JSON), Ok(("whole", false)));
        assert_eq!(choose(Some("XLMRobertaTokenizer"), JSON), Ok(("XLM-RoBERTa", false)));
        assert_eq!(choose(Some("CamembertTokenizerFast"), JSON), Ok(("CamemBERT", false)));
        assert_eq!(choose(Some("DebertaV2TokenizerFast"), JSON), Ok(("DeBERTa-v2", true)));
        assert_eq!(choose(Some("AlbertTokenizer"), JSON), Ok(("ALBERT", false)));
        assert_eq!(choose(Some("MPNetTokenizer"), &["vocab.txt"]), Ok(("MPNet", false)));
        assert_eq!(choose(Some("RobertaTokenizer"), &PAIRS), Ok(("RoBERTa", false)));
    }

    #[test]
    fn a_family_has_a_class_that_counts_if_none_is_named_or_whatever_is_named() {
        let choose_for = |family, named: Option<&str>| {
            let config_class = named.map(str::to_owned);
            let family_class = Some(family);
            choose_by(&TokenizerHints { config_class, family_class, ..Default::default() }, JSON)
        };
        assert_eq!(choose_for("RobertaTokenizer", None), Ok(("RoBERTa", false)));
        assert_eq!(choose_for("RobertaTokenizer", Some("BertTokenizer")), Ok(("vocabulary", true)));
        assert_eq!(choose_for("TokenizersBackend", Some("RobertaTokenizer")), Ok(("whole", false)));
    }

    #[test]
    fn other_classes_are_refused_by_name_and_so_is_a_class_that_lacks_its_file() {
        for name in ["BertJapaneseTokenizer", "EsmTokenizer", "KoBertTokenizer"] {
            let refused = choose(Some(name), JSON).unwrap_err();
            assert!(refused.contains("config.json: tokenizer_class is"), "{refused}");
            assert!(refused.contains(name), "{refused}");
        }
        for (name, files, expected) in [
            (
                "PreTrainedTokenizerFast",
                &["vocab.txt"][..],
                "tokenizer.json, and the folder has only vocab.txt",
            ),
            (
                "RobertaTokenizer",
                &["vocab.json"],
                "a merges.txt, and the folder has only vocab.json",
            ),
            ("MPNetTokenizer", &[], "or a vocab.txt, and the folder has none of these"),
            (
                "CamembertTokenizer",
                &["sentencepiece.bpe.model"],
                "save_pretrained(FOLDER) makes a tokenizer.json",
            ),
            (
                "DebertaV2Tokenizer",
                &["spm.model"],
                "only spm.model; in transformers, AutoTokenizer.from_pretrained",
            ),
            (
                "AlbertTokenizer",
                &["spiece.model"],
                "only spiece.model; in transformers, AutoTokenizer.from_pretrained",
            ),
            (
                "XLMRobertaTokenizer",
                &["sentencepiece.bpe.model"],
                "only sentencepiece.bpe.model; in transformers",
            ),
        ] {
            let refused = choose(Some(name), files).unwrap_err();
            assert!(refused.contains(&format!("\"{name}\"; this class needs")), "{refused}");
            assert!(refused.contains(expected), "{refused}");
        }
        let refused = choose(None, &[]).unwrap_err();
        assert!(refused.contains("the class BertTokenizer needs"), "{refused}");
    }
}
