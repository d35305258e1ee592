//! A key as it is written: `NAME = "SHA-256"`, or a table with limits.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Table, Value};

use super::bucket::Rate;
use super::error::KeysError;
use super::secret::{PREFIX, Sha256Hash};

/// The most bytes of a name, which is in log lines and in the labels of metrics. A key is longer.
const NAME_BYTES: usize = 40;

/// A checked entry.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyEntry {
    /// The name of the key.
    pub name: String,
    /// The SHA-256 of the key.
    pub sha256: Sha256Hash,
    /// The most requests a second; `None` for any number.
    pub requests_per_second: Option<Rate>,
    /// The most tokens a second; `None` for any number.
    pub tokens_per_second: Option<Rate>,
}

/// A table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    sha256: String,
    requests_per_second: Option<f64>,
    tokens_per_second: Option<f64>,
}

impl KeyEntry {
    /// Whether a name is allowed: it has 1 to 40 of `a-z A-Z 0-9 . _ -`, and doesn't begin as keys do.
    pub fn allows_name(name: &str) -> bool {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_key = name.starts_with(PREFIX);
        (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed) && !is_key
    }

    /// As a table of TOML, which may stand after any other entry.
    pub fn to_toml(&self) -> String {
        let mut table = Table::new();
        table.insert("sha256".to_owned(), Value::String(self.sha256.to_hex()));
        let limits = [
            ("requests_per_second", self.requests_per_second),
            ("tokens_per_second", self.tokens_per_second),
        ];
        for (field, rate) in limits {
            if let Some(rate) = rate {
                table.insert(field.to_owned(), Value::Float(rate.per_second()));
            }
        }
        Table::from_iter([(self.name.clone(), Value::Table(table))]).to_string()
    }

    /// Reads all entries of a text; `origin` is where it is from, for messages.
    ///
    /// # Errors
    /// It isn't TOML, an entry can't be used, or two entries have the same key.
    pub fn read_all(text: &str, origin: &str) -> Result<Vec<Self>, KeysError> {
        let table: Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
            // Its first line: the others quote the text.
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            KeysError::Syntax { origin: origin.to_owned(), line, message }
        })?;
        let entries = table.into_iter().map(|(name, value)| Self::read(name, value, origin));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let mut seen: BTreeMap<Sha256Hash, &str> = BTreeMap::new();
        for Self { name, sha256, .. } in &entries {
            if let Some(other) = seen.insert(*sha256, name) {
                let advice = format!("it is the same key as {other}; one key has one name");
                return Err(refused(origin, name, advice));
            }
        }
        Ok(entries)
    }

    fn read(name: String, value: Value, origin: &str) -> Result<Self, KeysError> {
        if !Self::allows_name(&name) {
            let advice = "has a name that can't be used; 1 to 40 of a-z, A-Z, 0-9, \".\", \"_\" and \
                          \"-\" are allowed, and not a key itself";
            // It may be a key, if name and hash are the wrong way round.
            return Err(refused(origin, "a key", advice));
        }
        let raw = match value {
            Value::String(sha256) => {
                RawEntry { sha256, requests_per_second: None, tokens_per_second: None }
            }
            Value::Table(table) => {
                let known = ["sha256", "requests_per_second", "tokens_per_second"];
                if table.keys().any(|field| !known.contains(&field.as_str())) {
                    let advice =
                        format!("has a field that is unknown; {} are allowed", known.join(", "));
                    return Err(refused(origin, &name, advice));
                }
                table.try_into().map_err(|_| {
                    let advice = "needs sha256, a string, and may have requests_per_second and \
                                  tokens_per_second, which are numbers";
                    refused(origin, &name, advice)
                })?
            }
            _ => return Err(refused(origin, &name, "must be a SHA-256 or a table with one")),
        };
        let rate = |field: &str, written: Option<f64>| match written {
            None => Ok(None),
            Some(number) => Rate::new(number).map(Some).ok_or_else(|| {
                let advice =
                    format!("{number}: must be at least one an hour, at most {}", Rate::MAX);
                refused(origin, &format!("{name}.{field}"), advice)
            }),
        };
        let sha256 = Sha256Hash::from_hex(&raw.sha256).ok_or_else(|| {
            let advice = "must be 64 hexadecimal digits: the SHA-256 of a key that \
                          `strata key new` made, not the key itself";
            refused(origin, &format!("{name}.sha256"), advice)
        })?;
        Ok(Self {
            sha256,
            requests_per_second: rate("requests_per_second", raw.requests_per_second)?,
            tokens_per_second: rate("tokens_per_second", raw.tokens_per_second)?,
            name,
        })
    }
}

fn refused(origin: &str, field: &str, advice: impl Into<String>) -> KeysError {
    KeysError::Refused { origin: origin.to_owned(), field: field.to_owned(), advice: advice.into() }
}
