//! Writes a head's folder, so that whoever reads it meanwhile finds the old one or the new one.

use std::fs;
use std::io;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError};

use super::{Dense, Descriptor};
use crate::model::checkpoint::fingerprint::sha256;

/// Why a head could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The system said no.
    #[error("{path}: {source}")]
    Io {
        /// Which file or folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The weights don't have the shape of a layer.
    #[error("the weights can't be written: {0}")]
    Weights(#[from] SafeTensorError),
    /// The description can't be written as JSON.
    #[error("the description can't be written: {0}")]
    Json(#[from] serde_json::Error),
}

impl Descriptor {
    /// Writes `head.safetensors` and then `head.json`. Layer `i` is `i.weight` `(out, in)` and
    /// `i.bias` `(out)`. Fills in the sum of the weights.
    ///
    /// # Errors
    /// A file can't be written.
    pub fn save(mut self, dir: &Path, layers: &[Dense]) -> Result<(), SaveError> {
        let bytes = |values: &[f32]| -> Vec<u8> {
            values.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
        let mut tensors = Vec::with_capacity(2 * layers.len());
        for (at, layer) in layers.iter().enumerate() {
            let shape = vec![layer.outputs(), layer.inputs()];
            tensors.push((format!("{at}.weight"), shape, bytes(layer.weight())));
            tensors.push((format!("{at}.bias"), vec![layer.outputs()], bytes(layer.bias())));
        }
        let views = tensors.iter().map(|(name, shape, bytes)| {
            Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?))
        });
        let views = views.collect::<Result<Vec<_>, SafeTensorError>>()?;
        let weights = safetensors::serialize(views, None)?;
        self.weights_sha256 = sha256(&weights);
        let mut json = serde_json::to_vec_pretty(&self)?;
        json.push(b'\n');
        let failed = |path: &Path| {
            let path = path.display().to_string();
            move |source| SaveError::Io { path, source }
        };
        fs::create_dir_all(dir).map_err(failed(dir))?;
        for (name, content) in [("head.safetensors", weights), ("head.json", json)] {
            let (path, draft) = (dir.join(name), dir.join(format!(".{name}.draft")));
            fs::write(&draft, content).map_err(failed(&draft))?;
            fs::rename(&draft, &path).map_err(failed(&path))?;
        }
        Ok(())
    }
}
