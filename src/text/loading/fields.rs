//! The fields of a tokenizer's JSON files.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::text::error::TokenizerError;
use crate::text::hints::TokenizerArguments;

/// The fields of a JSON file, with those of sentence-transformers' arguments over them.
pub struct Fields {
    file: PathBuf,
    map: Map<String, Value>,
    arguments: Option<TokenizerArguments>,
}

/// Arguments that change no token.
const ARGUMENTS_WITHOUT_EFFECT: [&str; 7] = [
    "clean_up_tokenization_spaces",
    "code_revision",
    "do_basic_tokenize",
    "fix_mistral_regex",
    "never_split",
    "use_fast",
    "verbose",
];

/// Arguments that are obeyed.
const ARGUMENTS: [&str; 25] = [
    "add_bos_token",
    "add_eos_token",
    "add_prefix_space",
    "additional_special_tokens",
    "bos_token",
    "cls_token",
    "do_lower_case",
    "eos_token",
    "extra_special_tokens",
    "keep_accents",
    "mask_token",
    "max_len",
    "model_input_names",
    "model_max_length",
    "pad_token",
    "padding_side",
    "sep_token",
    "split_by_punct",
    "split_special_tokens",
    "strip_accents",
    "tokenize_chinese_chars",
    "trim_offsets",
    "truncation_side",
    "unk_id",
    "unk_token",
];

impl Fields {
    /// Reads a JSON object; `None` if there is no such file.
    ///
    /// # Errors
    /// The file can't be read or isn't a JSON object.
    pub fn read(file: &Path) -> Result<Option<Self>, TokenizerError> {
        let error = |message: &dyn ToString| TokenizerError::new(file, message.to_string());
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(error(&cause)),
        };
        let map = serde_json::from_str(&text).map_err(|cause| error(&cause))?;
        Ok(Some(Self { file: file.into(), map, arguments: None }))
    }

    /// No fields, as if the file held `{}`.
    pub fn none(file: &Path) -> Self {
        Self { file: file.into(), map: Map::new(), arguments: None }
    }

    /// Puts sentence-transformers' arguments over these fields.
    ///
    /// # Errors
    /// An argument that isn't understood.
    pub fn with_arguments(
        mut self,
        arguments: Option<&TokenizerArguments>,
    ) -> Result<Self, TokenizerError> {
        self.arguments = arguments.cloned();
        for (name, value) in arguments.iter().flat_map(|arguments| &arguments.map) {
            if ARGUMENTS.contains(&name.as_str()) {
                self.map.insert(name.clone(), value.clone());
            } else if !ARGUMENTS_WITHOUT_EFFECT.contains(&name.as_str()) {
                let allowed = format!("allowed are {}", ARGUMENTS.join(", "));
                return Err(self.wrong(name, value, &allowed));
            }
        }
        Ok(self)
    }

    /// Whether sentence-transformers' arguments have this field.
    pub fn is_argument(&self, name: &str) -> bool {
        self.arguments.as_ref().is_some_and(|arguments| arguments.map.contains_key(name))
    }

    /// Whether sentence-transformers' arguments have this field, and not as null.
    pub fn is_given_argument(&self, name: &str) -> bool {
        self.is_argument(name) && self.get(name).is_some()
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// All fields, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.map.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A field as written; `Some(Null)` if it is there and null.
    pub fn written(&self, name: &str) -> Option<&Value> {
        self.map.get(name)
    }

    /// A field that is there and isn't null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// A field that is true or false.
    ///
    /// # Errors
    /// It is neither.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, TokenizerError> {
        let Some(value) = self.map.get(name) else { return Ok(default) };
        value.as_bool().ok_or_else(|| self.wrong(name, value, "allowed are true and false"))
    }

    /// A field that is a string, if it is there and isn't null.
    ///
    /// # Errors
    /// It is something else.
    pub fn text(&self, name: &str) -> Result<Option<&str>, TokenizerError> {
        let text = |value: &'_ Value| self.wrong(name, value, "a string is allowed");
        self.get(name).map(|value| value.as_str().ok_or_else(|| text(value))).transpose()
    }

    /// The error for a field that can't be used; `allowed` completes the sentence after its value.
    pub fn wrong(&self, name: &str, found: &Value, allowed: &str) -> TokenizerError {
        let (file, field) = self.place(name);
        TokenizerError::field(file, &field, found, allowed)
    }

    /// The file of a field, and its name there.
    pub fn place(&self, name: &str) -> (&Path, String) {
        match &self.arguments {
            Some(TokenizerArguments { file, field, map }) if map.contains_key(name) => {
                (file, format!("{field}.{name}"))
            }
            _ => (&self.file, name.to_owned()),
        }
    }
}
