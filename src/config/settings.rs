//! The settings as written, each with its origin.
//!
//! The defaults are the schema: they define the keys and the type of each value.

use std::collections::BTreeMap;
use std::fmt;

use toml::{Table, Value};

use super::error::{ConfigError, Refusal};
use super::names::{PREFIX, nearest};
use super::root::RawConfig;

/// The defaults, which are also the reference of all settings.
const DEFAULTS: &str = include_str!("../../config/strata.toml");
/// The sections whose keys the user chooses.
const RECIPES: &str = "recipes";
const MODELS: &str = "models";
/// The section of API keys, of which no message shows a value.
const AUTH: &str = "auth.";
/// The origin of values that no source has changed.
const DEFAULT: &str = "default";

/// Every setting as written, with its origin. The key of a setting in a section begins with the name
/// of the section: `batching.budget_tokens`.
///
/// `Display` writes TOML, with the origin of each value in a comment.
#[derive(Clone, Debug)]
pub struct Settings {
    table: Table,
    /// By key; a key that is missing here has its default value.
    origins: BTreeMap<String, String>,
}

impl Settings {
    pub(super) fn defaults() -> Result<Self, ConfigError> {
        let mut table = parse_toml(DEFAULTS, "the built-in configuration")?;
        for section in [RECIPES, MODELS] {
            table.insert(section.to_owned(), Value::Table(Table::new()));
        }
        Ok(Self { table, origins: BTreeMap::new() })
    }

    /// The key of every setting, in the order of the file, without recipes and models.
    pub(super) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for (name, value) in self.table.iter().filter(|(name, _)| !is_open(name)) {
            match value {
                Value::Table(section) => keys.extend(section.keys().map(|key| join(name, key))),
                _ => keys.push(name.clone()),
            }
        }
        keys
    }

    /// The keys whose values differ from those of `other`; all recipes are one key, and all models.
    pub fn changed(&self, other: &Self) -> Vec<String> {
        let mut keys = self.keys();
        keys.extend([RECIPES, MODELS].map(str::to_owned));
        keys.retain(|key| self.value(key) != other.value(key));
        keys
    }

    /// Applies the settings of a file.
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

    /// Replaces a value by another of the same type.
    pub(super) fn set(&mut self, key: &str, value: Value, origin: &str) -> Result<(), ConfigError> {
        let Some(slot) = self.slot(key) else {
            let nearest = nearest(key, self.keys().iter().map(String::as_str));
            let (key, origin) = (shown(key).to_owned(), origin.to_owned());
            return Err(ConfigError::UnknownKey { key, origin, nearest });
        };
        let listed = value.as_array().map_or(&[][..], Vec::as_slice);
        if !slot.same_type(&value) || !listed.iter().all(Value::is_str) {
            let advice = format!("must be {}", type_name(slot));
            let refusal = match key.starts_with(AUTH) {
                true => Refusal::hidden(key, advice),
                false => Refusal::new(key, value, advice),
            };
            return Err(ConfigError::Refused { refusal, origin: origin.to_owned() });
        }
        *slot = value;
        self.origins.insert(key.to_owned(), origin.to_owned());
        Ok(())
    }

    /// Replaces a value by the text of an environment variable.
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
            // A text that can't be parsed stays a string, which `set` refuses.
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

    /// Checks that no source leaves blank what requires keys, as a template does whose variable isn't set:
    /// no request would then need one.
    ///
    /// # Errors
    /// One does.
    pub(super) fn check_auth(&self) -> Result<(), ConfigError> {
        for key in ["auth.keys_file", "auth.keys"] {
            let (origin, text) = (self.origin(key), self.value(key).and_then(Value::as_str));
            let text = text.unwrap_or_default();
            let is_blank = text.trim().is_empty();
            if is_blank && (!text.is_empty() || origin.starts_with(PREFIX)) {
                let advice =
                    "is blank, so that no request would need a key; leave it out if that is meant";
                let refusal = Refusal::new(key, text, advice);
                return Err(ConfigError::Refused { refusal, origin: origin.to_owned() });
            }
        }
        Ok(())
    }

    /// Takes over the values of `keys` from `other`.
    pub fn adopt(&mut self, other: &Self, keys: &[&str]) {
        for key in keys {
            if let (Some(slot), Some(value)) = (self.slot(key), other.value(key)) {
                *slot = value.clone();
            }
        }
    }

    /// The sections of models, in their order.
    pub(super) fn models(&self) -> Vec<(&str, &Table)> {
        let models = self.table.get(MODELS).and_then(Value::as_table).into_iter().flatten();
        models.filter_map(|(name, value)| Some((name.as_str(), value.as_table()?))).collect()
    }

    /// The settings of one model: those of its section over these.
    pub(super) fn with_section(&self, name: &str, section: Table) -> Result<Self, ConfigError> {
        let key = join(MODELS, name);
        let origin = format!("[{key}] of {}", self.origin(&key));
        let mut own = self.clone();
        own.table.insert(MODELS.to_owned(), Value::Table(Table::new()));
        own.merge(section, &origin)?;
        Ok(own)
    }

    /// Whether a source has set a key.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.origins.contains_key(key)
    }

    /// A key's value as written.
    pub(super) fn written(&self, key: &str) -> Value {
        self.value(key).cloned().unwrap_or_else(|| Value::from(""))
    }

    fn value(&self, key: &str) -> Option<&Value> {
        match key.split_once('.') {
            None => self.table.get(key),
            Some((section, name)) => self.table.get(section)?.get(name),
        }
    }

    /// The source that a key's value comes from.
    pub(super) fn origin(&self, key: &str) -> &str {
        self.origins.get(key).map_or(DEFAULT, String::as_str)
    }

    /// The values by their names, not yet checked.
    pub(super) fn raw(&self) -> Result<RawConfig, ConfigError> {
        // This can't fail: a test compares the defaults with `RawConfig`, and `set` keeps the types.
        self.table.clone().try_into().map_err(|error: toml::de::Error| ConfigError::Syntax {
            origin: "the configuration".to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })
    }

    /// The place of a key's value. A new recipe or model is inserted.
    fn slot(&mut self, key: &str) -> Option<&mut Value> {
        let Some((section, name)) = key.split_once('.') else {
            return self.table.get_mut(key);
        };
        let table = self.table.get_mut(section)?.as_table_mut()?;
        if is_open(section) {
            return Some(table.entry(name).or_insert_with(|| Value::Table(Table::new())));
        }
        table.get_mut(name)
    }

    fn write_line(
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
            self.write_line(f, name, name, value)?;
        }
        for (section, settings) in &self.table {
            let Some(settings) = settings.as_table().filter(|table| !table.is_empty()) else {
                continue;
            };
            writeln!(f, "\n[{section}]")?;
            for (name, value) in settings {
                self.write_line(f, &join(section, name), name, value)?;
            }
        }
        Ok(())
    }
}

/// The key of no setting, unless it looks as if it were an API key, set in the wrong place.
fn shown(key: &str) -> &str {
    if key.starts_with(AUTH) || key.contains("strata_") { "(not shown)" } else { key }
}

/// Whether the user chooses the keys of a section.
fn is_open(section: &str) -> bool {
    section == RECIPES || section == MODELS
}

fn join(section: &str, key: &str) -> String {
    format!("{section}.{key}")
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a decimal number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list of strings",
        Value::Table(_) => "a table",
    }
}

/// Parses TOML; `origin` names the source in an error.
pub(super) fn parse_toml(text: &str, origin: &str) -> Result<Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let at = before.map(|before| format!("line {}: ", 1 + before.matches('\n').count()));
        // One line: the parser may list what it expected on lines of its own.
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        ConfigError::Syntax {
            origin: origin.to_owned(),
            message: at.unwrap_or_default() + &message,
        }
    })
}
