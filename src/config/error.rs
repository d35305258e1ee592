//! Why a configuration is refused.

use std::io;
use std::path::PathBuf;

/// Why a configuration is refused. Every message names the key or the variable at fault.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error(
        "cannot read the configuration file {}: {source}; name a TOML file that can be read by \
         --config",
        path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file is not valid TOML.
    #[error(
        "{origin} is not valid TOML: {message}; `strata serve --print-config` prints a valid file"
    )]
    Syntax {
        /// The file.
        origin: String,
        /// The line and the parser's message.
        message: String,
    },
    /// The key of no setting.
    #[error("unknown key {key} (from {origin}); the nearest known key is {nearest}")]
    UnknownKey {
        /// The key, with its section: `batching.budget`.
        key: String,
        /// The source of the key.
        origin: String,
        /// The most similar known key.
        nearest: String,
    },
    /// A variable with Strata's prefix that sets nothing.
    #[error("unknown environment variable {name}; the nearest known one is {nearest}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The most similar known variable.
        nearest: String,
    },
    /// A file that a variable names can't be read.
    #[error("{name}: {}: {source}; it names a file that has the value of the setting", path.display())]
    VariableFile {
        /// The variable.
        name: String,
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A setting is given by a variable and by a file that another variable names.
    #[error("{name} is set, and the variable without _FILE too; leave one of them out")]
    GivenTwice {
        /// The variable that names the file.
        name: String,
    },
    /// The value of a variable or flag is not valid UTF-8.
    #[error("{origin} is not valid UTF-8; write its value in UTF-8")]
    NotUtf8 {
        /// The variable or flag.
        origin: String,
    },
    /// A value is not allowed.
    #[error("{} = {} (from {origin}): {}", refusal.key, refusal.value, refusal.advice)]
    Refused {
        /// The value and the reason.
        refusal: Refusal,
        /// The source of the value: a file, a variable or a flag.
        origin: String,
    },
}

/// A value that is not allowed, without its source.
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

    /// A refusal that doesn't show the value, which may be a secret.
    pub(super) fn hidden(key: impl Into<String>, advice: impl ToString) -> Self {
        Self { key: key.into(), value: "(not shown)".to_owned(), advice: advice.to_string() }
    }
}
