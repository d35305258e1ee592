//! The fingerprint of an encoder: the SHA-256 over everything that a head depends on.

use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::error::CheckpointError;
use super::sentence::SentenceFiles;
use super::weights::{StoredTensor, Weights};
use crate::model::recipe::NativeRecipe;
use crate::model::row_layer::RowLayer;

/// Must change when the hashed bytes or their order change.
const FORMAT: &str = "strata-encoder-1";

/// SHA-256, in hexadecimal, over the length limit, `files` (config and tokenizer), what the tokenizer
/// does beyond its file if `tokenizing` has that, the recipe `native` if a head can't have a copy of
/// it, the layers that make vectors and weights of tokens with what is said about them, and the tensors:
/// name, type, shape and bytes, in the order of their names, whichever file each is in.
///
/// # Errors
/// A file can't be read.
pub fn fingerprint(
    weights: &Weights,
    sentence: &SentenceFiles,
    files: &[&Path],
    tokenizing: Option<&str>,
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
    if let Some(tokenizing) = tokenizing {
        hash.update(format!("tokenizing {}\n{tokenizing}", tokenizing.len()));
    }
    if sentence.native.as_object().is_none() {
        hash_native(&mut hash, &sentence.native);
    }
    if let Some(vectors) = &sentence.multi_vector {
        hash.update(format!("vectors {}\n", vectors.definition()));
        hash_layers(&mut hash, &vectors.layers);
    }
    if let Some(weight) = &sentence.token_weight {
        hash.update("token weight\n");
        hash_layers(&mut hash, &[RowLayer::dense(weight.clone())]);
    }
    for StoredTensor { name, dtype, shape, bytes } in weights.iter() {
        hash.update(format!("tensor {name} {dtype:?} {shape:?}\n"));
        hash.update(bytes);
    }
    Ok(hex::encode(hash.finalize()))
}

fn hash_native(hash: &mut Sha256, native: &NativeRecipe) {
    let NativeRecipe { recipe, more_poolings, leaves_out_prompt, row_layers } = native;
    // As JSON, which stays the same when a type in the source gets another name.
    hash.update(format!("native {}\n", json!([recipe, more_poolings, leaves_out_prompt])));
    hash_layers(hash, row_layers);
}

fn hash_layers(hash: &mut Sha256, layers: &[RowLayer]) {
    for layer in layers {
        let (definition, numbers) = layer.definition();
        hash.update(format!("layer {definition}\n"));
        for numbers in numbers {
            hash.update(format!("numbers {}\n", numbers.len()));
            numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
        }
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
