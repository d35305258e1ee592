//! A file's bytes as text, and its format.

use std::fs;
use std::path::Path;

use super::error::{DatasetErrorKind, LineError};

/// How a file is written, by its extension.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    Tsv,
    Csv,
    JsonLines,
}

impl Format {
    /// The format of a file with that extension, in upper or lower case.
    pub(super) fn from_extension(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "tsv" => Some(Self::Tsv),
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// Reads a file whose extension names its format.
pub(super) fn read_bytes(file: &Path) -> Result<(Format, Vec<u8>), LineError> {
    let format = Format::from_extension(file).ok_or(DatasetErrorKind::UnknownExtension)?;
    let bytes = fs::read(file).map_err(DatasetErrorKind::Unreadable)?;
    Ok((format, bytes))
}

/// UTF-8 without its byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Result<&str, LineError> {
    let content = std::str::from_utf8(bytes).map_err(|error| {
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count() as u64;
        DatasetErrorKind::NotUtf8(rest[0]).on_line(line)
    })?;
    Ok(content.strip_prefix('\u{feff}').unwrap_or(content))
}
