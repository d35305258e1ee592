//! The tensors of a checkpoint, in one file or in shards, with one spelling of their names.

mod files;
mod pytorch;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use safetensors::Dtype;

use super::error::CheckpointError;
use super::map::MappedFile;
use super::table::{Format, Table};
use crate::model::dense::{Dense, DenseActivation};

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

impl Weights {
    /// Whether there is a tensor of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Checks that a tensor exists with that shape, as f64, f32, f16 or bf16.
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
        let (located, format) = self.locate(name, shape)?;
        self.tensor(located, format, &Device::Cpu)
            .and_then(|tensor| tensor.flatten_all()?.to_vec1())
            .map_err(|error| {
                CheckpointError::invalid(&self.files[located.file].path, error.to_string())
            })
    }

    /// Reads a fully connected layer `(inputs) → (outputs)` with a bias.
    ///
    /// # Errors
    /// Like [`Weights::check`].
    pub fn read_dense(
        &self,
        module: &str,
        inputs: usize,
        outputs: usize,
        activation: DenseActivation,
    ) -> Result<Dense, CheckpointError> {
        let weight = self.read(&format!("{module}.weight"), &[outputs, inputs])?;
        let bias = self.read(&format!("{module}.bias"), &[outputs])?;
        Ok(Dense::new(weight, bias, activation))
    }

    /// A tensor `(rows, columns)` that stays in its file.
    ///
    /// # Errors
    /// Like [`Weights::check`].
    pub fn table(&self, name: &str, rows: usize, columns: usize) -> Result<Table, CheckpointError> {
        let (located, format) = self.locate(name, &[rows, columns])?;
        Ok(Table {
            file: Arc::clone(&self.files[located.file].map),
            bytes: located.bytes.clone(),
            format,
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

    fn locate(&self, name: &str, shape: &[usize]) -> Result<(&Located, Format), CheckpointError> {
        let error = |file: &Path, found: String| CheckpointError::Tensor {
            file: file.to_owned(),
            tensor: name.to_owned(),
            found,
            expected: format!("F64, F32, F16 or BF16 {shape:?}"),
        };
        let Some(located) = self.tensors.get(name) else {
            let file = if let [only] = self.files.as_slice() { &only.path } else { &self.dir };
            return Err(error(file, "nothing".to_owned()));
        };
        match Format::from_dtype(located.dtype) {
            Some(format) if located.shape == shape => Ok((located, format)),
            _ => Err(error(&self.files[located.file].path, located.to_string())),
        }
    }

    /// Reads a tensor with that shape as f32, for candle.
    pub(super) fn candle_tensor(
        &self,
        name: &str,
        shape: &[usize],
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        let (located, format) = self.locate(name, shape).map_err(candle_core::Error::wrap)?;
        self.tensor(located, format, device)
    }

    fn tensor(
        &self,
        located: &Located,
        format: Format,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        let dtype = match format {
            Format::F64 => DType::F64,
            Format::F32 => DType::F32,
            Format::F16 => DType::F16,
            Format::Bf16 => DType::BF16,
        };
        let bytes = &self.files[located.file].map[located.bytes.clone()];
        Tensor::from_raw_buffer(bytes, dtype, &located.shape, device)?.to_dtype(DType::F32)
    }
}
