//! Features written for other programs.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensorError, TensorView};

use super::cache::{EncoderIdentity, NUMERICS};
use super::matrix::Features;
use crate::training::data::{Dataset, Split, Targets};

/// The metadata with the encoder's fingerprint.
const FINGERPRINT: &str = "fingerprint";

/// Writes the input of `scripts/sklearn_baseline.py`, as safetensors: `features` `(n,d)` f32;
/// `held_out` and `validation` `(n)` u8, 1 for the rows of that part; `labels` `(n)` i64 in a
/// single-label problem, `(n,k)` u8 in a multi-label problem, `(n)` f64 in a regression. The metadata
/// name the `encoder`: `fingerprint` and `numerics`.
///
/// # Errors
/// The file can't be written.
pub fn save_features(
    path: &Path,
    features: &Features,
    dataset: &Dataset,
    split: &Split,
    encoder: EncoderIdentity<'_>,
) -> Result<(), SafeTensorError> {
    let n = features.rows;
    let values = to_bytes(&features.values, |value| value.to_le_bytes());
    let k = dataset.labels.len();
    let (labels, labels_type, labels_shape) = match &dataset.targets {
        Targets::SingleLabel(labels) => {
            (to_bytes(labels, |&label| (label as i64).to_le_bytes()), Dtype::I64, vec![n])
        }
        Targets::Regression(numbers) => {
            (to_bytes(numbers, |&number| number.to_le_bytes()), Dtype::F64, vec![n])
        }
        Targets::MultiLabel(rows) => {
            let indicators =
                |row: &Vec<usize>| (0..k).map(|label| u8::from(row.contains(&label))).collect();
            let indicators: Vec<Vec<u8>> = rows.iter().map(indicators).collect();
            (indicators.concat(), Dtype::U8, vec![n, k])
        }
    };
    let indicators = |rows: &[usize]| {
        let mut indicators = vec![0; n];
        rows.iter().for_each(|&row| indicators[row] = 1);
        indicators
    };
    let (held_out, validation) = (indicators(&split.held_out), indicators(&split.validation));
    let tensors = [
        ("features", TensorView::new(Dtype::F32, vec![n, features.width], &values)?),
        ("labels", TensorView::new(labels_type, labels_shape, &labels)?),
        ("held_out", TensorView::new(Dtype::U8, vec![n], &held_out)?),
        ("validation", TensorView::new(Dtype::U8, vec![n], &validation)?),
    ];
    let metadata = [(FINGERPRINT, encoder.fingerprint), (NUMERICS, encoder.numerics)];
    let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned()));
    safetensors::serialize_to_file(tensors, Some(HashMap::from(metadata)), path)
}

fn to_bytes<T, const N: usize>(values: &[T], bytes: fn(&T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::testing::{dataset, features};

    #[test]
    fn saved_features_read_back_with_their_parts() {
        let dataset = dataset(&["t"; 4], Targets::SingleLabel(vec![0, 1, 1, 0]));
        let split = Split { fitting: vec![0], validation: vec![1], held_out: vec![2, 3] };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f.safetensors");
        let encoder = EncoderIdentity { fingerprint: "e", numerics: "packed-f32" };
        save_features(&file, &features(), &dataset, &split, encoder).unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().as_ref().unwrap();
        assert_eq!((&*metadata["fingerprint"], &*metadata["numerics"]), ("e", "packed-f32"));
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let values = tensors.tensor("features").unwrap();
        assert_eq!((values.dtype(), values.shape()), (Dtype::F32, &[4, 3][..]));
        assert_eq!(values.data()[4..8], 0.1_f32.to_le_bytes());
        let labels = tensors.tensor("labels").unwrap();
        assert_eq!((labels.dtype(), labels.data()[8]), (Dtype::I64, 1));
        assert_eq!(tensors.tensor("held_out").unwrap().data(), [0, 0, 1, 1]);
        assert_eq!(tensors.tensor("validation").unwrap().data(), [0, 1, 0, 0]);
    }
}
