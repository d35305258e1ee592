//! Special tokens that a field names, such as `cls_token`, and lists of further ones.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::token::Declared;
use crate::text::error::TokenizerError;
use crate::text::loading::fields::Fields;

/// The fields that name a special token, in the order in which new tokens get ids.
const NAMES: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// The list of further special tokens, or an object of names and tokens.
const EXTRA: &str = "extra_special_tokens";

/// The name of the list before version 5 of transformers.
const ADDITIONAL: &str = "additional_special_tokens";

/// Names and tokens as transformers 5 saves them.
const SAVED: &str = "model_specific_special_tokens";

/// A special token that a class has if no file names one.
#[derive(Clone, Debug)]
pub struct ClassToken<'c> {
    /// Its field.
    pub field: &'static str,
    /// The token.
    pub content: &'c str,
    /// Whether it may be missing, since the tokenizer never writes it by itself.
    pub optional: bool,
    /// Whether it takes the space before it, unless a file says otherwise.
    pub lstrip: bool,
}

/// A special token with a name.
pub struct Named {
    /// The field that names it.
    pub field: String,
    /// The token.
    pub token: Declared,
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
    check_map(map)?;
    let mut all = Vec::new();
    let stated = |field: &str, token| Named { field: field.to_owned(), token, optional: false };
    for field in NAMES {
        let source = source(config, map, field);
        let default = defaults.iter().find(|default| default.field == field);
        let lstrip = default.is_some_and(|default| default.lstrip);
        if let Some(value) = source.get(field) {
            let token = token(source, field, value)?;
            all.push(stated(field, token.with_lstrip(lstrip && value.is_string())));
        } else if let Some(default) = default
            && source.written(field).is_none()
        {
            let token = Declared::plain(default.content, true).with_lstrip(lstrip);
            let (field, optional) = (field.to_owned(), default.optional);
            all.push(Named { field, token, optional });
        }
    }
    // Names of the checkpoint's own. transformers makes tokens of the config's objects when it reads
    // the file, before it reads the map; strings become tokens last, and replace what was saved as
    // `model_specific_special_tokens`.
    let own = |fields: &'_ Fields| -> Vec<(String, Value)> {
        let own = fields.iter().filter(|(name, value)| is_own_name(name, value));
        own.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    };
    let (objects, strings): (Vec<_>, Vec<_>) =
        own(config).into_iter().partition(|(_, value)| value.is_object());
    let extra = |fields: &'_ Fields| fields.get(EXTRA).and_then(Value::as_object).cloned();
    let are_replaced = !strings.is_empty() || extra(config).is_some();
    let saved = config.get(SAVED).and_then(Value::as_object).filter(|_| !are_replaced).cloned();
    let inner = |map: Option<Map<String, Value>>| map.into_iter().flatten().collect::<Vec<_>>();
    for (fields, list) in [
        (config, objects),
        (map, own(map)),
        (config, strings),
        (config, inner(saved)),
        (config, inner(extra(config))),
        (map, inner(extra(map))),
    ] {
        for (name, value) in list {
            all.push(stated(&name, token(fields, &name, &value)?));
        }
    }
    Ok(all)
}

/// The map goes over the config, whatever a key of it means to transformers. Only tokens are read.
fn check_map(map: &Fields) -> Result<(), TokenizerError> {
    let is_token = |name: &str| name.ends_with("_token") || [EXTRA, ADDITIONAL].contains(&name);
    match map.iter().find(|(name, _)| !is_token(name)) {
        Some((name, value)) => {
            Err(map.wrong(name, value, "only special tokens can be served in this file"))
        }
        None => Ok(()),
    }
}

/// The file whose say on a name counts: the map is the older file, but goes over the config, and
/// arguments go over both.
fn source<'f>(config: &'f Fields, map: &'f Fields, field: &str) -> &'f Fields {
    if map.written(field).is_some() && !config.is_given_argument(field) { map } else { config }
}

fn is_own_name(name: &str, value: &Value) -> bool {
    let is_token = value.is_string() || value.get("content").is_some();
    name.ends_with("_token") && !NAMES.contains(&name) && is_token
}

/// Reads the list of further special tokens: `extra_special_tokens`, called
/// `additional_special_tokens` before version 5 of transformers, or else those that the class has.
///
/// # Errors
/// It isn't a list, or a token is neither a string nor an object with `content`.
pub fn read_extra(
    config: &Fields,
    map: &Fields,
    of_class: &[&str],
) -> Result<Vec<Declared>, TokenizerError> {
    let name = config_list(config);
    if name.is_none() && !has_list(config, map) && map.get(ADDITIONAL).is_none() {
        return Ok(of_class.iter().map(|content| Declared::plain(content, true)).collect());
    }
    let mut tokens = match name {
        Some(name) => list(config, name, false)?,
        None => Vec::new(),
    };
    if has_list(config, map) {
        for token in list(map, EXTRA, true)? {
            if !tokens.contains(&token) {
                tokens.push(token);
            }
        }
    } else if name.is_none() {
        tokens = list(map, ADDITIONAL, true)?;
    }
    Ok(tokens)
}

/// The config's list of further special tokens. transformers takes a filled new list, else the old
/// one if it is written, else the new one; an object has names of its own, which [`read`] reads.
fn config_list(config: &Fields) -> Option<&'static str> {
    let old = config.written(ADDITIONAL).map(|_| ADDITIONAL);
    match config.get(EXTRA) {
        Some(Value::Array(list)) if list.is_empty() => old.or(Some(EXTRA)),
        Some(Value::Object(_)) => old,
        Some(_) => Some(EXTRA),
        None => old.or(config.written(EXTRA).map(|_| EXTRA)),
    }
}

/// Whether the map's list under the newer name counts.
fn has_list(config: &Fields, map: &Fields) -> bool {
    map.get(EXTRA).is_some_and(Value::is_array) && !config.is_given_argument(EXTRA)
}

/// The tokens that transformers knows to be special when it reads `added_tokens.json`: the fields of
/// all classes and the lists, but of the config only what is written as a string, and of the map
/// nothing under the older name.
pub fn early_specials(config: &Fields, map: &Fields) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    let mut add = |value: &Value, is_map: bool| {
        let content = value.as_str().or(value["content"].as_str().filter(|_| is_map));
        known.extend(content.map(str::to_owned));
    };
    for field in NAMES {
        let source = source(config, map, field);
        source.get(field).into_iter().for_each(|value| add(value, std::ptr::eq(source, map)));
    }
    let of_config = config_list(config).and_then(|name| config.get(name)?.as_array());
    of_config.into_iter().flatten().for_each(|value| add(value, false));
    let of_map = map.get(EXTRA).filter(|_| has_list(config, map)).and_then(Value::as_array);
    of_map.into_iter().flatten().for_each(|value| add(value, true));
    known
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
