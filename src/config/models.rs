//! `[models.NAME]`: several models in one process, each with settings of its own.
//!
//! A model has all settings of the file, with those of its section over them. So a model is read and checked
//! like the only one of a server.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::error::{ConfigError, Refusal};
use super::root::Config;
use super::settings::Settings;

/// The section.
const MODELS: &str = "models";

/// What a model's section may have, besides its weight and whether it is required.
const OWN: [&str; 9] = [
    "model",
    "aliases",
    "encoder",
    "dtype",
    "heads",
    "calibrations",
    "embed",
    "classify",
    "recipes",
];

/// The smallest and the largest weight.
const WEIGHTS: [f64; 2] = [0.01, 100.0];

/// A model to be served.
#[derive(Clone, Debug)]
pub struct ServedModel {
    /// Its name in the configuration; `None` for the only model, which is called as its folder.
    pub name: Option<String>,
    /// Its part of the cores while others compute too.
    pub weight: f64,
    /// Whether the server is ready only if this model is.
    pub required: bool,
    /// Its settings.
    pub config: Config,
    /// Its section as written, to notice changes.
    pub written: Table,
}

impl ServedModel {
    /// The only model of a server.
    pub fn only(config: Config) -> Self {
        Self { name: None, weight: 1.0, required: true, config, written: Table::new() }
    }

    /// The models of the settings, in their order: those of `[models.NAME]`, or the only one.
    ///
    /// # Errors
    /// A section can't be used, two models have a name in common, or `model` is set beside them.
    pub fn all(settings: &Settings) -> Result<Vec<Self>, ConfigError> {
        let sections = settings.models();
        if sections.is_empty() {
            let config = Config::try_from(settings)?;
            return Ok(vec![Self::only(config)]);
        }
        for key in ["model", "aliases"] {
            if settings.is_set(key) {
                let advice = "must be left out beside [models]: each of its sections has its own";
                return Err(refused(settings, key, settings.written(key), advice));
            }
        }
        let models: Vec<Self> = sections
            .iter()
            .map(|(name, section)| Self::read(settings, name, section))
            .collect::<Result<_, _>>()?;
        let mut names = BTreeSet::new();
        for model in &models {
            let name = model.name.iter().chain(&model.config.aliases);
            if let Some(twice) = name.clone().find(|name| !names.insert((*name).clone())) {
                let key = model.key("aliases");
                let advice = "another model has this name; each name must be of one model";
                return Err(refused(settings, &key, Value::from(twice.as_str()), advice));
            }
        }
        Ok(models)
    }

    /// The settings for a command that uses one model: `model` may be the name of a section, and the first
    /// one counts if it isn't set.
    pub(super) fn for_command(settings: &Settings) -> Result<Config, ConfigError> {
        let (sections, wanted) = (settings.models(), settings.written("model"));
        let named = sections.iter().find(|(name, _)| wanted.as_str() == Some(*name));
        match named.or(sections.first().filter(|_| !settings.is_set("model"))) {
            Some((name, section)) => Ok(Self::read(settings, name, section)?.config),
            None => Config::try_from(settings),
        }
    }

    fn read(settings: &Settings, name: &str, section: &Table) -> Result<Self, ConfigError> {
        let key = |key: &str| format!("{MODELS}.{name}.{key}");
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if name.is_empty() || !name.chars().all(plain) {
            let advice = "the name must be made of letters, digits and -_./";
            return Err(refused(settings, &format!("{MODELS}.{name}"), Value::from(name), advice));
        }
        let (written, mut section) = (section.clone(), section.clone());
        let weight = match section.remove("weight") {
            None => 1.0,
            Some(written) => weight(&written).ok_or_else(|| {
                let [least, most] = WEIGHTS;
                let advice = format!("must be a number from {least} to {most}");
                refused(settings, &key("weight"), written, &advice)
            })?,
        };
        let required = match section.remove("required") {
            None => true,
            Some(Value::Boolean(required)) => required,
            Some(other) => {
                return Err(refused(settings, &key("required"), other, "must be true or false"));
            }
        };
        if let Some((other, value)) = section.iter().find(|(own, _)| !OWN.contains(&own.as_str())) {
            let advice = format!("must be one of {}, weight, required", OWN.join(", "));
            return Err(refused(settings, &key(other), value.clone(), &advice));
        }
        if !section.contains_key("model") {
            let advice = "must be a folder, or a model of a hub as org/name";
            return Err(refused(settings, &key("model"), Value::from(""), advice));
        }
        let config = Config::try_from(&settings.with_section(name, section)?)?;
        Ok(Self { name: Some(name.to_owned()), weight, required, config, written })
    }

    fn key(&self, key: &str) -> String {
        format!("{MODELS}.{}.{key}", self.name.as_deref().unwrap_or_default())
    }
}

fn weight(written: &Value) -> Option<f64> {
    let number = written.as_float().or(written.as_integer().map(|number| number as f64))?;
    let [least, most] = WEIGHTS;
    (least..=most).contains(&number).then_some(number)
}

fn refused(settings: &Settings, key: &str, written: Value, advice: &str) -> ConfigError {
    let origin = settings.origin(key.split('.').take(2).collect::<Vec<_>>().join(".").as_str());
    ConfigError::Refused { refusal: Refusal::new(key, written, advice), origin: origin.to_owned() }
}
