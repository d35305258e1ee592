//! What PyLate writes into `config_sentence_transformers.json`: markers, lengths, how queries are filled up,
//! and which words are skipped. Later versions of sentence-transformers have these elsewhere.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::task_options::{Expansion, TaskOptions, tokens};
use super::{LengthFields, Similarity, SkippedWords};
use crate::field::unusable;

/// The fields that only PyLate writes. Three of them may be null, which is not the same as missing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PyLateFields {
    #[serde(deserialize_with = "super::super::options::present")]
    query_prefix: Option<Value>,
    #[serde(deserialize_with = "super::super::options::present")]
    document_prefix: Option<Value>,
    query_length: Option<Value>,
    document_length: Option<Value>,
    #[serde(deserialize_with = "super::super::options::present")]
    query_expansion: Option<Value>,
    do_query_expansion: Option<Value>,
    attend_to_expansion_tokens: Option<Value>,
    attend_to_mask_tokens: Option<Value>,
    skiplist_words: Option<Value>,
    similarity_fn_name: Option<Value>,
}

/// What the options say about late interaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LateOptions {
    /// How two texts are compared.
    pub similarity: Similarity,
    /// Lengths, and how queries are filled up.
    pub tasks: TaskOptions,
    /// Texts in front of queries and documents that are tokens of the vocabulary, if it has them.
    pub markers: Vec<String>,
    /// The words that are skipped, if PyLate wrote the file. Later versions have a module for them.
    pub pylate_skipped: Option<SkippedWords>,
    /// The fields that have lengths.
    pub fields: LengthFields,
}

impl PyLateFields {
    /// Checks the fields, and puts the markers in front of `prompts`. `is_pylate` is whether PyLate wrote
    /// the file, `has_type` whether it says so by its `model_type`. An error names the field.
    pub fn check(
        self,
        prompts: &mut BTreeMap<String, String>,
        is_pylate: bool,
        has_type: bool,
    ) -> Result<LateOptions, String> {
        let tasks = if self.has_any() { self.tasks()? } else { TaskOptions::default() };
        let is_derived = self.query_expansion.is_none();
        let has_prefix = self.query_prefix.is_some() || self.document_prefix.is_some();
        let mut markers = Vec::new();
        let prefixes = [
            ("query", "query_prefix", self.query_prefix),
            ("document", "document_prefix", self.document_prefix),
        ];
        for (name, field, prefix) in prefixes {
            let marker = match prefix {
                None => continue,
                Some(Value::Null) => String::new(),
                Some(Value::String(marker)) => marker,
                Some(other) => return Err(unusable(field, other, "allowed is a text")),
            };
            let prompt = prompts.entry(name.to_owned()).or_default();
            if !prompt.starts_with(&marker) {
                prompt.insert_str(0, &marker);
            }
            markers.push(marker);
        }
        let skipped = match self.skiplist_words {
            Some(written) => SkippedWords::in_documents(words("skiplist_words", &written)?),
            None if has_type || has_prefix => SkippedWords::punctuation(),
            None => SkippedWords::default(),
        };
        let pylate_skipped = is_pylate.then_some(skipped);
        let similarity = match self.similarity_fn_name.as_ref().and_then(Value::as_str) {
            Some("meanmaxsim") => Similarity::MeanMaxSim,
            // Of other names, which are for rows, the default is taken.
            _ => Similarity::MaxSim,
        };
        let mut fields = LengthFields::SETTINGS;
        if is_derived {
            fields.filled_query = "query_length";
        }
        Ok(LateOptions { similarity, tasks, markers, pylate_skipped, fields })
    }

    /// Whether any of them is written.
    pub fn has_any(&self) -> bool {
        let fields = [
            &self.query_prefix,
            &self.document_prefix,
            &self.query_length,
            &self.document_length,
            &self.query_expansion,
            &self.do_query_expansion,
            &self.attend_to_expansion_tokens,
            &self.attend_to_mask_tokens,
            &self.skiplist_words,
        ];
        fields.into_iter().any(Option::is_some)
    }

    /// Without a `query_expansion` queries are filled up, unless `do_query_expansion` is false; to
    /// `query_length` then.
    fn tasks(&self) -> Result<TaskOptions, String> {
        let [query, document] = [self.query_length.as_ref(), self.document_length.as_ref()];
        if self.query_expansion.is_some() {
            return TaskOptions::check(query, document, self.query_expansion.as_ref());
        }
        if self.do_query_expansion == Some(Value::Bool(false)) {
            return TaskOptions::check(query, document, None);
        }
        let length = query.map(|length| tokens("query_length", length)).transpose()?;
        let attended = self.attend_to_expansion_tokens.as_ref();
        let attended = attended.or(self.attend_to_mask_tokens.as_ref());
        let attended = match attended {
            None => false,
            Some(Value::Bool(attended)) => *attended,
            Some(other) => {
                let field = "attend_to_expansion_tokens";
                return Err(unusable(field, other.clone(), "allowed are true and false"));
            }
        };
        let expansion = Some(Expansion::fixed(length.unwrap_or(Expansion::USUAL), attended));
        Ok(TaskOptions { expansion, ..TaskOptions::check(None, document, None)? })
    }
}

/// A list of words.
pub fn words(field: &str, written: &Value) -> Result<Vec<String>, String> {
    Vec::deserialize(written)
        .map_err(|_| unusable(field, written.clone(), "allowed is a list of words"))
}
