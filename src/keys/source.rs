//! Where the keys are written.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::entry::KeyEntry;
use super::error::KeysError;
use super::ring::KeyRing;
use super::secret::PREFIX;
use crate::files::read_text;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
            let failed = |source| KeysError::Read { path: shown(path), source };
            read_text(path, FILE_BYTES).map_err(failed)
        });
        Ok(KeyTexts { file: file.transpose()?, text: self.text.clone() })
    }

    /// Reads the keys: the texts, and what is in them.
    ///
    /// # Errors
    /// The keys can't be used, or keys are configured and there is none.
    pub(super) fn read(&self) -> Result<(KeyTexts, KeyRing), KeysError> {
        let texts = self.texts()?;
        let entries = self.entries(&texts)?;
        let ring = match (entries.is_empty(), self.is_given()) {
            (true, true) => return Err(KeysError::NoKeys { origin: self.origin() }),
            (true, false) => KeyRing::default(),
            (false, _) => KeyRing::new(&entries, &KeyRing::default()),
        };
        Ok((texts, ring))
    }

    /// The keys as they are now.
    ///
    /// # Errors
    /// The keys can't be used, or keys are configured and there is none.
    pub fn keys(&self) -> Result<KeyRing, KeysError> {
        Ok(self.read()?.1)
    }

    /// The entries of both texts.
    ///
    /// # Errors
    /// An entry can't be used, or a name or a key is in both.
    pub(super) fn entries(&self, texts: &KeyTexts) -> Result<Vec<KeyEntry>, KeysError> {
        let KeyTexts { file, text } = texts;
        let path = self.file.as_deref().map_or_else(String::new, shown);
        let mut entries = KeyEntry::read_all(file.as_deref().unwrap_or_default(), &path)?;
        let (names, hashes): (HashSet<_>, HashSet<_>) =
            entries.iter().map(|entry| (entry.name.clone(), entry.sha256)).unzip();
        for entry in KeyEntry::read_all(text, TEXT)? {
            if names.contains(&entry.name) || hashes.contains(&entry.sha256) {
                let advice = format!("its name or its key is in {path} too; leave one of them out");
                let (origin, field) = (TEXT.to_owned(), entry.name);
                return Err(KeysError::Refused { origin, field, advice });
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Where the keys should be, for a message.
    fn origin(&self) -> String {
        self.file.as_deref().map_or_else(|| TEXT.to_owned(), shown)
    }
}

/// What messages call the text of the configuration.
const TEXT: &str = "auth.keys";

/// The path of a file, unless it looks as if it were keys, set by mistake.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let is_keys = text.contains(['=', '\n']) || text.starts_with(PREFIX);
    if is_keys { "auth.keys_file (not shown)".to_owned() } else { text }
}
