//! The tensors of a checkpoint, in one file or in shards, with one spelling of their names.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use super::damage::explain;
use super::error::{CheckpointError, read_json};
use super::map::MappedFile;
use super::table::{Format, Table};

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// The tensors of a checkpoint in mapped files, by their names without the `bert.` prefix.
pub struct Weights {
    dir: PathBuf,
    files: Vec<WeightsFile>,
    tensors: BTreeMap<String, Located>,
}

struct WeightsFile {
    path: PathBuf,
    map: Arc<MappedFile>,
}

/// A tensor as it is stored.
pub struct StoredTensor<'a> {
    /// The name without the `bert.` prefix.
    pub name: &'a str,
    /// The type of its numbers.
    pub dtype: Dtype,
    /// The size of each dimension.
    pub shape: &'a [usize],
    /// The numbers, row-major and little-endian.
    pub bytes: &'a [u8],
}

/// Where a tensor is stored.
struct Located {
    /// Index of the file.
    file: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Range<usize>,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.dtype, self.shape)
    }
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Weights {
    /// Maps `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
    ///
    /// # Errors
    /// A file is missing, its header is invalid, it is truncated or too long, a shard lacks a
    /// tensor that the index lists for it, or a tensor exists twice.
    pub fn open(dir: &Path) -> Result<Self, CheckpointError> {
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
                expected: format!("{SINGLE}, or {INDEX} with its shards"),
            },
            _ => CheckpointError::Unreadable { file: path.clone(), source },
        })?;
        let parsed = SafeTensors::deserialize(&map)
            .map_err(|error| CheckpointError::invalid(&path, explain(&error, &map)))?;
        let start = map.as_ptr() as usize;
        for (name, view) in parsed.iter() {
            let offset = view.data().as_ptr() as usize - start;
            let located = Located {
                file: self.files.len(),
                dtype: view.dtype(),
                shape: view.shape().to_vec(),
                bytes: offset..offset + view.data().len(),
            };
            if self.tensors.insert(canonical(name), located).is_some() {
                let message =
                    format!("tensor \"{name}\" exists twice: in two files or in two spellings");
                return Err(CheckpointError::invalid(&path, message));
            }
        }
        self.files.push(WeightsFile { path, map: Arc::new(map) });
        Ok(())
    }

    /// Whether there is a tensor of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Checks that a tensor exists with that shape, as f32, f16 or bf16.
    ///
    /// # Errors
    /// It doesn't.
    pub fn check(&self, name: &str, shape: &[usize]) -> Result<(), CheckpointError> {
        self.locate(name, shape).map(|_| ())
    }

    /// Reads a tensor as f32, row-major.
    ///
    /// # Errors
    /// Like [`Weights::check`].
    pub fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, CheckpointError> {
        let located = self.locate(name, shape)?;
        self.tensor(located, &Device::Cpu)
            .and_then(|tensor| tensor.flatten_all()?.to_vec1())
            .map_err(|error| {
                CheckpointError::invalid(&self.files[located.file].path, error.to_string())
            })
    }

    /// A tensor `(rows, columns)` that stays in its file.
    ///
    /// # Errors
    /// Like [`Weights::check`].
    pub fn table(&self, name: &str, rows: usize, columns: usize) -> Result<Table, CheckpointError> {
        let located = self.locate(name, &[rows, columns])?;
        Ok(Table {
            file: Arc::clone(&self.files[located.file].map),
            bytes: located.bytes.clone(),
            format: match located.dtype {
                Dtype::F16 => Format::F16,
                Dtype::BF16 => Format::Bf16,
                _ => Format::F32,
            },
            columns,
        })
    }

    /// Gives the memory of the tensors that were read back to the system; the files are read again
    /// when tensors are next used.
    pub fn release_pages(&self) {
        self.files.iter().for_each(|file| file.map.release_pages());
    }

    /// All tensors, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = StoredTensor<'_>> {
        self.tensors.iter().map(|(name, located)| StoredTensor {
            name,
            dtype: located.dtype,
            shape: &located.shape,
            bytes: &self.files[located.file].map[located.bytes.clone()],
        })
    }

    /// The shape of a tensor.
    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|located| located.shape.as_slice())
    }

    fn locate(&self, name: &str, shape: &[usize]) -> Result<&Located, CheckpointError> {
        let error = |file: &Path, found: String| CheckpointError::Tensor {
            file: file.to_owned(),
            tensor: name.to_owned(),
            found,
            expected: format!("F32, F16 or BF16 {shape:?}"),
        };
        let Some(located) = self.tensors.get(name) else {
            let file = if let [only] = self.files.as_slice() { &only.path } else { &self.dir };
            return Err(error(file, "nothing".to_owned()));
        };
        let usable = matches!(located.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16);
        if !usable || located.shape != shape {
            return Err(error(&self.files[located.file].path, located.to_string()));
        }
        Ok(located)
    }

    /// Reads a tensor with that shape as f32, for candle.
    pub(super) fn candle_tensor(
        &self,
        name: &str,
        shape: &[usize],
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        let located = self.locate(name, shape).map_err(candle_core::Error::wrap)?;
        self.tensor(located, device)
    }

    fn tensor(&self, located: &Located, device: &Device) -> candle_core::Result<Tensor> {
        let dtype = match located.dtype {
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            _ => DType::F32,
        };
        let bytes = &self.files[located.file].map[located.bytes.clone()];
        Tensor::from_raw_buffer(bytes, dtype, &located.shape, device)?.to_dtype(DType::F32)
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
