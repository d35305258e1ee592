//! Why a configuration is refused.

use std::io;
use std::path::PathBuf;

/// Why a configuration is refused. Every message names the key or the variable at fault.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that can't be read.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that isn't TOML.
    #[error("{origin} is not valid TOML: {message}")]
    Syntax {
        /// The file.
        origin: String,
        /// What is wrong, with the line.
        message: String,
    },
    /// A key that no setting has.
    #[error("unknown key {key} (from {origin}); the nearest known key is {nearest}")]
    UnknownKey {
        /// With its section: `batching.budget`.
        key: String,
        /// Where it came from.
        origin: String,
        /// The known key that is most like it.
        nearest: String,
    },
    /// A variable that begins as Strata's do and sets nothing.
    #[error("unknown environment variable {name}; the nearest known one is {nearest}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The known one that is most like it.
        nearest: String,
    },
    /// A variable or flag whose value isn't UTF-8.
    #[error("{origin} is not valid UTF-8")]
    NotUtf8 {
        /// The variable or flag.
        origin: String,
    },
    /// A value that isn't allowed.
    #[error("{} = {} (from {origin}): {}", refusal.key, refusal.value, refusal.advice)]
    Refused {
        /// What is refused and why.
        refusal: Refusal,
        /// Where the value came from: a file, a variable, a flag.
        origin: String,
    },
}

/// A value that isn't allowed, before anyone has said where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The key, with its section.
    pub key: String,
    /// The value as TOML writes it.
    pub value: String,
    /// What is allowed: "must be 1 to 1024".
    pub advice: String,
}

impl Refusal {
    pub(super) fn new(
        key: impl Into<String>,
        value: impl Into<toml::Value>,
        advice: impl Into<String>,
    ) -> Self {
        Self { key: key.into(), value: value.into().to_string(), advice: advice.into() }
    }
}
