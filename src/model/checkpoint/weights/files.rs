//! Opens the files of the weights: one, or shards with an index, as safetensors or as PyTorch saves them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::SafeTensors;
use serde::Deserialize;

use super::{Located, Weights, WeightsFile, pytorch};
use crate::model::checkpoint::damage::{explain, git_lfs_pointer};
use crate::model::checkpoint::error::{CheckpointError, read_json};
use crate::model::checkpoint::map::MappedFile;
use crate::model::checkpoint::names::TensorNames;
use crate::model::checkpoint::tensors::BUFFERS;

/// The files that may have the weights, or list them, in the order in which transformers looks for them;
/// the last is for weights that `torch.save` wrote by another name than transformers'.
const CANDIDATES: [&str; 5] = [
    SINGLE,
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "model.pt",
];
const SINGLE: &str = "model.safetensors";
const INDEX_END: &str = ".index.json";
const SAFETENSORS_END: &str = ".safetensors";

/// Endings of files with weights for other programs.
const OTHERS: [&str; 6] = ["onnx", "h5", "msgpack", "gguf", "ot", "xml"];

/// The shards of a distributed checkpoint, which transformers prefers, have both in their names, as in
/// `shard-00001-model-00001-of-00002.safetensors`.
const DISTRIBUTED: [&str; 2] = ["shard-", "-model-"];

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Weights {
    /// Maps the weights of a folder: the first of `model.safetensors`, `pytorch_model.bin` and `model.pt`, or
    /// the shards that an index of one of the first two lists. `names` says what may be different in the
    /// names of tensors.
    ///
    /// # Errors
    /// There are none, a file's header is invalid, it is truncated or too long, a shard lacks a
    /// tensor that the index lists for it, a tensor exists twice, its rows can't be divided between those
    /// that it holds, or the folder has other weights that would have to be read instead.
    pub fn open(dir: &Path, names: TensorNames) -> Result<Self, CheckpointError> {
        check_for_others(dir)?;
        let found = CANDIDATES.map(|name| dir.join(name)).into_iter().find(|file| file.exists());
        let Some(file) = found else { return Err(missing(dir)) };
        let mut weights = Self::empty(dir.to_owned(), names);
        if file.to_string_lossy().ends_with(INDEX_END) {
            weights.add_shards(&file)?;
        } else {
            weights.add_file(file)?;
        }
        Ok(weights)
    }

    /// Maps one file of any name.
    ///
    /// # Errors
    /// Like [`Weights::open`].
    pub fn open_file(file: &Path) -> Result<Self, CheckpointError> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut weights = Self::empty(folder.to_owned(), TensorNames::default());
        weights.add_file(file.to_owned())?;
        Ok(weights)
    }

    fn empty(dir: PathBuf, names: TensorNames) -> Self {
        Self { dir, names, files: Vec::new(), tensors: BTreeMap::new() }
    }

    fn add_shards(&mut self, index: &Path) -> Result<(), CheckpointError> {
        let Index { weight_map } = read_json(index, "a list of shards")?;
        let mut names: Vec<&String> = weight_map.values().collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            if Path::new(name).file_name() != Some(name.as_ref()) {
                let message = format!("shard \"{name}\": expected a file name without a folder");
                return Err(CheckpointError::invalid(index, message));
            }
            self.add_file(self.dir.join(name))?;
        }
        for (tensor, shard) in &weight_map {
            let is_there = |name: &String| {
                let found = self.tensors.get(name);
                found.is_some_and(|found| self.files[found.file].path.ends_with(shard))
            };
            if !self.names.canonical(tensor).iter().all(is_there) {
                return Err(CheckpointError::Tensor {
                    file: self.dir.join(shard),
                    tensor: tensor.clone(),
                    found: "nothing".to_owned(),
                    expected: format!("the tensor, as {} says", name_of(index)),
                });
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: PathBuf) -> Result<(), CheckpointError> {
        let map = MappedFile::open(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => CheckpointError::Missing {
                file: path.clone(),
                expected: "a file of weights".to_owned(),
            },
            _ => CheckpointError::Unreadable { file: path.clone(), source },
        })?;
        let file = self.files.len();
        let read = match git_lfs_pointer(&map) {
            Some(message) => Err(message),
            None if path.to_string_lossy().ends_with(SAFETENSORS_END) => safetensors(&map, file),
            None => pytorch::tensors(&path, &map, file),
        };
        for (name, located) in read.map_err(|message| CheckpointError::invalid(&path, message))? {
            let canonical = self.names.canonical(&name);
            let parts =
                located.divide(canonical.len()).map_err(|found| CheckpointError::Tensor {
                    file: path.clone(),
                    tensor: name.clone(),
                    found,
                    expected: format!("rows that can be divided by {}", canonical.len()),
                })?;
            for (canonical, part) in canonical.into_iter().zip(parts) {
                let is_buffer = BUFFERS.contains(&canonical.as_str());
                if self.tensors.insert(canonical, part).is_some() && !is_buffer {
                    let message =
                        format!("tensor \"{name}\" exists twice: in two files or in two spellings");
                    return Err(CheckpointError::invalid(&path, message));
                }
            }
        }
        self.files.push(WeightsFile { path, map: Arc::new(map) });
        Ok(())
    }
}

/// The tensors of a safetensors file by name. `file` is the index that they get.
fn safetensors(bytes: &[u8], file: usize) -> Result<BTreeMap<String, Located>, String> {
    let parsed = SafeTensors::deserialize(bytes).map_err(|error| explain(&error, bytes))?;
    let start = bytes.as_ptr() as usize;
    let located = |view: safetensors::tensor::TensorView<'_>| {
        let offset = view.data().as_ptr() as usize - start;
        let (dtype, shape) = (view.dtype(), view.shape().to_vec());
        Located { file, dtype, shape, bytes: offset..offset + view.data().len() }
    };
    Ok(parsed.iter().map(|(name, view)| (name.to_owned(), located(view))).collect())
}

/// Checks that the folder has no weights that transformers reads instead of those that are read
/// here.
fn check_for_others(dir: &Path) -> Result<(), CheckpointError> {
    let names = dir.read_dir().into_iter().flatten().flatten().map(|entry| entry.file_name());
    let is_distributed = |name: &str| {
        let [start, middle] = DISTRIBUTED;
        name.starts_with(start) && name.contains(middle) && name.ends_with(".safetensors")
    };
    match names.into_iter().find(|name| name.to_str().is_some_and(is_distributed)) {
        Some(name) => {
            let message = "a distributed checkpoint can't be served; save it as one file";
            Err(CheckpointError::invalid(&dir.join(name), message))
        }
        None => Ok(()),
    }
}

/// The error of a folder without weights. It names those of other programs, if there are some.
fn missing(dir: &Path) -> CheckpointError {
    let entries = dir.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let is_other = |path: &PathBuf| {
        path.extension().is_some_and(|extension| OTHERS.iter().any(|other| *other == extension))
    };
    let mut others: Vec<String> = entries.filter(is_other).map(|path| name_of(&path)).collect();
    others.sort_unstable();
    let advice = match others.as_slice() {
        [] => String::new(),
        names => format!(
            "; {} can't be served: take the PyTorch model that it was made from, and save it with \
             save_pretrained",
            names.join(", ")
        ),
    };
    let expected = format!("{SINGLE}, or its shards with an index, or pytorch_model.bin{advice}");
    CheckpointError::Missing { file: dir.join(SINGLE), expected }
}

/// The last part of a path.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
