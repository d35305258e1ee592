//! Messages in their frames: a prefix with whether they are compressed and their length, then their bytes.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::HeaderMap;
use prost::Message;

use crate::http::body;
use crate::http::error::ApiError;
use crate::http::excerpt::excerpt;
use crate::http::memory::MemoryCharge;

/// How compressed messages are encoded.
const ENCODING: &str = "grpc-encoding";

/// The bytes of a prefix.
const PREFIX_BYTES: usize = 5;

/// The encoding that the headers name for compressed messages.
pub fn encoding(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(ENCODING)?;
    Some(excerpt(&String::from_utf8_lossy(value.as_bytes())).into_owned())
}

/// Whether the message of a body is compressed. Not each is whose headers name an encoding: a client leaves
/// it out where it gains nothing.
pub fn is_compressed(body: &[u8]) -> bool {
    body.first().is_some_and(|flag| *flag != 0)
}

/// The one message of a body, decompressed into at most `limit` bytes.
///
/// # Errors
/// The body isn't one whole message, or it is compressed in another way than with gzip, has more bytes, or
/// the memory for requests is used up.
pub fn message<'b>(
    body: &'b [u8],
    encoding: Option<&str>,
    limit: usize,
    memory: &mut MemoryCharge,
) -> Result<Cow<'b, [u8]>, ApiError> {
    let Some(([flag, length @ ..], message)) = body.split_first_chunk::<PREFIX_BYTES>() else {
        let message = format!("a frame begins with 5 bytes, and the body has {}", body.len());
        return Err(ApiError::InvalidMessage(message));
    };
    let length = u32::from_be_bytes(*length) as usize;
    if message.len() != length {
        let found = message.len();
        let message =
            format!("by its frame it has {length} bytes, and the body has {found} for it");
        return Err(ApiError::InvalidMessage(message));
    }
    match (flag, encoding) {
        (0, _) => Ok(Cow::Borrowed(message)),
        (1, Some("gzip")) => Ok(Cow::Owned(body::gunzip(message, limit, memory)?)),
        (1, other) => {
            let found = other.unwrap_or("not given").to_owned();
            Err(ApiError::UnsupportedContentEncoding(found))
        }
        (flag, _) => {
            let message = format!("its frame begins with {flag}; 0 and 1 are allowed");
            Err(ApiError::InvalidMessage(message))
        }
    }
}

/// The prefix of a message of so many bytes, which isn't compressed.
pub fn prefix(length: usize) -> Result<[u8; PREFIX_BYTES], ApiError> {
    let length = u32::try_from(length).map_err(ApiError::internal)?;
    let [a, b, c, d] = length.to_be_bytes();
    Ok([0, a, b, c, d])
}

/// A small message in its frame.
pub fn write(message: &impl Message) -> Result<Bytes, ApiError> {
    let bytes = message.encode_to_vec();
    Ok([&prefix(bytes.len())?[..], &bytes].concat().into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::num::NonZeroUsize;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::http::error_code::ErrorCode;
    use crate::http::memory::MemoryBudget;

    fn read(body: &[u8], encoding: Option<&str>, limit: usize) -> Result<Vec<u8>, ApiError> {
        let budget = MemoryBudget::new(NonZeroUsize::new(1 << 20).unwrap());
        message(body, encoding, limit, &mut budget.charge()).map(Cow::into_owned)
    }

    fn compressed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        let bytes = encoder.finish().unwrap();
        [&[1], &(bytes.len() as u32).to_be_bytes()[..], &bytes].concat()
    }

    #[test]
    fn a_message_is_read_as_it_is_or_with_gzip_whatever_the_headers_say() {
        for encoding in [None, Some("identity"), Some("gzip"), Some("deflate")] {
            assert_eq!(read(b"\0\0\0\0\x02ab", encoding, 9).unwrap(), b"ab");
            assert_eq!(read(b"\0\0\0\0\0", encoding, 9).unwrap(), b"");
        }
        assert_eq!(read(&compressed(b"ab"), Some("gzip"), 9).unwrap(), b"ab");
    }

    #[test]
    fn what_is_not_one_whole_message_is_refused() {
        for (body, said) in [
            (&b""[..], "a frame begins with 5 bytes, and the body has 0"),
            (b"\0\0\0\0", "a frame begins with 5 bytes, and the body has 4"),
            (b"\0\0\0\0\x02a", "by its frame it has 2 bytes, and the body has 1 for it"),
            // A second message.
            (b"\0\0\0\0\0\0\0\0\0\0", "by its frame it has 0 bytes, and the body has 5 for it"),
            (b"\x02\0\0\0\0", "its frame begins with 2; 0 and 1 are allowed"),
        ] {
            let error = read(body, None, 9).unwrap_err().to_string();
            assert_eq!(error, format!("the message can't be read: {said}"));
        }
        let code = |encoding, limit| read(&compressed(b"abc"), encoding, limit).unwrap_err().code();
        assert_eq!(code(Some("gzip"), 2), ErrorCode::BodyTooLarge);
        assert_eq!(code(Some("deflate"), 9), ErrorCode::UnsupportedContentEncoding);
        assert_eq!(code(None, 9), ErrorCode::UnsupportedContentEncoding);
    }
}
