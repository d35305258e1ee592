//! Explains what is wrong with a damaged weights file.

use std::collections::BTreeMap;

use safetensors::SafeTensorError;

/// Explains an error of reading a safetensors file, with the sizes involved.
pub fn explain(error: &SafeTensorError, file: &[u8]) -> String {
    let length = file.len();
    let header = file.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    let damage = match (error, header) {
        (SafeTensorError::HeaderTooSmall, _) | (_, None) => {
            format!(
                "it has {length} bytes; a safetensors file begins with 8 bytes for the size of its \
                 header"
            )
        }
        (SafeTensorError::HeaderTooLarge | SafeTensorError::InvalidHeaderLength, Some(header)) => {
            format!("its header should have {header} bytes; the file has {length}")
        }
        (SafeTensorError::MetadataIncompleteBuffer, Some(_)) => {
            let described = described_length(file)
                .map_or_else(|| "another number of".to_owned(), |bytes| bytes.to_string());
            format!(
                "its header describes {described} bytes; the file has {length}: it is truncated or \
                 damaged"
            )
        }
        _ => format!("its header is invalid: {error}"),
    };
    damage + "; download it again"
}

/// What to do if a file isn't there itself, but only what Git keeps in its place.
pub fn git_lfs_pointer(file: &[u8]) -> Option<String> {
    file.starts_with(b"version https://git-lfs").then(|| {
        "it is only the pointer that Git keeps in place of the file; fetch it with `git lfs pull`".to_owned()
    })
}

/// The length of the file that the header describes.
fn described_length(file: &[u8]) -> Option<usize> {
    let (length, rest) = file.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let header: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(rest.get(..length)?).ok()?;
    let ends = header.values().filter_map(|tensor| tensor.get("data_offsets")?.get(1)?.as_u64());
    usize::try_from(ends.max()?).ok()?.checked_add(8 + length)
}
