//! Why a command failed, and the exit code for it.

use crate::app::ServeError;
use crate::training::TrainError;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// An argument, a setting or a file can't be used: exit code 2.
    Unusable(anyhow::Error),
    /// The command could not do its work: exit code 1.
    Failed(anyhow::Error),
    /// The server stopped with requests unfinished: exit code 3.
    Unfinished(anyhow::Error),
}

impl Failure {
    /// An argument, a setting or a file can't be used.
    pub fn unusable(error: impl Into<anyhow::Error>) -> Self {
        Self::Unusable(error.into())
    }

    /// The command could not do its work.
    pub fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed(error.into())
    }

    /// The exit code of the process, and the error to print.
    pub fn into_exit_code(self) -> (u8, anyhow::Error) {
        match self {
            Self::Failed(error) => (1, error),
            Self::Unusable(error) => (2, error),
            Self::Unfinished(error) => (3, error),
        }
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Load(error) => Self::unusable(error),
            ServeError::Keys(error) => Self::unusable(error),
            ServeError::Start(error) => Self::Failed(error),
            unfinished @ ServeError::Unfinished(_) => Self::Unfinished(unfinished.into()),
        }
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Features(_) | TrainError::Tensor(_) | TrainError::Solver(_) => {
                Self::failed(error)
            }
            _ => Self::unusable(error),
        }
    }
}
