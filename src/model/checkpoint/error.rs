//! Why a checkpoint can't be used: the file, the tensor, what was found and what was expected.

use std::path::{Path, PathBuf};

use serde_json::error::Category;

/// Why a checkpoint can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file can't be read.
    #[error("{}: {source}; it must be a file that this user may read", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A required file is missing.
    #[error("{}: not found; expected {expected}", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// What the file should be.
        expected: String,
    },
    /// The content of a file can't be used.
    #[error("{}: {message}", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// What was found, and what is allowed.
        message: String,
    },
    /// A tensor is missing, or has another shape or type.
    #[error("{}: tensor \"{tensor}\": found {found}; expected {expected}", file.display())]
    Tensor {
        /// The file, or the folder if no file has the tensor.
        file: PathBuf,
        /// The name without the prefix of the encoder.
        tensor: String,
        /// What was found.
        found: String,
        /// What the config requires.
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

/// Reads a JSON file into `T`; an error names the field and the position.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(
    file: &Path,
    expected: &str,
) -> Result<T, CheckpointError> {
    let text = read_text(file, expected)?;
    let no_json = |cause: &serde_json::Error| {
        format!("not valid JSON: {cause}; correct it, or download it again")
    };
    let mut json = serde_json::Deserializer::from_str(&text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (field, cause) = (error.path(), error.inner());
        let message = match cause.classify() {
            Category::Data => format!("field \"{field}\": {cause}"),
            _ => no_json(cause),
        };
        CheckpointError::invalid(file, message)
    })?;
    json.end().map_err(|cause| CheckpointError::invalid(file, no_json(&cause)))?;
    Ok(value)
}

/// Like [`read_json`]; `None` if there is no such file.
pub(crate) fn read_optional_json<T: serde::de::DeserializeOwned>(
    file: &Path,
) -> Result<Option<T>, CheckpointError> {
    if file.exists() { read_json(file, "a JSON file").map(Some) } else { Ok(None) }
}
