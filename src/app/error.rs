//! Why the server can't be loaded or run.

use std::error::Error;
use std::fmt::Display;
use std::path::PathBuf;

use crate::heads::HeadsError;
use crate::hub::HubError;
use crate::keys::KeysError;
use crate::model::checkpoint::CheckpointError;
use crate::model::encoder::NoInstructions;
use crate::model::recipe::InvalidRecipe;
use crate::quantization::CalibrationError;
use crate::text::TokenizerError;

/// Why the server did not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The checkpoint, a recipe or a head can't be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The server could not be started, for example because its port is in use.
    #[error(transparent)]
    Start(#[from] anyhow::Error),
    /// The server had to stop before requests were finished.
    #[error(
        "{0} requests were not finished when the server had to stop; raise http.grace_ms to give them \
         more time"
    )]
    Unfinished(usize),
}

/// Why the checkpoint or something that belongs to it can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The folder of the checkpoint does not exist.
    #[error("{}: no such folder; {advice}", model.display())]
    NoModel {
        /// The configured folder.
        model: PathBuf,
        /// What to do about it.
        advice: &'static str,
    },
    /// The model can't be had from a hub.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The checkpoint can't be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// This CPU lacks the configured instruction set.
    #[error(transparent)]
    Instructions(#[from] NoInstructions),
    /// Its tokenizer can't be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A configured recipe doesn't fit the model.
    #[error("recipes.{name}.{}: {error}", error.field)]
    Recipe {
        /// Its name.
        name: String,
        /// The error in the recipe.
        error: InvalidRecipe,
    },
    /// The heads can't be loaded.
    #[error(transparent)]
    Heads(#[from] HeadsError),
    /// A file with the ranges of embeddings can't be used.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// The head does not exist.
    #[error("no head is called \"{name}\", and there is no such folder; the heads are {known}")]
    NoHead {
        /// Its name.
        name: String,
        /// The names of the existing heads.
        known: String,
    },
    /// The model failed on a first pass.
    #[error(
        "the model can't compute: {0}; check the weights of the checkpoint, or try --encoder reference"
    )]
    Trial(Box<dyn Error + Send + Sync>),
    /// A thread could not be started, or it panicked.
    #[error("{0}")]
    Thread(String),
}

impl LoadError {
    /// A thread could not be started.
    pub(super) fn no_thread(error: impl Display) -> Self {
        Self::Thread(format!(
            "no thread could be started: {error}; allow the process more threads, or lower --threads"
        ))
    }
}
