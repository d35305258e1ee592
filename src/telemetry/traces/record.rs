//! A span as plain data.

use std::borrow::Cow;
use std::time::Instant;

/// What is known of a span when it has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanRecord {
    /// Its name; one of few, never what a client sent.
    pub name: Cow<'static, str>,
    /// When it began.
    pub began: Instant,
    /// When it ended.
    pub ended: Instant,
    /// Its attributes, without any text, key or query string of a client.
    pub attributes: Vec<(&'static str, AttributeValue)>,
    /// Whether the server failed in it.
    pub failed: bool,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// A word.
    Text(Cow<'static, str>),
    /// A count or a status.
    Number(i64),
}

impl From<&'static str> for AttributeValue {
    fn from(word: &'static str) -> Self {
        Self::Text(Cow::Borrowed(word))
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<usize> for AttributeValue {
    fn from(count: usize) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}
