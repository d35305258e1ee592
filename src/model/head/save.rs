//! Writes the two files of a head, each completely or not at all.

use std::fs;
use std::io;
use std::path::Path;

use safetensors::SafeTensorError;

use super::descriptor::Descriptor;
use super::files::HeadFiles;
use super::layers::write_layers;
use crate::files::write_atomically;
use crate::model::checkpoint::fingerprint::sha256;
use crate::model::dense::Dense;

/// Why a head can't be written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// A file or folder can't be written.
    #[error("{path} can't be written: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// The error of the system.
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
    /// Writes `head.safetensors` and then `head.json`, with the `weights_sha256` of the layers.
    ///
    /// # Errors
    /// A file can't be written.
    pub fn save(mut self, dir: &Path, layers: &[Dense]) -> Result<(), SaveError> {
        let weights = write_layers(layers)?;
        self.weights_sha256 = sha256(&weights);
        let mut json = serde_json::to_vec_pretty(&self)?;
        json.push(b'\n');
        let failed = |path: &Path| {
            let path = path.display().to_string();
            move |source| SaveError::Io { path, source }
        };
        fs::create_dir_all(dir).map_err(failed(dir))?;
        for (name, content) in [(HeadFiles::WEIGHTS, weights), (HeadFiles::JSON, json)] {
            let path = dir.join(name);
            write_atomically(&path, &content).map_err(failed(&path))?;
        }
        Ok(())
    }
}
