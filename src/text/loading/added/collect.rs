//! Collects the added tokens from all files that declare some.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::names::{self, ClassToken, Named};
use super::token::Declared;
use crate::text::error::TokenizerError;
use crate::text::loading::fields::Fields;
use crate::text::loading::json::token_id;

/// Where tokens are declared.
pub struct TokenFiles<'f> {
    /// `tokenizer_config.json`.
    pub config: &'f Fields,
    /// `added_tokens` of `tokenizer.json`.
    pub json: Option<&'f Value>,
    /// The special tokens that the class has by default.
    pub defaults: Vec<ClassToken<'f>>,
    /// Further special tokens that the class has if no file lists any.
    pub extra: &'f [&'f str],
    /// Whether `special_tokens_map.json` and `added_tokens.json` are read, if the config leaves them.
    pub older: bool,
}

/// The tokens that are added to the vocabulary.
pub struct Additions {
    /// `tokenizer_config.json`, for messages.
    pub file: PathBuf,
    /// Tokens declared with an id.
    pub declared: BTreeMap<u32, Declared>,
    /// Special tokens that a field names, in order.
    pub named: Vec<Named>,
    /// Further special tokens.
    pub extra: Vec<Declared>,
    /// Each token that a file declares with an id, the id, and the file.
    pub ids: Vec<(String, u32, PathBuf)>,
}

impl Additions {
    /// Collects the tokens that a checkpoint's files declare.
    ///
    /// # Errors
    /// A file or a field can't be used.
    pub fn collect(dir: &Path, files: &TokenFiles<'_>) -> Result<Self, TokenizerError> {
        let config = files.config;
        let decoder = config.get("added_tokens_decoder");
        // Older files are read only if the config doesn't list the added tokens itself.
        let older = files.older && decoder.is_none();
        let read = |name: &str| {
            let file = dir.join(name);
            let fields = if older { Fields::read(&file)? } else { None };
            Ok::<_, TokenizerError>(fields.unwrap_or_else(|| Fields::none(&file)))
        };
        let map = read("special_tokens_map.json")?;
        let mut additions = Self {
            file: dir.join("tokenizer_config.json"),
            declared: BTreeMap::new(),
            named: names::read(config, &map, &files.defaults)?,
            extra: names::read_extra(config, &map, files.extra)?,
            ids: Vec::new(),
        };
        let json_file = dir.join("tokenizer.json");
        let from_json = read_list(&json_file, files.json)?;
        if let Some(decoder) = decoder {
            for (id, token) in read_decoder(config, decoder)? {
                additions.declare(id, token, &additions.file.clone());
            }
        } else {
            let specials = names::early_specials(config, &map);
            additions.read_older(&read("added_tokens.json")?, &specials)?;
            for (id, token) in &from_json {
                additions.declared.insert(*id, token.clone());
            }
        }
        let ids = from_json.into_iter().map(|(id, token)| (token.content, id, json_file.clone()));
        additions.ids.extend(ids);
        Ok(additions)
    }

    fn declare(&mut self, id: u32, token: Declared, file: &Path) {
        self.ids.push((token.content.clone(), id, file.into()));
        self.declared.insert(id, token);
    }

    /// `added_tokens.json`, which has ids by content.
    fn read_older(
        &mut self,
        fields: &Fields,
        specials: &BTreeSet<String>,
    ) -> Result<(), TokenizerError> {
        for (content, id) in fields.iter() {
            let wrong = || fields.wrong(content, id, "allowed is an id, 0 or above");
            let id = token_id(id).ok_or_else(wrong)?;
            let token = Declared::added(content, specials.contains(content));
            self.declare(id, token, fields.file());
        }
        Ok(())
    }
}

/// `added_tokens_decoder`, which has tokens by id.
fn read_decoder(config: &Fields, decoder: &Value) -> Result<Vec<(u32, Declared)>, TokenizerError> {
    let wrong = |allowed: &str| config.wrong("added_tokens_decoder", decoder, allowed);
    let map = decoder.as_object().ok_or_else(|| wrong("an object is allowed"))?;
    let token = |(id, token): (&String, &Value)| {
        let id = id.parse().map_err(|_| wrong("its keys are ids, 0 or above"))?;
        if !token.is_object() {
            return Err(wrong("its values are objects with content"));
        }
        let token = Declared::read(token, false).map_err(|allowed| wrong(&allowed))?;
        Ok((id, token))
    };
    map.iter().map(token).collect()
}

/// `added_tokens` of `tokenizer.json`, a list of tokens with their ids.
fn read_list(file: &Path, list: Option<&Value>) -> Result<Vec<(u32, Declared)>, TokenizerError> {
    let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let token = |value: &Value| {
        let wrong = |allowed: &str| TokenizerError::field(file, "added_tokens", value, allowed);
        let id = value.get("id").and_then(token_id);
        let id = id.ok_or_else(|| wrong("a token needs an id, 0 or above"))?;
        let token = Declared::read(value, false).map_err(|allowed| wrong(&allowed))?;
        Ok((id, token))
    };
    list.iter().map(token).collect()
}
