//! Why a checkpoint can't be used: which file, which tensor, what was there, what was expected.

use std::path::{Path, PathBuf};

/// A checkpoint that can't be read or doesn't fit together.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file can't be read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that is needed isn't there.
    #[error("{}: not found; expected {expected}", file.display())]
    Missing {
        /// Which.
        file: PathBuf,
        /// What it should be.
        expected: String,
    },
    /// A file was read but says something that can't be used.
    #[error("{}: {message}", file.display())]
    Invalid {
        /// Which.
        file: PathBuf,
        /// What was found and what is allowed.
        message: String,
    },
    /// A tensor is absent, misshapen or of another type.
    #[error("{}: tensor \"{tensor}\": found {found}; expected {expected}", file.display())]
    Tensor {
        /// The file, or the directory where no file has it.
        file: PathBuf,
        /// Its name without the `bert.` prefix.
        tensor: String,
        /// What was there.
        found: String,
        /// What the config calls for.
        expected: String,
    },
}

impl CheckpointError {
    pub(crate) fn invalid(file: &Path, message: impl Into<String>) -> Self {
        Self::Invalid { file: file.to_owned(), message: message.into() }
    }
}

/// Reads a whole file as text.
pub(crate) fn read_text(file: &Path, expected: &str) -> Result<String, CheckpointError> {
    std::fs::read_to_string(file).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => {
            CheckpointError::Missing { file: file.to_owned(), expected: expected.to_owned() }
        }
        _ => CheckpointError::Unreadable { file: file.to_owned(), source },
    })
}

/// Reads a JSON file into `T`; the message names the field and the place.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(
    file: &Path,
    expected: &str,
) -> Result<T, CheckpointError> {
    let text = read_text(file, expected)?;
    let mut json = serde_json::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let at = error.path().to_string();
        CheckpointError::invalid(file, format!("field \"{at}\": {}", error.inner()))
    })
}

/// As [`read_json`], with `None` where there is no such file.
pub(crate) fn read_optional_json<T: serde::de::DeserializeOwned>(
    file: &Path,
) -> Result<Option<T>, CheckpointError> {
    if file.exists() { read_json(file, "a JSON file").map(Some) } else { Ok(None) }
}
