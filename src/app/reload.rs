//! SIGHUP: reads the settings again, and applies those that can change while the server runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use super::serving::{Serving, announced};
use crate::config::{Config, ConfigError, ServedModel, Settings, Sources};
use crate::keys::KeyWatch;
use crate::telemetry::logs::Log;
use crate::telemetry::metrics::{Reloaded, Reloads};

/// The settings that can change while the server runs.
const LIVE: [&str; 4] = ["log.filter", "auth.keys_file", "auth.keys", MODELS];

/// Those of them that can change if there are no keys any more.
const WITHOUT_KEYS: &[&str] = &["log.filter", MODELS];

/// The sections of models, where there are some at the start.
const MODELS: &str = "models";

/// Reads the settings again, and applies those that can change.
pub struct Reload {
    /// Where the settings come from. The environment and the flags are those of the start.
    pub sources: Sources,
    /// The settings in use.
    pub running: Settings,
    /// Reads the keys.
    pub keys: KeyWatch,
    /// The models in use.
    pub models: Vec<ServedModel>,
    /// Loads models and reads their heads.
    pub serving: Arc<Serving>,
    /// The log.
    pub log: Log,
    /// Counts changes.
    pub reloads: Reloads,
}

impl Reload {
    /// Looks for changes. What can't be used or can't change is a line in the log; the settings in use
    /// then stay as they are.
    pub fn run(&mut self) {
        self.serving.refresh_heads();
        match self.read() {
            Ok((settings, config, models)) => self.apply(&settings, &config, models),
            Err(error) => {
                self.reloads.failed(Reloaded::Settings);
                let error = error.to_string();
                tracing::error!(error, "the settings can't be read; the last ones stay in use");
            }
        }
    }

    fn read(&self) -> Result<(Settings, Config, Vec<ServedModel>), ConfigError> {
        let settings = self.sources.read()?;
        let (config, models) = (Config::try_from(&settings)?, ServedModel::all(&settings)?);
        Ok((settings, config, models))
    }

    fn apply(&mut self, settings: &Settings, config: &Config, models: Vec<ServedModel>) {
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
        // The only model of a server has no section that could change.
        let sections = |models: &[ServedModel]| models.iter().all(|model| model.name.is_some());
        let both = sections(&models) && sections(&self.models);
        if both {
            self.change_models(models);
        }
        let is_live = |key: &String| live.contains(&key.as_str()) && (key != MODELS || both);
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

    /// Removes the models that have no section any more, and loads those whose section is new or has
    /// changed, in a thread of its own. Until then an older version is served, also if the new one is broken.
    fn change_models(&mut self, models: Vec<ServedModel>) {
        let by_name = |models: &[ServedModel]| {
            let written = |model: &ServedModel| Some((model.name.clone()?, model.written.clone()));
            models.iter().filter_map(written).collect::<BTreeMap<_, _>>()
        };
        let (before, after) = (by_name(&self.models), by_name(&models));
        before.keys().filter(|name| !after.contains_key(*name)).for_each(|name| {
            self.serving.remove(name);
        });
        let changed = |model: &&ServedModel| {
            model.name.as_ref().is_some_and(|name| before.get(name) != after.get(name))
        };
        let changed: Vec<ServedModel> = models.iter().filter(changed).cloned().collect();
        for model in &changed {
            match announced(model) {
                Ok(announced) => self.serving.state().models().announce(announced),
                Err(error) => tracing::error!(%error, "the model can't be loaded"),
            }
        }
        let order: Vec<String> = models.iter().filter_map(|model| model.name.clone()).collect();
        self.serving.state().models().arrange(&order);
        self.models = models;
        if changed.is_empty() {
            return;
        }
        let serving = Arc::clone(&self.serving);
        let load = move || drop(serving.load_all(&changed));
        if let Err(error) = thread::Builder::new().name("strata-load".to_owned()).spawn(load) {
            tracing::error!(%error, "no thread could be started to load models; try again");
        }
    }
}
