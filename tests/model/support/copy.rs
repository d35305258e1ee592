//! Copies of checkpoints that tests change or damage.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::tensor::View;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use tempfile::TempDir;

use super::fixtures::tiny;

/// A tensor as it is stored in a file.
#[derive(Clone)]
pub struct Stored {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl Stored {
    pub fn f32(shape: &[usize], numbers: &[f32]) -> Self {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        Self { dtype: Dtype::F32, shape: shape.to_vec(), bytes }
    }

    pub fn numbers(&self) -> Vec<f32> {
        assert_eq!(self.dtype, Dtype::F32);
        let (numbers, _) = self.bytes.as_chunks();
        numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    /// The tensor with each number changed.
    pub fn map(&self, change: impl Fn(f32) -> f32) -> Self {
        let numbers: Vec<f32> = self.numbers().into_iter().map(change).collect();
        Self::f32(&self.shape, &numbers)
    }
}

impl View for &Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The tensors of a file by name.
pub type Tensors = BTreeMap<String, Stored>;

/// The name of the weights file.
pub const MODEL: &str = "model.safetensors";

/// A checkpoint in a temporary folder.
pub struct CheckpointCopy(TempDir);

impl CheckpointCopy {
    /// A copy of a tiny checkpoint.
    pub fn new(name: &str) -> Self {
        Self::from_folder(&tiny(name))
    }

    /// A copy of any checkpoint.
    pub fn from_folder(dir: &Path) -> Self {
        let copy = Self(TempDir::new().unwrap());
        copy_folder(dir, copy.dir());
        copy
    }

    pub fn dir(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap()
    }

    /// Replaces a file by a new one; the old one may still be mapped.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        if self.file(name).exists() {
            self.remove(name);
        }
        fs::write(self.file(name), bytes).unwrap();
    }

    /// Like `write`, also into a new folder.
    pub fn create(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.file(name).parent().unwrap()).unwrap();
        self.write(name, bytes);
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.file(name)).unwrap();
    }

    pub fn tensors(&self, name: &str) -> Tensors {
        let bytes = self.bytes(name);
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let stored = |view: safetensors::tensor::TensorView<'_>| Stored {
            dtype: view.dtype(),
            shape: view.shape().to_vec(),
            bytes: view.data().to_vec(),
        };
        file.iter().map(|(name, view)| (name.to_owned(), stored(view))).collect()
    }

    pub fn write_tensors(&self, name: &str, tensors: &Tensors) {
        self.write(name, safetensors::serialize(tensors, None).unwrap());
    }

    /// Changes the tensors of `model.safetensors`.
    pub fn edit(&self, change: impl FnOnce(&mut Tensors)) {
        let mut tensors = self.tensors(MODEL);
        change(&mut tensors);
        self.write_tensors(MODEL, &tensors);
    }

    /// Changes a JSON file.
    pub fn edit_json(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut json = serde_json::from_slice(&self.bytes(name)).unwrap();
        change(&mut json);
        self.write(name, serde_json::to_vec_pretty(&json).unwrap());
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
