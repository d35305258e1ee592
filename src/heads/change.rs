//! Changes in the folders of heads, for the log and the metrics.

use std::io;
use std::path::PathBuf;

use crate::model::head::HeadError;

/// A change in the folders of heads.
pub enum Change {
    /// A new head or a new version of a head is in use.
    Served {
        /// The head's name.
        name: String,
        /// Its version.
        version: String,
    },
    /// The folder of a head was removed.
    Removed {
        /// The head's name.
        name: String,
    },
    /// A new version of a head is refused; the previous version stays in use, if there is one.
    Refused {
        /// The head's name.
        name: String,
        /// Why it is refused.
        error: HeadError,
    },
    /// A file or folder can't be read.
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

impl Change {
    /// The kinds of changes: fixed words, as labels of metrics must be.
    pub const KINDS: [&str; 5] = ["served", "removed", "refused", "unfinished", "unreadable"];

    /// The kind of this change, one of [`KINDS`](Self::KINDS).
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Served { .. } => "served",
            Self::Removed { .. } => "removed",
            Self::Refused { error: HeadError::Unfinished { .. }, .. } => "unfinished",
            Self::Refused { .. } => "refused",
            Self::Unreadable { .. } => "unreadable",
        }
    }

    /// Whether other heads are served than before.
    pub fn is_effective(&self) -> bool {
        matches!(self, Self::Served { .. } | Self::Removed { .. })
    }

    /// Writes the change to the log. To be called after the change is published.
    pub fn log(&self) {
        match self {
            Self::Served { name, version } => tracing::info!(head = name, version, "now served"),
            Self::Removed { name } => tracing::info!(head = name, "removed"),
            Self::Refused { name, error: error @ HeadError::Unfinished { .. } } => {
                tracing::info!(head = name, "not complete yet: {error}");
            }
            Self::Refused { name, error } => tracing::warn!(head = name, "refused: {error}"),
            Self::Unreadable { path, error } => {
                tracing::warn!(path = %path.display(), "can't be read: {error}");
            }
        }
    }
}

/// Why a head is not served, for `/info` and for the response to a request that names it.
pub fn reason(error: &HeadError) -> String {
    match error {
        HeadError::OtherEncoder { .. } => "it was made for another encoder".to_owned(),
        HeadError::Unfinished { .. } => {
            "its weights don't have the SHA-256 in its head.json yet".to_owned()
        }
        HeadError::Broken { message, .. } => message.clone(),
    }
}
