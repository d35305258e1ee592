//! The settings of a Transformer that depend on what a text is for: `query_length`, `document_length` and
//! `query_expansion`.

use serde_json::{Map, Value};

use crate::field::unusable;

/// The lengths of queries and documents, and how queries are filled up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskOptions {
    /// The most tokens of a query that isn't filled up.
    pub query_length: Option<usize>,
    /// The most tokens of a document.
    pub document_length: Option<usize>,
    /// How queries are filled up.
    pub expansion: Option<Expansion>,
}

/// How a query is filled up to a number of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// What the number means.
    pub width: ExpansionWidth,
    /// The number.
    pub tokens: usize,
    /// Whether the other tokens attend to those that fill it up.
    pub attended: bool,
    /// The token; the tokenizer's mask if there is none.
    pub token: Option<String>,
}

/// What the number of tokens of a query means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpansionWidth {
    /// Each query has as many: longer ones are cut.
    Fixed,
    /// Each query has at least as many.
    Min,
}

impl TaskOptions {
    /// Checks the fields, those that are written. An error names the field.
    pub fn check(
        query_length: Option<&Value>,
        document_length: Option<&Value>,
        query_expansion: Option<&Value>,
    ) -> Result<Self, String> {
        let length = |field: &str, value: Option<&Value>| {
            let value = value.filter(|value| !value.is_null());
            value.map(|value| tokens(field, value)).transpose()
        };
        let options = Self {
            query_length: length("query_length", query_length)?,
            document_length: length("document_length", document_length)?,
            expansion: match query_expansion {
                None | Some(Value::Null) => None,
                Some(written) => Some(Expansion::check(written)?),
            },
        };
        match (&options.expansion, options.query_length) {
            (Some(expansion), Some(length)) if length < expansion.tokens => {
                let allowed = format!(
                    "at least {} is allowed, the length of query_expansion",
                    expansion.tokens
                );
                Err(unusable("query_length", length, &allowed))
            }
            _ => Ok(options),
        }
    }

    /// Whether none of them is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// With those of `others` that aren't set here.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            query_length: self.query_length.or(others.query_length),
            document_length: self.document_length.or(others.document_length),
            expansion: self.expansion.or(others.expansion),
        }
    }
}

impl Expansion {
    /// The number of tokens of ColBERT's queries.
    pub const USUAL: usize = 32;

    /// Each query has so many tokens.
    pub fn fixed(tokens: usize, attended: bool) -> Self {
        Self { width: ExpansionWidth::Fixed, tokens, attended, token: None }
    }

    fn check(written: &Value) -> Result<Self, String> {
        const FIELDS: [&str; 4] = ["strategy", "attend", "token", "length"];
        let none = Map::new();
        let fields = written.as_object().unwrap_or(&none);
        let unknown = fields.keys().find(|name| !FIELDS.contains(&name.as_str()));
        if unknown.is_some() || !written.is_object() {
            let allowed = format!("allowed is an object of {}", FIELDS.join(", "));
            return Err(unusable("query_expansion", written.clone(), &allowed));
        }
        let found = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let wrong = |name: &str, allowed: &str| {
            unusable(&format!("query_expansion.{name}"), found(name), allowed)
        };
        let width = match found("strategy").as_str() {
            Some("fixed") => ExpansionWidth::Fixed,
            Some("min") => ExpansionWidth::Min,
            _ => return Err(wrong("strategy", "allowed are \"fixed\" and \"min\"")),
        };
        let attended = match fields.get("attend") {
            None => false,
            Some(Value::Bool(attend)) => *attend,
            Some(_) => return Err(wrong("attend", "allowed are true and false")),
        };
        let token = match found("token") {
            Value::Null => None,
            Value::String(token) => Some(token),
            _ => return Err(wrong("token", "allowed are null and a token's name")),
        };
        let tokens = tokens("query_expansion.length", &found("length"))?;
        Ok(Self { width, tokens, attended, token })
    }
}

/// A number of tokens.
pub fn tokens(field: &str, value: &Value) -> Result<usize, String> {
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
    number
        .filter(|&number| number > 0)
        .ok_or_else(|| unusable(field, value.clone(), "a whole number of at least 1 is allowed"))
}
