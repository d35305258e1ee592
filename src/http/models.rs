//! The models of a server by name, and what each of them does just now.

use std::sync::{Arc, PoisonError, RwLock};

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::excerpt::excerpt;
use super::service::Service;

/// A model as the configuration announces it, before it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Its name in requests and answers.
    pub name: String,
    /// Further names.
    pub aliases: Vec<String>,
    /// Whether the server is ready only if this model is.
    pub required: bool,
    /// The name of what decides the bits of its answers.
    pub numerics: String,
}

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It serves.
    Ready,
    /// It is being loaded.
    Loading,
    /// It serves, but the last pass failed or the worker died; or it could not be loaded.
    Failing,
}

/// A model.
#[derive(Clone)]
pub struct Entry {
    /// What the configuration says.
    pub announced: Arc<Announced>,
    state: State,
}

#[derive(Clone)]
enum State {
    Loading,
    Loaded(Arc<Service>),
    /// It could not be loaded.
    Broken,
}

impl Phase {
    /// Its name in `/readyz` and `/info`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Loading => "loading",
            Self::Failing => "failing",
        }
    }
}

impl Entry {
    /// The service, once the model is loaded.
    pub fn service(&self) -> Option<&Arc<Service>> {
        match &self.state {
            State::Loaded(service) => Some(service),
            State::Loading | State::Broken => None,
        }
    }

    /// What the model does. Never waits.
    pub fn phase(&self) -> Phase {
        match &self.state {
            State::Loading => Phase::Loading,
            State::Broken => Phase::Failing,
            State::Loaded(service) => {
                let status = service.batcher.status();
                if status.alive && !status.failing { Phase::Ready } else { Phase::Failing }
            }
        }
    }

    /// All its names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let Announced { name, aliases, .. } = &*self.announced;
        std::iter::once(name.as_str()).chain(aliases.iter().map(String::as_str))
    }

    /// The service.
    ///
    /// # Errors
    /// The model is being loaded, or could not be.
    pub fn serve(&self) -> Result<Arc<Service>, ApiError> {
        match &self.state {
            State::Loaded(service) => Ok(Arc::clone(service)),
            State::Loading => Err(ApiError::Starting),
            State::Broken => Err(ApiError::ModelBroken(self.announced.name.clone())),
        }
    }
}

/// Which model a request asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted<'r> {
    /// The first one: the request names none.
    #[default]
    First,
    /// The one of this name, which a field of the request has.
    Named {
        /// The name.
        name: &'r str,
        /// The JSON pointer of the field.
        pointer: &'static str,
    },
    /// The one of this name, or else the first one.
    Preferred(&'r str),
}

impl<'r> Wanted<'r> {
    /// What the field `model` says.
    pub fn named(name: Option<&'r str>) -> Self {
        name.map_or(Self::First, |name| Self::Named { name, pointer: "/model" })
    }
}

/// The models of a server, in the order of the configuration.
#[derive(Default)]
pub struct Models(RwLock<Vec<Entry>>);

impl Models {
    /// Models that are being loaded.
    pub fn new(announced: impl IntoIterator<Item = Announced>) -> Self {
        let models = Self::default();
        announced.into_iter().for_each(|announced| models.announce(announced));
        models
    }

    /// A model is being loaded. One that has this name already serves until then.
    pub fn announce(&self, announced: Announced) {
        let mut entries = self.write();
        let announced = Arc::new(announced);
        match entries.iter_mut().find(|entry| entry.announced.name == announced.name) {
            Some(Entry { announced: known, state: State::Loaded(_) }) => *known = announced,
            Some(entry) => *entry = Entry { announced, state: State::Loading },
            None => entries.push(Entry { announced, state: State::Loading }),
        }
    }

    /// Puts the models into the order of these names.
    pub fn arrange(&self, names: &[String]) {
        let place = |entry: &Entry| names.iter().position(|name| *name == entry.announced.name);
        self.write().sort_by_key(place);
    }

    /// A model is loaded: from now on it serves, instead of what it served before.
    pub fn loaded(&self, service: Service) {
        let mut entries = self.write();
        let named = |entry: &&mut Entry| entry.announced.name == service.model.name;
        if let Some(entry) = entries.iter_mut().find(named) {
            entry.state = State::Loaded(Arc::new(service));
        }
    }

    /// A model could not be loaded. An older version that serves goes on.
    pub fn broken(&self, name: &str) {
        let mut entries = self.write();
        let entry = entries.iter_mut().find(|entry| entry.announced.name == name);
        if let Some(Entry { state: state @ State::Loading, .. }) = entry {
            *state = State::Broken;
        }
    }

    /// Takes a model out. Requests that have it already are still answered; it ends with the last of them.
    pub fn remove(&self, name: &str) {
        self.write().retain(|entry| entry.announced.name != name);
    }

    /// All models. Later changes don't show in it.
    pub fn all(&self) -> Vec<Entry> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The model that a request asks for, which serves.
    ///
    /// # Errors
    /// There is no such model, or it is not loaded.
    pub fn choose(&self, wanted: Wanted<'_>) -> Result<Arc<Service>, ApiError> {
        self.find(wanted)?.serve()
    }

    /// The model that a request asks for, whether it serves or not.
    ///
    /// # Errors
    /// There is no such model.
    pub fn find(&self, wanted: Wanted<'_>) -> Result<Entry, ApiError> {
        let entries = self.all();
        let named = |name: &str| entries.iter().find(|entry| entry.names().any(|own| own == name));
        let found = match wanted {
            Wanted::First => entries.first(),
            Wanted::Preferred(name) => named(name).or(entries.first()),
            Wanted::Named { name, pointer } => {
                Some(named(name).ok_or_else(|| unknown(&entries, name, pointer))?)
            }
        };
        found.cloned().ok_or(ApiError::Starting)
    }

    /// The name of what decides the bits of all answers, if the models have it in common.
    pub fn numerics(&self) -> Option<String> {
        let mut names = self.all().into_iter().map(|entry| entry.announced.numerics.clone());
        let first = names.next()?;
        names.all(|other| other == first).then_some(first)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Entry>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a name that no model has.
fn unknown(entries: &[Entry], name: &str, pointer: &str) -> ApiError {
    let known = entries.iter().flat_map(Entry::names).collect::<Vec<_>>().join(", ");
    let message = format!("there is no model \"{}\"; there is {known}", excerpt(name));
    ApiError::unacceptable(ErrorCode::UnknownModel, pointer, message)
}
