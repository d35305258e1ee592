//! The frame of a message, and its compression.

use axum::http::HeaderMap;

use crate::http::body;
use crate::http::error::ApiError;
use crate::http::excerpt::excerpt;
use crate::http::memory::MemoryCharge;

/// The bytes in front of a message: whether it is compressed, and its length.
pub const PREFIX_BYTES: usize = 5;

const COMPRESSED: u8 = 1;

/// How a compressed message is encoded.
const ENCODING: &str = "grpc-encoding";

/// Whether the message of a body is compressed.
pub fn is_compressed(frame: &[u8]) -> bool {
    frame.first() == Some(&COMPRESSED)
}

/// The body without compression, of at most `limit` bytes. The header no longer speaks of it then.
///
/// # Errors
/// It isn't compressed with gzip, has more bytes, or the memory for requests is used up.
pub fn decompress(
    frame: &[u8],
    headers: &mut HeaderMap,
    limit: usize,
    memory: &mut MemoryCharge,
) -> Result<Vec<u8>, ApiError> {
    let encoding = headers.remove(ENCODING);
    let encoding = encoding.as_ref().map(|value| String::from_utf8_lossy(value.as_bytes()));
    if encoding.as_deref() != Some("gzip") {
        let found = excerpt(encoding.as_deref().unwrap_or("not given")).into_owned();
        return Err(ApiError::UnsupportedContentEncoding(found));
    }
    let message = body::gunzip(frame.get(PREFIX_BYTES..).unwrap_or_default(), limit, memory)?;
    memory.try_grow(message.len())?;
    let length = u32::try_from(message.len()).map_err(|_| ApiError::BodyTooLarge(limit))?;
    Ok([&[0], &length.to_be_bytes()[..], &message].concat())
}
