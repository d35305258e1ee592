//! Where the keys are written.

use std::fs;
use std::path::PathBuf;

use super::entry::KeyEntry;
use super::error::KeysError;

/// The largest file of keys that is read: a hundred thousand keys.
const FILE_BYTES: u64 = 16 << 20;

/// Where the keys are written: a file, a text of the configuration or its environment, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySource {
    /// `auth.keys_file`.
    pub file: Option<PathBuf>,
    /// `auth.keys`; empty for none.
    pub text: String,
}

/// The texts that keys are read from, as they are now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct KeyTexts {
    file: Option<String>,
    text: String,
}

impl KeySource {
    /// Whether clients need a key.
    pub fn is_given(&self) -> bool {
        self.file.is_some() || !self.text.trim().is_empty()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// It can't be read.
    pub(super) fn texts(&self) -> Result<KeyTexts, KeysError> {
        let file = self.file.as_ref().map(|path| {
            let failed = |source| KeysError::Read { path: path.clone(), source };
            if fs::metadata(path).map_err(failed)?.len() > FILE_BYTES {
                return Err(failed(std::io::Error::other("it is larger than 16 MiB")));
            }
            fs::read_to_string(path).map_err(failed)
        });
        Ok(KeyTexts { file: file.transpose()?, text: self.text.clone() })
    }

    /// The entries of both texts.
    ///
    /// # Errors
    /// An entry can't be used, a name or a key is in both, or there is none at all.
    pub(super) fn entries(&self, texts: &KeyTexts) -> Result<Vec<KeyEntry>, KeysError> {
        let KeyTexts { file, text } = texts;
        let path = self.file.as_ref().map_or_else(String::new, |path| path.display().to_string());
        let mut entries = KeyEntry::read_all(file.as_deref().unwrap_or_default(), &path)?;
        for entry in KeyEntry::read_all(text, TEXT)? {
            let same = |other: &&KeyEntry| other.name == entry.name || other.sha256 == entry.sha256;
            if let Some(other) = entries.iter().find(same) {
                let advice = format!("{path} has it too, as {}; leave one of them out", other.name);
                let (origin, field) = (TEXT.to_owned(), entry.name);
                return Err(KeysError::Refused { origin, field, advice });
            }
            entries.push(entry);
        }
        if entries.is_empty() && self.is_given() {
            let origin = if path.is_empty() { TEXT.to_owned() } else { path };
            return Err(KeysError::NoKeys { origin });
        }
        Ok(entries)
    }
}

/// What messages call the text of the configuration.
const TEXT: &str = "auth.keys";
