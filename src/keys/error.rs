//! Why keys can't be used.

use std::io;

/// Why keys can't be used. No message quotes a value, which may be a key by mistake.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file can't be read.
    #[error(
        "{path}: {source}; auth.keys_file names a TOML file of keys, such as `strata key new --file` writes"
    )]
    Read {
        /// The file.
        path: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The text is not TOML.
    #[error("{origin}{}: not TOML: {message}; write NAME = \"SHA-256 of the key\"", line.map_or_else(String::new, |line| format!(", line {line}")))]
    Syntax {
        /// Where the text is from.
        origin: String,
        /// The line, counted from 1.
        line: Option<usize>,
        /// The parser's message.
        message: String,
    },
    /// A name or a field can't be used.
    #[error("{origin}: {field}: {advice}")]
    Refused {
        /// Where the text is from.
        origin: String,
        /// The name of the key, and of its field.
        field: String,
        /// What is allowed.
        advice: String,
    },
    /// There is no key, so that nobody could be let in.
    #[error(
        "{origin}: no key is in it, so that nobody would be let in; `strata key new` makes one"
    )]
    NoKeys {
        /// Where the keys should be.
        origin: String,
    },
    /// The thread that watches the file can't be started.
    #[error(
        "the thread that watches the keys can't be started: {0}; allow the process more threads"
    )]
    Thread(io::Error),
}
