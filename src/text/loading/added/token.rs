//! A token as a file declares it.

use serde_json::{Map, Value};
use tokenizers::AddedToken;

/// A token as a file declares it, with defaults where it says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Its text.
    pub content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    /// By default, special tokens aren't normalised and others are.
    normalized: Option<bool>,
    special: bool,
}

impl Declared {
    /// A token of which only the text is given.
    pub fn plain(content: &str, special: bool) -> Self {
        let content = content.to_owned();
        let (single_word, lstrip, rstrip, normalized) = (false, false, false, None);
        Self { content, single_word, lstrip, rstrip, normalized, special }
    }

    /// The same token, taking the space before it if `lstrip`.
    #[must_use]
    pub fn with_lstrip(self, lstrip: bool) -> Self {
        Self { lstrip: self.lstrip || lstrip, ..self }
    }

    /// A token of `added_tokens.json`: it is normalised if it isn't known as special yet, even if a
    /// name makes it special later.
    pub fn added(content: &str, special: bool) -> Self {
        Self { normalized: Some(!special), ..Self::plain(content, special) }
    }

    /// Reads a token: a string, which is a special token then, or an object. `special` is whether
    /// an object that doesn't say so is special.
    ///
    /// # Errors
    /// What is allowed, if it is something else.
    pub fn read(value: &Value, special: bool) -> Result<Self, String> {
        match value {
            Value::String(content) => Ok(Self::plain(content, true)),
            Value::Object(fields) => Self::read_object(fields, special),
            _ => Err("a token is a string, or an object with content".to_owned()),
        }
    }

    fn read_object(fields: &Map<String, Value>, special: bool) -> Result<Self, String> {
        let content = fields.get("content").and_then(Value::as_str);
        let content = content.ok_or("a token needs content, a string")?;
        let flag = |name: &str| match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(format!("{name} of a token is true or false")),
        };
        Ok(Self {
            content: content.to_owned(),
            single_word: flag("single_word")?.unwrap_or(false),
            lstrip: flag("lstrip")?.unwrap_or(false),
            rstrip: flag("rstrip")?.unwrap_or(false),
            normalized: flag("normalized")?,
            special: flag("special")?.unwrap_or(special),
        })
    }

    /// The token for the tokenizer; `named` is whether a field such as `cls_token` names it, which
    /// makes it special.
    pub fn to_token(&self, named: bool) -> AddedToken {
        let special = self.special || named;
        AddedToken {
            content: self.content.clone(),
            single_word: self.single_word,
            lstrip: self.lstrip,
            rstrip: self.rstrip,
            normalized: self.normalized.unwrap_or(!special),
            special,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn strings_are_special_and_objects_say_it_themselves() {
        let string = Declared::read(&json!("[E1]"), false).unwrap().to_token(false);
        assert!(string.special && !string.normalized);
        let object = Declared::read(&json!({"content": "x", "lstrip": true}), false).unwrap();
        let token = object.to_token(false);
        assert!(token.lstrip && !token.rstrip && token.normalized && !token.special);
        let named = object.to_token(true);
        assert!(named.special && !named.normalized);
        let kept = Declared::read(&json!({"content": "x", "normalized": true}), true).unwrap();
        assert!(kept.to_token(false).normalized);
    }

    #[test]
    fn tokens_of_other_types_are_refused() {
        for wrong in [json!(3), json!(["x"]), json!({"lstrip": true}), json!({"content": 1})] {
            assert!(Declared::read(&wrong, false).is_err(), "{wrong}");
        }
        let flag = Declared::read(&json!({"content": "x", "rstrip": 1}), false).unwrap_err();
        assert!(flag.contains("rstrip"), "{flag}");
    }
}
