//! The sources of settings, in increasing priority: defaults, file, environment, flags.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::Value;

use super::error::ConfigError;
use super::names::{PREFIX, is_service_link, nearest, variable};
use super::settings::{Settings, parse_toml};
use crate::files::read_text;

/// The file that is read if none is given and if it exists, relative to the working directory.
const FILE: &str = "config/strata.toml";

/// The end of a variable that names a file with the value of a setting: `STRATA_PORT_FILE`.
const FILE_SUFFIX: &str = "_FILE";

/// The most bytes of such a file.
const SECRET_BYTES: u64 = 16 << 20;

/// The settings that have a flag. A flag that is not given changes nothing.
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
    /// `--heads`: added to the configured folders.
    pub heads: Vec<PathBuf>,
    /// `--calibration`: added to the configured files.
    pub calibrations: Vec<PathBuf>,
}

/// Everything that can change a setting. `Sources::default()` changes none.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A TOML file with some of the settings.
    pub file: Option<PathBuf>,
    /// Environment variables; those without the prefix `STRATA_` are ignored.
    pub environment: Vec<(String, String)>,
    /// Command-line flags.
    pub flags: Flags,
}

impl Sources {
    /// The sources of this process: `file`, or else `config/strata.toml` if it exists; the process's
    /// environment; `flags`.
    ///
    /// # Errors
    /// A variable of Strata is not valid UTF-8.
    pub fn from_process(file: Option<PathBuf>, flags: Flags) -> Result<Self, ConfigError> {
        // Any other error is reported when the file is read.
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

    /// The variables that are ignored because Kubernetes sets them for a Service called "strata…".
    pub fn service_links(&self) -> Vec<&str> {
        let links = self.environment.iter().filter(|(name, value)| is_service_link(name, value));
        links.map(|(name, _)| name.as_str()).collect()
    }

    /// Applies the sources to the defaults.
    ///
    /// # Errors
    /// The file can't be read or is not TOML, a key or variable is unknown, or a value has the wrong
    /// type. Ranges are checked later, when the result is turned into a [`Config`](super::Config).
    pub fn read(&self) -> Result<Settings, ConfigError> {
        let mut settings = Settings::defaults()?;
        if let Some(path) = &self.file {
            apply_file(&mut settings, path)?;
        }
        apply_environment(&mut settings, &self.environment)?;
        apply_flags(&mut settings, &self.flags)?;
        Ok(settings)
    }
}

fn apply_file(settings: &mut Settings, path: &Path) -> Result<(), ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let origin = path.display().to_string();
    settings.merge(parse_toml(&text, &origin)?, &origin)
}

fn apply_environment(
    settings: &mut Settings,
    environment: &[(String, String)],
) -> Result<(), ConfigError> {
    // Derived from the defaults, since a `_` in a variable may stand for a point or for itself.
    let known: Vec<(String, String)> =
        settings.keys().into_iter().map(|key| (variable(&key), key)).collect();
    let is_setting =
        |name: &str, value: &str| name.starts_with(PREFIX) && !is_service_link(name, value);
    let key_of = |name: &str| known.iter().find(|(known, _)| known == name).map(|(_, key)| key);
    for (name, text) in environment.iter().filter(|(name, value)| is_setting(name, value)) {
        // A setting whose own name ends like this is no file of another one.
        let named = name.strip_suffix(FILE_SUFFIX).filter(|_| key_of(name).is_none());
        match (key_of(named.unwrap_or(name)), named) {
            (Some(key), None) => settings.set_text(key, text, name)?,
            (Some(key), Some(setting)) => {
                if environment
                    .iter()
                    .any(|(name, value)| name == setting && is_setting(name, value))
                {
                    return Err(ConfigError::GivenTwice { name: name.clone() });
                }
                settings.set_text(key, &read_secret(name, text)?, name)?;
            }
            (None, _) => {
                let nearest = nearest(name, known.iter().map(|(known, _)| known.as_str()));
                return Err(ConfigError::UnknownVariable { name: name.clone(), nearest });
            }
        }
    }
    Ok(())
}

/// The text of the file that a variable names, without the line end that editors add.
fn read_secret(name: &str, path: &str) -> Result<String, ConfigError> {
    let text = read_text(Path::new(path), SECRET_BYTES).map_err(|source| {
        ConfigError::VariableFile { name: name.to_owned(), path: path.into(), source }
    })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

fn apply_flags(settings: &mut Settings, flags: &Flags) -> Result<(), ConfigError> {
    let Flags { model, host, port, encoder, dtype, threads, heads, calibrations } = flags;
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
    let lists = [("heads", "--heads", heads), ("calibrations", "--calibration", calibrations)];
    for (key, flag, path) in lists
        .iter()
        .flat_map(|(key, flag, paths)| paths.iter().map(move |path| (*key, *flag, path)))
    {
        let not_utf8 = || ConfigError::NotUtf8 { origin: flag.to_owned() };
        settings.add(key, path.to_str().ok_or_else(not_utf8)?, flag)?;
    }
    Ok(())
}
