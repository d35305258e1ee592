//! SIGHUP: reads the settings again, and applies those that can change while the server runs.

use crate::config::{Config, ConfigError, Settings, Sources};
use crate::heads::Watch;
use crate::keys::KeyWatch;
use crate::telemetry::logs::Log;
use crate::telemetry::metrics::{Reloaded, Reloads};

/// The settings that can change while the server runs.
const LIVE: [&str; 3] = ["auth.keys_file", "auth.keys", "log.filter"];

/// Reads the settings again, and applies those that can change.
pub struct Reload {
    /// Where the settings come from. The environment and the flags are those of the start.
    pub sources: Sources,
    /// The settings in use.
    pub running: Settings,
    /// Reads the keys.
    pub keys: KeyWatch,
    /// Reads the heads.
    pub heads: Watch,
    /// The log.
    pub log: Log,
    /// Counts changes.
    pub reloads: Reloads,
}

impl Reload {
    /// Looks for changes. What can't be used or can't change is a line in the log; the settings in use
    /// then stay as they are.
    pub fn run(&mut self) {
        self.heads.refresh();
        match self.read() {
            Ok((settings, config)) => self.apply(&settings, &config),
            Err(error) => {
                self.reloads.failed(Reloaded::Settings);
                let error = error.to_string();
                tracing::error!(error, "the settings can't be read; the last ones stay in use");
            }
        }
    }

    fn read(&self) -> Result<(Settings, Config), ConfigError> {
        let settings = self.sources.read()?;
        let config = Config::try_from(&settings)?;
        Ok((settings, config))
    }

    fn apply(&mut self, settings: &Settings, config: &Config) {
        self.keys.read(config.auth.source.clone());
        self.log.set_filter(&config.log.filter);
        let changed = settings.changed(&self.running);
        let (live, fixed): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|key| LIVE.contains(&key.as_str()));
        self.reloads.succeeded(Reloaded::Settings);
        tracing::info!(settings = live.join(", "), "the settings were read again");
        // They are named at each signal, until the restart has happened.
        if !fixed.is_empty() {
            let settings = fixed.join(", ");
            tracing::warn!(settings, "these settings have changed and need a restart");
        }
        self.running.adopt(settings, &LIVE);
    }
}
