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
use super::names::TensorNames;
use super::table::{Format, Numbers, Table};
use crate::model::checkpoint::spec::{ClassifierLayer, LinearSpec, NormSpec, TableSpec};
use crate::model::dense::{Dense, DenseActivation};
use crate::model::row_layer::RowLayer;

/// The tensors of a checkpoint in mapped files, by their canonical names.
pub struct Weights {
    dir: PathBuf,
    /// What may be different in their names.
    names: TensorNames,
    files: Vec<WeightsFile>,
    tensors: BTreeMap<String, Located>,
}

struct WeightsFile {
    path: PathBuf,
    map: Arc<MappedFile>,
}

/// A tensor as it is stored.
pub struct StoredTensor<'a> {
    /// The name without the prefix of the encoder.
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

impl Located {
    /// The parts of its rows, as many as `count` says and of equal size. An error says what it is.
    fn divide(self, count: usize) -> Result<Vec<Self>, String> {
        if count == 1 {
            return Ok(vec![self]);
        }
        let rows = self.shape.first().copied().unwrap_or_default();
        if !rows.is_multiple_of(count) {
            return Err(self.to_string());
        }
        let size = self.bytes.len() / count;
        let part = |index: usize| {
            let mut shape = self.shape.clone();
            shape[0] = rows / count;
            let first = self.bytes.start + index * size;
            Self { shape, bytes: first..first + size, ..self }
        };
        Ok((0..count).map(part).collect())
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.dtype, self.shape)
    }
}

impl Weights {
    /// The folder of the files.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

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

    /// Reads a tensor as f32, row-major: the numbers in the file if they are f32 there, else a copy.
    ///
    /// # Errors
    /// Like [`Weights::check`].
    pub fn read(&self, name: &str, shape: &[usize]) -> Result<Numbers<'_>, CheckpointError> {
        let (located, format) = self.locate(name, shape)?;
        Ok(format.numbers(self.bytes(located)))
    }

    /// Reads some rows of a tensor, like [`Weights::read`].
    fn read_rows(
        &self,
        name: &str,
        shape: &[usize],
        rows: Range<usize>,
    ) -> Result<Numbers<'_>, CheckpointError> {
        let (located, format) = self.locate(name, shape)?;
        let bytes = self.bytes(located);
        let row_bytes = bytes.len() / shape[0].max(1);
        Ok(format.numbers(&bytes[rows.start * row_bytes..rows.end * row_bytes]))
    }

    /// Reads a linear layer: its weights `(outputs, inputs)`, row-major, and its bias `(outputs)`,
    /// zeros if it has none.
    ///
    /// # Errors
    /// Like [`Weights::check`].
    pub fn read_linear(
        &self,
        linear: &LinearSpec,
    ) -> Result<(Numbers<'_>, Numbers<'_>), CheckpointError> {
        let LinearSpec { inputs, outputs, part, .. } = *linear;
        let (first, all) = (part.index * outputs, part.count * outputs);
        let rows = first..first + outputs;
        let weight = self.read_rows(&linear.weight(), &[all, inputs], rows.clone())?;
        let bias = match linear.has_bias {
            true => self.read_rows(&linear.bias(), &[all], rows)?,
            false => vec![0.0; outputs].into(),
        };
        Ok((weight, bias))
    }

    /// Reads a layer norm: its weight and its bias, `(columns)` each; zeros if it has no bias.
    ///
    /// # Errors
    /// Like [`Weights::check`].
    pub fn read_norm(&self, norm: &NormSpec) -> Result<(Vec<f32>, Vec<f32>), CheckpointError> {
        let weight = self.read(&norm.weight(), &[norm.columns])?.into_owned();
        let bias = match norm.has_bias {
            true => self.read(&norm.bias(), &[norm.columns])?.into_owned(),
            false => vec![0.0; norm.columns],
        };
        Ok((weight, bias))
    }

    /// Reads a fully connected layer.
    ///
    /// # Errors
    /// Like [`Weights::check`].
    pub fn read_dense(
        &self,
        linear: &LinearSpec,
        activation: DenseActivation,
    ) -> Result<Dense, CheckpointError> {
        let (weight, bias) = self.read_linear(linear)?;
        Ok(Dense::new(weight.into_owned(), bias.into_owned(), activation))
    }

    /// Reads the layers of a classifier.
    ///
    /// # Errors
    /// Like [`Weights::check`].
    pub fn read_classifier(
        &self,
        layers: &[ClassifierLayer],
    ) -> Result<Vec<RowLayer>, CheckpointError> {
        let read = |layer: &ClassifierLayer| match layer {
            ClassifierLayer::Dense(linear, activation) => {
                self.read_dense(linear, *activation).map(RowLayer::dense)
            }
            ClassifierLayer::Norm(norm) => {
                let (weight, bias) = self.read_norm(norm)?;
                Ok(RowLayer::LayerNorm { weight, bias, eps: norm.eps })
            }
        };
        layers.iter().map(read).collect()
    }

    /// A tensor `(rows, columns)` that stays in its file.
    ///
    /// # Errors
    /// Like [`Weights::check`].
    pub fn table(&self, table: &TableSpec) -> Result<Table, CheckpointError> {
        let TableSpec { name, rows, columns } = table;
        let (located, format) = self.locate(name, &[*rows, *columns])?;
        Ok(Table {
            file: Arc::clone(&self.files[located.file].map),
            bytes: located.bytes.clone(),
            format,
            columns: *columns,
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
            bytes: self.bytes(located),
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
        let dtype = match format {
            Format::F64 => DType::F64,
            Format::F32 => DType::F32,
            Format::F16 => DType::F16,
            Format::Bf16 => DType::BF16,
        };
        Tensor::from_raw_buffer(self.bytes(located), dtype, shape, device)?.to_dtype(DType::F32)
    }

    fn bytes(&self, located: &Located) -> &[u8] {
        &self.files[located.file].map[located.bytes.clone()]
    }
}
