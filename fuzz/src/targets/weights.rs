//! Weights: safetensors files, their headers, and the index of shards.

use strata::model::checkpoint::spec::TableSpec;
use strata::model::checkpoint::{TensorNames, Weights};

use super::folder::write;

/// Opens the weights of a folder. Of those that are accepted every tensor has as many bytes as its shape
/// says, and can be read; a refusal names a file.
pub fn run(data: &[u8]) {
    let folder = write(data);
    let weights = match Weights::open(folder.path(), TensorNames::prefixed(&["bert."])) {
        Ok(weights) => weights,
        Err(error) => {
            let message = error.to_string();
            assert!(message.starts_with(folder.path().to_str().unwrap()), "{message}");
            return;
        }
    };
    for tensor in weights.iter() {
        let numbers: usize = tensor.shape.iter().product();
        assert_eq!(tensor.bytes.len(), numbers * tensor.dtype.bitsize() / 8, "{}", tensor.name);
        assert!(weights.contains(tensor.name));
        let Ok(()) = weights.check(tensor.name, tensor.shape) else { continue };
        assert_eq!(weights.read(tensor.name, tensor.shape).unwrap().len(), numbers);
        if let &[rows, columns] = tensor.shape {
            let name = tensor.name.to_owned();
            weights.table(&TableSpec { name, rows, columns }).unwrap();
        }
    }
    weights.release_pages();
}
