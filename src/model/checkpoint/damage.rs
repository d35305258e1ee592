//! What is wrong with a weights file, in words that help.

use std::collections::BTreeMap;

use safetensors::SafeTensorError;

/// Says in bytes what is wrong with a file that isn't what its header claims.
pub fn explain(error: &SafeTensorError, file: &[u8]) -> String {
    let length = file.len();
    let header = file.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    match (error, header) {
        (SafeTensorError::HeaderTooSmall, _) | (_, None) => {
            format!(
                "{length} bytes; a safetensors file begins with the 8 bytes of its header's length"
            )
        }
        (SafeTensorError::HeaderTooLarge | SafeTensorError::InvalidHeaderLength, Some(header)) => {
            format!("its header claims {header} bytes; the file has {length}")
        }
        (SafeTensorError::MetadataIncompleteBuffer, Some(_)) => {
            let described = described_length(file)
                .map_or_else(|| "another number of".to_owned(), |bytes| bytes.to_string());
            format!(
                "its header describes {described} bytes; the file has {length}: it is cut or \
                 damaged"
            )
        }
        _ => format!("its header doesn't add up: {error}"),
    }
}

/// How long a file with this header would be.
fn described_length(file: &[u8]) -> Option<usize> {
    let (length, rest) = file.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let header: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(rest.get(..length)?).ok()?;
    let ends = header.values().filter_map(|tensor| tensor.get("data_offsets")?.get(1)?.as_u64());
    usize::try_from(ends.max()?).ok()?.checked_add(8 + length)
}
