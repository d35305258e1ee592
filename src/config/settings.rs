//! Settings laid over one another, each with its origin.
//!
//! The defaults are the schema: they say which keys there are and of what type each value is.

use std::collections::BTreeMap;
use std::fmt;

use toml::{Table, Value};

use super::error::{ConfigError, Refusal};
use super::raw::RawConfig;
use super::sources::{nearest, parse};

/// The defaults, which are also the reference of what can be set.
const DEFAULTS: &str = include_str!("../../config/strata.toml");
/// The one section whose keys are the user's own.
const RECIPES: &str = "recipes";
/// The origin of what nobody has changed.
const DEFAULT: &str = "default";

/// Every setting as it was written and where it came from. Keys of a section have its name and a
/// point before them: `batching.budget_tokens`.
///
/// Shown (`{}`), it is TOML with the origin of each value in a comment.
#[derive(Clone, Debug)]
pub struct Settings {
    table: Table,
    /// By key; a key that isn't here has its default.
    origins: BTreeMap<String, String>,
}

impl Settings {
    pub(super) fn defaults() -> Result<Self, ConfigError> {
        let mut table = parse(DEFAULTS, "the built-in configuration")?;
        table.insert(RECIPES.to_owned(), Value::Table(Table::new()));
        Ok(Self { table, origins: BTreeMap::new() })
    }

    /// The key of every setting, in the order of the file; recipes aside, whose keys are anyone's.
    pub(super) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for (name, value) in self.table.iter().filter(|(name, _)| *name != RECIPES) {
            match value {
                Value::Table(section) => keys.extend(section.keys().map(|key| join(name, key))),
                _ => keys.push(name.clone()),
            }
        }
        keys
    }

    /// Lays a file's settings over these.
    pub(super) fn merge(&mut self, file: Table, origin: &str) -> Result<(), ConfigError> {
        for (name, value) in file {
            match (self.table.get(&name), value) {
                (Some(Value::Table(_)), Value::Table(section)) => {
                    for (key, value) in section {
                        self.set(&join(&name, &key), value, origin)?;
                    }
                }
                (_, value) => self.set(&name, value, origin)?,
            }
        }
        Ok(())
    }

    /// Replaces a value by another of its type.
    pub(super) fn set(&mut self, key: &str, value: Value, origin: &str) -> Result<(), ConfigError> {
        let Some(slot) = self.slot(key) else {
            let (key, origin) = (key.to_owned(), origin.to_owned());
            let nearest = nearest(&key, self.keys().iter().map(String::as_str));
            return Err(ConfigError::UnknownKey { key, origin, nearest });
        };
        let listed = value.as_array().map_or(&[][..], Vec::as_slice);
        if !slot.same_type(&value) || !listed.iter().all(Value::is_str) {
            let refusal = Refusal::new(key, value, format!("must be {}", type_name(slot)));
            return Err(ConfigError::Refused { refusal, origin: origin.to_owned() });
        }
        *slot = value;
        self.origins.insert(key.to_owned(), origin.to_owned());
        Ok(())
    }

    /// Replaces a value by a text that the environment has for it.
    pub(super) fn set_text(
        &mut self,
        key: &str,
        text: &str,
        origin: &str,
    ) -> Result<(), ConfigError> {
        let items = || text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let written = || Value::String(text.to_owned());
        let value = match self.slot(key) {
            Some(Value::String(_)) => written(),
            Some(Value::Array(_)) => Value::Array(items().map(Value::from).collect()),
            // What can't be read stays a string, which `set` refuses.
            _ => text.trim().parse().unwrap_or_else(|_| written()),
        };
        self.set(key, value, origin)
    }

    /// Adds an item to a list.
    pub(super) fn add(&mut self, key: &str, item: &str, origin: &str) -> Result<(), ConfigError> {
        let list = self.slot(key).and_then(|slot| slot.as_array());
        let mut list = list.cloned().unwrap_or_default();
        let origin = match self.origin(key) {
            _ if list.is_empty() => origin.to_owned(),
            before if before.ends_with(origin) => before.to_owned(),
            before => format!("{before} and {origin}"),
        };
        list.push(item.into());
        self.set(key, Value::Array(list), &origin)
    }

    pub(super) fn origin(&self, key: &str) -> &str {
        self.origins.get(key).map_or(DEFAULT, String::as_str)
    }

    pub(super) fn raw(&self) -> Result<RawConfig, ConfigError> {
        // The defaults and `RawConfig` agree (a test says so), and `set` keeps to their types.
        self.table.clone().try_into().map_err(|error: toml::de::Error| ConfigError::Syntax {
            origin: "the configuration".to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })
    }

    /// Where a key's value is. A new recipe gets its place here.
    fn slot(&mut self, key: &str) -> Option<&mut Value> {
        let Some((section, name)) = key.split_once('.') else {
            return self.table.get_mut(key);
        };
        let table = self.table.get_mut(section)?.as_table_mut()?;
        if section == RECIPES {
            return Some(table.entry(name).or_insert_with(|| Value::Table(Table::new())));
        }
        table.get_mut(name)
    }

    fn line(
        &self,
        f: &mut fmt::Formatter<'_>,
        key: &str,
        name: &str,
        value: &Value,
    ) -> fmt::Result {
        let setting = format!("{name} = {value}");
        writeln!(f, "{setting:<44} # from {}", self.origin(key))
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.table.iter().filter(|(_, value)| !value.is_table()) {
            self.line(f, name, name, value)?;
        }
        for (section, settings) in &self.table {
            let Some(settings) = settings.as_table().filter(|table| !table.is_empty()) else {
                continue;
            };
            writeln!(f, "\n[{section}]")?;
            for (name, value) in settings {
                self.line(f, &join(section, name), name, value)?;
            }
        }
        Ok(())
    }
}

fn join(section: &str, key: &str) -> String {
    format!("{section}.{key}")
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number with a point",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list of strings",
        Value::Table(_) => "a table",
    }
}
