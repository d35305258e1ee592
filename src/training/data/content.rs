//! A file's content: its format by its name, and its bytes as text.

use std::path::Path;

use super::error::{Failure, Problem};

#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    Tsv,
    Csv,
    JsonLines,
}

impl Format {
    pub(super) fn of(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "tsv" => Some(Self::Tsv),
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<&str, Failure> {
    let content = std::str::from_utf8(bytes).map_err(|error| {
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count() as u64;
        Problem::NotUtf8(rest[0]).at(line)
    })?;
    Ok(content.strip_prefix('\u{feff}').unwrap_or(content))
}
