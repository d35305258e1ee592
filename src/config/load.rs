//! From the sources to a checked [`Config`].

use super::error::ConfigError;
use super::root::Config;
use super::settings::Settings;
use super::sources::Sources;

impl Config {
    /// Reads the sources and checks the result.
    ///
    /// # Errors
    /// The first error that is found; see [`ConfigError`].
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        Self::try_from(&sources.read()?)
    }

    /// The default configuration.
    ///
    /// # Errors
    /// None, as long as `config/strata.toml` is valid.
    pub fn defaults() -> Result<Self, ConfigError> {
        Self::load(&Sources::default())
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
