//! The tensors of a checkpoint, one file or sharded, under one spelling of their names.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::VarBuilder;
use candle_nn::var_builder::SimpleBackend;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use super::damage::explain;
use super::error::{CheckpointError, read_json};
use super::map::MappedFile;
use super::table::{Format, Table};

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// Every tensor of a checkpoint, mapped, by its name without the `bert.` prefix.
pub struct Weights {
    dir: PathBuf,
    files: Vec<(PathBuf, Arc<MappedFile>)>,
    tensors: BTreeMap<String, Located>,
}

struct Located {
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
    /// No such file, a header that doesn't add up, a file that is cut or too long, a shard
    /// without a tensor that the index puts there, one tensor under two names.
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

    /// Maps one safetensors file, whatever its name.
    ///
    /// # Errors
    /// As [`Weights::open`].
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
                let message = format!("shard \"{name}\": expected a file's name without a path");
                return Err(CheckpointError::invalid(index, message));
            }
            self.add_file(self.dir.join(name))?;
        }
        for (tensor, shard) in &weight_map {
            let there = self.tensors.get(&canonical(tensor));
            if there.is_none_or(|found| !self.files[found.file].0.ends_with(shard)) {
                return Err(CheckpointError::Tensor {
                    file: self.dir.join(shard),
                    tensor: tensor.clone(),
                    found: "nothing".to_owned(),
                    expected: format!("it there, as {INDEX} says"),
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
            let from = view.data().as_ptr() as usize - start;
            let located = Located {
                file: self.files.len(),
                dtype: view.dtype(),
                shape: view.shape().to_vec(),
                bytes: from..from + view.data().len(),
            };
            if self.tensors.insert(canonical(name), located).is_some() {
                let message =
                    format!("tensor \"{name}\" is there twice: in two files or two spellings");
                return Err(CheckpointError::invalid(&path, message));
            }
        }
        self.files.push((path, Arc::new(map)));
        Ok(())
    }

    /// Whether there is a tensor of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Checks that a tensor is there with that shape, as f32, f16 or bf16.
    ///
    /// # Errors
    /// It isn't.
    pub fn check(&self, name: &str, shape: &[usize]) -> Result<(), CheckpointError> {
        self.locate(name, shape).map(|_| ())
    }

    /// Reads a tensor as f32, row-major.
    ///
    /// # Errors
    /// As [`Weights::check`].
    pub fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, CheckpointError> {
        let located = self.locate(name, shape)?;
        self.tensor(located, &Device::Cpu)
            .and_then(|tensor| tensor.flatten_all()?.to_vec1())
            .map_err(|error| {
                CheckpointError::invalid(&self.files[located.file].0, error.to_string())
            })
    }

    /// A tensor `(rows, columns)` that stays in its file.
    ///
    /// # Errors
    /// As [`Weights::check`].
    pub fn table(&self, name: &str, rows: usize, columns: usize) -> Result<Table, CheckpointError> {
        let located = self.locate(name, &[rows, columns])?;
        Ok(Table {
            file: Arc::clone(&self.files[located.file].1),
            bytes: located.bytes.clone(),
            format: match located.dtype {
                Dtype::F16 => Format::F16,
                Dtype::BF16 => Format::Bf16,
                _ => Format::F32,
            },
            columns,
        })
    }

    /// Candle's door to the tensors, as f32.
    pub fn var_builder<'a>(&'a self, device: &Device) -> VarBuilder<'a> {
        VarBuilder::from_backend(Box::new(Source(self)), DType::F32, device.clone())
    }

    /// Lets go of the memory that the tensors were read into; whoever reads on reads the files again.
    pub fn let_go(&self) {
        self.files.iter().for_each(|(_, map)| map.let_go());
    }

    /// Name, element type, shape and bytes of each tensor, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Dtype, &[usize], &[u8])> {
        self.tensors.iter().map(|(name, at)| {
            (name.as_str(), at.dtype, at.shape.as_slice(), &self.files[at.file].1[at.bytes.clone()])
        })
    }

    fn locate(&self, name: &str, shape: &[usize]) -> Result<&Located, CheckpointError> {
        let wrong = |file: &Path, found: String| CheckpointError::Tensor {
            file: file.to_owned(),
            tensor: name.to_owned(),
            found,
            expected: format!("F32, F16 or BF16 {shape:?}"),
        };
        let Some(located) = self.tensors.get(name) else {
            let file = if let [(only, _)] = self.files.as_slice() { only } else { &self.dir };
            return Err(wrong(file, "nothing".to_owned()));
        };
        let usable = matches!(located.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16);
        if !usable || located.shape != shape {
            return Err(wrong(&self.files[located.file].0, located.to_string()));
        }
        Ok(located)
    }

    fn tensor(&self, located: &Located, device: &Device) -> candle_core::Result<Tensor> {
        let dtype = match located.dtype {
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            _ => DType::F32,
        };
        let bytes = &self.files[located.file].1[located.bytes.clone()];
        Tensor::from_raw_buffer(bytes, dtype, &located.shape, device)?.to_dtype(DType::F32)
    }
}

/// One spelling: no `bert.` prefix, and `weight` and `bias` for a norm's old `gamma` and `beta`.
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

struct Source<'a>(&'a Weights);

impl SimpleBackend for Source<'_> {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _: candle_nn::Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        let located = self.0.locate(name, shape.dims()).map_err(candle_core::Error::wrap)?;
        self.0.tensor(located, device)?.to_dtype(dtype)
    }

    fn get_unchecked(
        &self,
        name: &str,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        let shape = self.0.tensors.get(name).map(|at| at.shape.clone()).unwrap_or_default();
        self.get(shape.into(), name, candle_nn::Init::Const(0.), dtype, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}
