//! SIGHUP: reads the settings again, and applies those that can change while the server runs.

use crate::config::{Config, ConfigError, Settings, Sources};
use crate::heads::Watch;
use crate::keys::KeyWatch;
use crate::telemetry::logs::Log;
use crate::telemetry::metrics::{Reloaded, Reloads};

/// The settings that can change while the server runs.
const LIVE: [&str; 3] = ["log.filter", "auth.keys_file", "auth.keys"];

/// Those of them that can change if there are no keys any more.
const WITHOUT_KEYS: &[&str] = &["log.filter"];

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
        let live: &[&str] = if self.keys.would_switch_off(&config.auth.source) {
            tracing::error!(
                "no keys are configured any more; the last keys stay in use until a restart, after which \
                 no request needs one"
            );
            WITHOUT_KEYS
        } else {
            self.keys.read(config.auth.source.clone());
            &LIVE
        };
        self.log.set_filter(&config.log.filter);
        let is_live = |key: &String| live.contains(&key.as_str());
        let (applied, fixed): (Vec<_>, Vec<_>) =
            settings.changed(&self.running).into_iter().partition(is_live);
        self.reloads.succeeded(Reloaded::Settings);
        tracing::info!(settings = applied.join(", "), "the settings were read again");
        // They are named at each signal, until the restart has happened.
        if !fixed.is_empty() {
            let settings = fixed.join(", ");
            tracing::warn!(settings, "these settings have changed and need a restart");
        }
        self.running.adopt(settings, live);
    }
}
