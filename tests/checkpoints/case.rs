//! The tiny checkpoints of `tests/fixtures/checkpoints`: a file per kind, which describes the files of
//! each case and what is expected of it. `tests/fixtures/checkpoint_kinds/written.py` has the format.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::support::root;

/// The folder of all kinds.
pub fn folder() -> PathBuf {
    root().join("tests/fixtures/checkpoints")
}

/// The cases of a kind by name.
pub fn read_kind(kind: &str) -> BTreeMap<String, Case> {
    #[derive(Deserialize)]
    struct Kind {
        cases: BTreeMap<String, Case>,
    }
    let text = fs::read(folder().join(format!("{kind}.json"))).unwrap();
    let Kind { cases } = serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{kind}: {e}"));
    cases
}

/// A checkpoint and what is expected of it.
#[derive(Deserialize)]
pub struct Case {
    files: BTreeMap<String, Content>,
    /// Names of files in `weights`.
    weights: BTreeMap<String, String>,
    #[serde(flatten)]
    pub expected: Expected,
}

/// What a checkpoint's file has.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Edited(Edited),
    Text(String),
    Json(Value),
}

/// A file of the folder `base` with other values at JSON pointers, and without some fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edited {
    base: String,
    #[serde(default)]
    edit: Map<String, Value>,
    #[serde(default)]
    without: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// Words of the message with which the checkpoint is refused.
    Refused(Vec<String>),
    Requests(Vec<Asked>),
}

/// A request and its answer.
#[derive(Deserialize)]
pub struct Asked {
    pub path: String,
    pub body: Value,
    pub expect: Value,
}

impl Case {
    /// One case of a kind.
    pub fn read(kind: &str, name: &str) -> Self {
        read_kind(kind).remove(name).unwrap_or_else(|| panic!("{kind} has no {name}"))
    }

    /// Writes the checkpoint.
    pub fn write(&self) -> TempDir {
        let copy = TempDir::new().unwrap();
        for (path, content) in &self.files {
            let bytes = match content {
                Content::Edited(edited) => edited.bytes(),
                Content::Text(text) => text.clone().into_bytes(),
                Content::Json(value) => value.to_string().into_bytes(),
            };
            write(copy.path(), path, bytes);
        }
        for (path, name) in &self.weights {
            write(copy.path(), path, fs::read(folder().join("weights").join(name)).unwrap());
        }
        copy
    }
}

/// Writes a file and the folders above it.
pub fn write(folder: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let file = folder.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
}

impl Edited {
    fn bytes(&self) -> Vec<u8> {
        let base = fs::read(folder().join("base").join(&self.base)).unwrap();
        if self.edit.is_empty() && self.without.is_empty() {
            return base;
        }
        let mut json: Value = serde_json::from_slice(&base).unwrap();
        for (pointer, value) in &self.edit {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            json.pointer_mut(parent).unwrap()[name] = value.clone();
        }
        for name in &self.without {
            assert!(json.as_object_mut().unwrap().shift_remove(name).is_some(), "{name}");
        }
        json.to_string().into_bytes()
    }
}
