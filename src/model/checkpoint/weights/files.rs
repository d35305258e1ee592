//! Opens the files of the weights: one, or shards with an index.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::SafeTensors;
use serde::Deserialize;

use super::{Located, Weights, WeightsFile};
use crate::model::checkpoint::damage::explain;
use crate::model::checkpoint::error::{CheckpointError, read_json};
use crate::model::checkpoint::map::MappedFile;
use crate::model::checkpoint::tensors::BUFFERS;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// The shards of a distributed checkpoint, which transformers prefers, have both in their names, as in
/// `shard-00001-model-00001-of-00002.safetensors`.
const DISTRIBUTED: [&str; 2] = ["shard-", "-model-"];

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Weights {
    /// Maps `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
    ///
    /// # Errors
    /// A file is missing, its header is invalid, it is truncated or too long, a shard lacks a
    /// tensor that the index lists for it, a tensor exists twice, or the folder has other weights
    /// that would have to be read instead.
    pub fn open(dir: &Path) -> Result<Self, CheckpointError> {
        check_for_others(dir)?;
        let mut weights = Self { dir: dir.to_owned(), files: Vec::new(), tensors: BTreeMap::new() };
        let index = dir.join(INDEX);
        if index.exists() && !dir.join(SINGLE).exists() {
            weights.add_shards(&index)?;
        } else {
            weights.add_file(dir.join(SINGLE))?;
        }
        Ok(weights)
    }

    /// Maps one safetensors file of any name.
    ///
    /// # Errors
    /// Like [`Weights::open`].
    pub fn open_file(file: &Path) -> Result<Self, CheckpointError> {
        let dir = file.parent().unwrap_or(Path::new("")).to_owned();
        let mut weights = Self { dir, files: Vec::new(), tensors: BTreeMap::new() };
        weights.add_file(file.to_owned())?;
        Ok(weights)
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
            let found = self.tensors.get(&canonical(tensor));
            if found.is_none_or(|found| !self.files[found.file].path.ends_with(shard)) {
                return Err(CheckpointError::Tensor {
                    file: self.dir.join(shard),
                    tensor: tensor.clone(),
                    found: "nothing".to_owned(),
                    expected: format!("the tensor, as {INDEX} says"),
                });
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: PathBuf) -> Result<(), CheckpointError> {
        let map = MappedFile::open(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => CheckpointError::Missing {
                file: path.clone(),
                expected: format!("{SINGLE}, or {INDEX} with its shards{}", pickled(&self.dir)),
            },
            _ => CheckpointError::Unreadable { file: path.clone(), source },
        })?;
        let parsed = SafeTensors::deserialize(&map)
            .map_err(|error| CheckpointError::invalid(&path, explain(&error, &map)))?;
        let start = map.as_ptr() as usize;
        // In a fixed order, so that the same tensor is named whenever two have one name.
        let views: BTreeMap<&str, _> = parsed.iter().collect();
        for (name, view) in views {
            let offset = view.data().as_ptr() as usize - start;
            let located = Located {
                file: self.files.len(),
                dtype: view.dtype(),
                shape: view.shape().to_vec(),
                bytes: offset..offset + view.data().len(),
            };
            let canonical = canonical(name);
            let is_buffer = BUFFERS.contains(&canonical.as_str());
            if self.tensors.insert(canonical, located).is_some() && !is_buffer {
                let message =
                    format!("tensor \"{name}\" exists twice: in two files or in two spellings");
                return Err(CheckpointError::invalid(&path, message));
            }
        }
        self.files.push(WeightsFile { path, map: Arc::new(map) });
        Ok(())
    }
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

/// What to do about weights that were saved by pickle, if there are some.
fn pickled(dir: &Path) -> &'static str {
    if dir.join("pytorch_model.bin").exists() {
        "; pytorch_model.bin can't be read, so save it as safetensors"
    } else {
        ""
    }
}

/// The canonical name of a tensor: no `bert.` prefix, and `weight` and `bias` for the old names
/// `gamma` and `beta` of a norm.
fn canonical(name: &str) -> String {
    let name = name.strip_prefix("bert.").unwrap_or(name);
    if let Some(stem) = name.strip_suffix("LayerNorm.gamma") {
        return format!("{stem}LayerNorm.weight");
    }
    if let Some(stem) = name.strip_suffix("LayerNorm.beta") {
        return format!("{stem}LayerNorm.bias");
    }
    name.to_owned()
}
