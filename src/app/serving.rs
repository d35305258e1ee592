//! The models of a running server: loading, replacing and removing them, each without the others.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::LoadError;
use super::load::{Common, Loaded, load};
use super::source::name_of;
use crate::config::ServedModel;
use crate::heads::{ChangeCounts, Watch};
use crate::http::models::Announced;
use crate::http::service::Service;
use crate::http::state::AppState;

/// What is known of a model before it is loaded.
///
/// # Errors
/// This CPU lacks its instructions.
pub fn announced(model: &ServedModel) -> Result<Announced, LoadError> {
    let config = &model.config;
    Ok(Announced {
        name: model.name.clone().unwrap_or_else(|| name_of(&config.model)),
        aliases: config.aliases.clone(),
        required: model.required,
        numerics: config.encoder.numerics()?,
    })
}

/// Loads models into a server, and watches their heads.
pub struct Serving {
    state: AppState,
    common: Common,
    heads_poll: Option<Duration>,
    counts: ChangeCounts,
    watches: Mutex<BTreeMap<String, Watch>>,
}

impl Serving {
    /// A server that has no model yet.
    pub fn new(state: AppState, common: Common, heads_poll: Option<Duration>) -> Self {
        let counts = ChangeCounts::default();
        state.metrics().register(|registry| counts.register(registry));
        Self { state, common, heads_poll, counts, watches: Mutex::default() }
    }

    /// Loads models in their order; each serves as soon as it is loaded. One that can't be loaded is a line
    /// in the log.
    ///
    /// # Errors
    /// None could be loaded: the error of the first one.
    pub fn load_all(&self, models: &[ServedModel]) -> Result<(), LoadError> {
        let (mut loaded, mut first) = (false, None);
        for model in models {
            match self.load(model) {
                Ok(()) => loaded = true,
                Err(error) => {
                    self.note_broken(model, &error);
                    first = first.or(Some(error));
                }
            }
        }
        match first {
            Some(error) if !loaded => Err(error),
            _ => Ok(()),
        }
    }

    /// Loads a model, which then serves instead of what had its name.
    ///
    /// # Errors
    /// It can't be loaded, or no thread can watch its heads.
    fn load(&self, model: &ServedModel) -> Result<(), LoadError> {
        let Loaded { service, worker: _, library, publish } = load(model, &self.common)?;
        let name = service.model.name.clone();
        let watch = Watch::start(&name, library, publish, self.heads_poll, self.counts.clone())
            .map_err(LoadError::no_thread)?;
        self.watches().insert(name, watch);
        log_loaded(&service);
        self.state.ready(service);
        Ok(())
    }

    fn note_broken(&self, model: &ServedModel, error: &LoadError) {
        let Some(name) = &model.name else { return };
        tracing::error!(model = name, %error, "the model could not be loaded");
        self.state.models().broken(name);
    }

    /// Stops to serve a model: requests that have it already are still answered.
    pub fn remove(&self, name: &str) {
        self.state.models().remove(name);
        self.watches().remove(name);
        tracing::info!(model = name, "the model is not served any more");
    }

    /// The state of the server.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Looks for changes of heads.
    pub fn refresh_heads(&self) {
        self.watches().values().for_each(Watch::refresh);
    }

    fn watches(&self) -> MutexGuard<'_, BTreeMap<String, Watch>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lines of the log that say by what a model is computed, and what of its checkpoint is left out.
fn log_loaded(service: &Service) {
    let model = &service.model;
    tracing::info!(
        model = model.name,
        fingerprint = model.fingerprint,
        commit = model.commit,
        encoder = model.encoder,
        dtype = model.dtype,
        instruction_set = model.instruction_set,
        numerics = model.numerics,
        heads = ?service.heads().names(),
        sequence_tokens = service.sequence_tokens,
        "the model is loaded"
    );
    if !model.left_out.heads.is_empty() {
        tracing::info!(
            model = model.name,
            architectures = ?model.left_out.heads,
            tensors = model.left_out.tensors.len(),
            "only the encoder of these architectures is served; /info lists what is left out"
        );
    }
}
