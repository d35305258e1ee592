//! What tells two encoders apart: the SHA-256 over everything that a head depends on.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::CheckpointError;
use super::weights::Weights;

/// Changes whenever the bytes that go in, or their order, change.
const FORMAT: &str = "strata-encoder-1";

/// SHA-256, in hexadecimal, over the tensors (name, type, shape, bytes, in the order of their
/// names, whatever file holds them), the config, the tokenizer's file, and the length limit.
///
/// # Errors
/// A file that can't be read.
pub fn fingerprint(
    weights: &Weights,
    files: &[&Path],
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
    for (name, dtype, shape, bytes) in weights.iter() {
        hash.update(format!("tensor {name} {dtype:?} {shape:?}\n"));
        hash.update(bytes);
    }
    Ok(hex(&hash.finalize()))
}

/// SHA-256 of some bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in hexadecimal, lower case.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
