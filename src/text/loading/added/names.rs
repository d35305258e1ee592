//! Special tokens that a field names, such as `cls_token`, and lists of further ones.

use serde_json::Value;

use super::token::Declared;
use crate::text::error::TokenizerError;
use crate::text::loading::fields::Fields;

/// The fields that name a special token, in the order in which new tokens get ids.
const NAMES: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// A special token that a class has if no file names one.
#[derive(Clone, Debug)]
pub struct ClassToken<'c> {
    /// Its field.
    pub field: &'static str,
    /// The token.
    pub content: &'c str,
    /// Whether it may be missing, since the tokenizer never writes it by itself.
    pub optional: bool,
}

/// A special token with a name.
pub struct Named {
    /// The field that names it.
    pub field: String,
    /// The token.
    pub token: Declared,
    /// Whether the class has it, and no file names it.
    pub by_class: bool,
    /// Whether it may be missing.
    pub optional: bool,
}

/// Reads the tokens that a field of `tokenizer_config.json` names, or else `special_tokens_map.json`,
/// or else the class. A name that is null has no token.
///
/// # Errors
/// A name is neither a string nor an object with `content`.
pub fn read(
    config: &Fields,
    map: &Fields,
    defaults: &[ClassToken<'_>],
) -> Result<Vec<Named>, TokenizerError> {
    let mut all = Vec::new();
    let stated = |field: &str, token| Named {
        field: field.to_owned(),
        token,
        by_class: false,
        optional: false,
    };
    for field in NAMES {
        // The map is the older file, but goes over the config.
        let goes_over = map.written(field).is_some() && !config.is_argument(field);
        let source = if goes_over { map } else { config };
        if let Some(value) = source.get(field) {
            all.push(stated(field, token(source, field, value)?));
        } else if let Some(default) = defaults.iter().find(|default| default.field == field)
            && source.written(field).is_none()
        {
            let token = Declared::plain(default.content, true);
            let (field, optional) = (field.to_owned(), default.optional);
            all.push(Named { field, token, by_class: true, optional });
        }
    }
    // Names of the checkpoint's own. transformers makes tokens of the config's objects when it reads
    // the file, before it reads the map; strings become tokens last.
    let own = |fields: &'_ Fields| -> Vec<(String, Value)> {
        let own = fields.iter().filter(|(name, value)| is_own_name(name, value));
        own.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    };
    let (objects, strings): (Vec<_>, Vec<_>) =
        own(config).into_iter().partition(|(_, value)| value.is_object());
    for (fields, list) in [(config, objects), (map, own(map)), (config, strings)] {
        for (name, value) in list {
            all.push(stated(&name, token(fields, &name, &value)?));
        }
    }
    for fields in [config, map] {
        let extra = fields.get("extra_special_tokens").and_then(Value::as_object);
        for (name, value) in extra.into_iter().flatten() {
            all.push(stated(name, token(fields, "extra_special_tokens", value)?));
        }
    }
    Ok(all)
}

fn is_own_name(name: &str, value: &Value) -> bool {
    let is_token = value.is_string() || value.get("content").is_some();
    name.ends_with("_token") && !NAMES.contains(&name) && is_token
}

/// Reads the list of further special tokens: `extra_special_tokens`, called
/// `additional_special_tokens` before version 5 of transformers.
///
/// # Errors
/// It isn't a list, or a token is neither a string nor an object with `content`.
pub fn read_extra(config: &Fields, map: &Fields) -> Result<Vec<Declared>, TokenizerError> {
    const NEW: &str = "extra_special_tokens";
    const OLD: &str = "additional_special_tokens";
    // transformers takes a filled new list, else the old one if it is written, else the new one. An
    // object has names of its own, which [`read`] reads.
    let old = config.written(OLD).map(|_| OLD);
    let name = match config.get(NEW) {
        Some(Value::Array(list)) if list.is_empty() => old.or(Some(NEW)),
        Some(Value::Object(_)) => old,
        Some(_) => Some(NEW),
        None => old.or(config.written(NEW).map(|_| NEW)),
    };
    let mut tokens = match name {
        Some(name) => list(config, name, false)?,
        None => Vec::new(),
    };
    if map.get(NEW).is_some_and(Value::is_array) {
        for token in list(map, NEW, true)? {
            if !tokens.contains(&token) {
                tokens.push(token);
            }
        }
    } else if name.is_none() {
        tokens = list(map, OLD, true)?;
    }
    Ok(tokens)
}

fn list(fields: &Fields, name: &str, special: bool) -> Result<Vec<Declared>, TokenizerError> {
    let Some(value) = fields.get(name) else { return Ok(Vec::new()) };
    let wrong = |allowed: &str| fields.wrong(name, value, allowed);
    let list = value.as_array().ok_or_else(|| wrong("a list of tokens is allowed"))?;
    let token = |value| Declared::read(value, special).map_err(|allowed| wrong(&allowed));
    list.iter().map(token).collect()
}

fn token(fields: &Fields, name: &str, value: &Value) -> Result<Declared, TokenizerError> {
    Declared::read(value, true).map_err(|allowed| fields.wrong(name, value, &allowed))
}
