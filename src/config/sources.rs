//! The layers of a configuration, the weakest first: the defaults, a file, the environment, flags.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::error::ConfigError;
use super::settings::Settings;

/// The file that is read where none is named, if it is there; from the working directory.
const FILE: &str = "config/strata.toml";
/// What every variable of Strata's begins with.
const PREFIX: &str = "STRATA_";

/// The settings that have a flag. A flag that isn't given changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--model`
    pub model: Option<String>,
    /// `--host`
    pub host: Option<String>,
    /// `--port`
    pub port: Option<u16>,
    /// `--encoder`
    pub encoder: Option<String>,
    /// `--dtype`
    pub dtype: Option<String>,
    /// `--threads`
    pub threads: Option<u32>,
    /// `--heads`, added to the folders that are configured.
    pub heads: Vec<PathBuf>,
}

/// Everything that can change a setting. `Sources::default()` changes none.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A file in TOML with some of the settings.
    pub file: Option<PathBuf>,
    /// Variables, those of other programs among them.
    pub environment: Vec<(String, String)>,
    /// Flags.
    pub flags: Flags,
}

impl Sources {
    /// The sources of this process: the file that `--config` names, or else `config/strata.toml` if
    /// it is there; the process's environment; `flags`.
    ///
    /// # Errors
    /// A variable of Strata's that isn't UTF-8.
    pub fn of_process(file: Option<PathBuf>, flags: Flags) -> Result<Self, ConfigError> {
        // Any other trouble than its absence shows when the file is read.
        let absent = fs::metadata(FILE).is_err_and(|error| error.kind() == ErrorKind::NotFound);
        let file = file.or_else(|| (!absent).then(|| PathBuf::from(FILE)));
        let mut environment = Vec::new();
        for (name, value) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with(PREFIX) {
                let origin = name.clone();
                let value = value.into_string().map_err(|_| ConfigError::NotUtf8 { origin })?;
                environment.push((name, value));
            }
        }
        Ok(Self { file, environment, flags })
    }

    /// Lays the sources over the defaults.
    ///
    /// # Errors
    /// A file that can't be read or isn't TOML, an unknown key or variable, a value of the wrong
    /// type. Ranges are checked when a [`Config`](super::Config) is made of the result.
    pub fn read(&self) -> Result<Settings, ConfigError> {
        let mut settings = Settings::defaults()?;
        if let Some(path) = &self.file {
            lay_file(&mut settings, path)?;
        }
        lay_environment(&mut settings, &self.environment)?;
        lay_flags(&mut settings, &self.flags)?;
        Ok(settings)
    }
}

fn lay_file(settings: &mut Settings, path: &Path) -> Result<(), ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let origin = path.display().to_string();
    settings.merge(parse(&text, &origin)?, &origin)
}

pub(super) fn parse(text: &str, origin: &str) -> Result<Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
        origin: origin.to_owned(),
        message: error.to_string().trim_end().to_owned(),
    })
}

fn lay_environment(
    settings: &mut Settings,
    environment: &[(String, String)],
) -> Result<(), ConfigError> {
    // Derived from the defaults, since `_` alone can't tell a section from a word of the key.
    let known: Vec<(String, String)> =
        settings.keys().into_iter().map(|key| (variable(&key), key)).collect();
    for (name, text) in environment.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        let Some((_, key)) = known.iter().find(|(known, _)| known == name) else {
            let nearest = nearest(name, known.iter().map(|(known, _)| known.as_str()));
            return Err(ConfigError::UnknownVariable { name: name.clone(), nearest });
        };
        settings.set_text(key, text, name)?;
    }
    Ok(())
}

/// `batching.budget_tokens` → `STRATA_BATCHING_BUDGET_TOKENS`
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// The one of `known` that takes the fewest edits.
pub(super) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    known
        .min_by_key(|known| strsim::damerau_levenshtein(name, known))
        .unwrap_or_default()
        .to_owned()
}

fn lay_flags(settings: &mut Settings, flags: &Flags) -> Result<(), ConfigError> {
    let Flags { model, host, port, encoder, dtype, threads, heads } = flags;
    let text = |flag: &Option<String>| flag.clone().map(Value::String);
    let given = [
        ("model", "--model", text(model)),
        ("host", "--host", text(host)),
        ("port", "--port", port.map(|port| Value::Integer(port.into()))),
        ("encoder", "--encoder", text(encoder)),
        ("dtype", "--dtype", text(dtype)),
        ("threads", "--threads", threads.map(|threads| Value::Integer(threads.into()))),
    ];
    for (key, flag, value) in given {
        if let Some(value) = value {
            settings.set(key, value, flag)?;
        }
    }
    for folder in heads {
        let not_utf8 = || ConfigError::NotUtf8 { origin: "--heads".to_owned() };
        settings.add("heads", folder.to_str().ok_or_else(not_utf8)?, "--heads")?;
    }
    Ok(())
}
