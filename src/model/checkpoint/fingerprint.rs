//! The fingerprint of an encoder: the SHA-256 over everything that a head depends on.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::CheckpointError;
use super::weights::{StoredTensor, Weights};

/// Must change when the hashed bytes or their order change.
const FORMAT: &str = "strata-encoder-1";

/// SHA-256, in hexadecimal, over the length limit, `files` (config and tokenizer), what the tokenizer
/// does beyond its file if `settings` has that, and the tensors: name, type, shape and bytes, in the
/// order of their names, whichever file each is in.
///
/// # Errors
/// A file can't be read.
pub fn fingerprint(
    weights: &Weights,
    files: &[&Path],
    settings: Option<&str>,
    limit: usize,
) -> Result<String, CheckpointError> {
    let mut hash = Sha256::new();
    hash.update(format!("{FORMAT}\nlimit {limit}\n"));
    for file in files {
        let bytes = std::fs::read(file)
            .map_err(|source| CheckpointError::Unreadable { file: file.to_path_buf(), source })?;
        hash.update(format!("file {}\n", bytes.len()));
        hash.update(bytes);
    }
    if let Some(settings) = settings {
        hash.update(format!("settings {}\n{settings}", settings.len()));
    }
    for StoredTensor { name, dtype, shape, bytes } in weights.iter() {
        hash.update(format!("tensor {name} {dtype:?} {shape:?}\n"));
        hash.update(bytes);
    }
    Ok(hex::encode(hash.finalize()))
}

/// The SHA-256 of some bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
