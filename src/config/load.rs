//! From the sources to a checked [`Config`].

use super::error::ConfigError;
use super::models::ServedModel;
use super::names::variable;
use super::root::Config;
use super::settings::Settings;
use super::sources::Sources;
use crate::telemetry::logs::LogFormat;

impl Config {
    /// Reads the sources and checks the result, for a command that uses one model.
    ///
    /// # Errors
    /// The first error that is found; see [`ConfigError`].
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        ServedModel::for_command(&sources.read()?)
    }

    /// The default configuration.
    ///
    /// # Errors
    /// None, as long as `config/strata.toml` is valid.
    pub fn defaults() -> Result<Self, ConfigError> {
        Self::load(&Sources::default())
    }
}

impl Sources {
    /// The format of errors about these sources themselves: the environment's, or else the file's as
    /// far as it can be read, whatever else is wrong; `Pretty` if neither has one.
    pub fn log_format(&self) -> LogFormat {
        let name = variable("log.format");
        let set = self.environment.iter().find(|(known, _)| *known == name);
        let read = || Some(self.read().ok()?.raw().ok()?.log.format);
        match set.map(|(_, value)| value.clone()).or_else(read).as_deref() {
            Some("json") => LogFormat::Json,
            _ => LogFormat::Pretty,
        }
    }
}

impl TryFrom<&Settings> for Config {
    type Error = ConfigError;

    fn try_from(settings: &Settings) -> Result<Self, ConfigError> {
        settings.check_auth()?;
        Self::try_from(settings.raw()?).map_err(|refusal| {
            let origin = settings.origin(&refusal.key).to_owned();
            ConfigError::Refused { refusal, origin }
        })
    }
}
