//! Parses a JSON body. A mistake is reported with the JSON pointer to its field.

use serde::de::DeserializeOwned;
#[cfg(feature = "grpc")]
use serde_json::Value;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::error::ApiError;
use super::excerpt::{cut_message, excerpt};
use super::strict_json::Strict;

/// The byte order mark of UTF-8, which some editors write.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Parses a body.
///
/// # Errors
/// It is not one JSON value in UTF-8, or a field has the wrong type, is unknown, or is missing.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    if is_wide(body) {
        let message = "the body is in UTF-16 or UTF-32; only UTF-8 is read";
        return Err(ApiError::InvalidJson(message.to_owned()));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        ApiError::InvalidJson(format!("the body is not UTF-8 at byte {}", error.valid_up_to()))
    })?;
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(Strict(&mut json)).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        let message = inner.to_string();
        let message = cut_message(&message);
        match inner.classify() {
            Category::Data => ApiError::InvalidField { pointer, message: message.into_owned() },
            _ => ApiError::InvalidJson(format!("the body is not JSON: {message}")),
        }
    })?;
    json.end().map_err(|error| ApiError::InvalidJson(format!("after the JSON value: {error}")))?;
    Ok(value)
}

/// Reads a value that is parsed already, and that is at `pointer`.
///
/// # Errors
/// A field has the wrong type, is unknown, or is missing.
#[cfg(feature = "grpc")]
pub fn from_value<T: DeserializeOwned>(value: Value, at: &str) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = format!("{at}{}", pointer(error.path()));
        let message = error.into_inner().to_string();
        ApiError::InvalidField { pointer, message: cut_message(&message).into_owned() }
    })
}

/// Whether the first two characters have more than one byte each: JSON begins with ASCII.
fn is_wide(body: &[u8]) -> bool {
    matches!(body, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [_, 0, ..])
}

/// JSON pointer, RFC 6901: `/inputs/3/pair`; the empty pointer is the whole body.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                pointer.push('/');
                pointer.push_str(&excerpt(key).replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => {}
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::embed::EmbedRequest;

    fn refusal(body: &[u8]) -> ApiError {
        parse::<EmbedRequest>(body).unwrap_err()
    }

    #[test]
    fn invalid_json_or_utf_8_is_another_error_than_a_wrong_field() {
        assert!(matches!(refusal(b"{\"inputs\": "), ApiError::InvalidJson(_)));
        assert!(matches!(refusal(b"{\"inputs\": \"\xff\"}"), ApiError::InvalidJson(_)));
        assert!(matches!(refusal(b"{\"inputs\": \"\\ud800\"}"), ApiError::InvalidJson(_)));
        assert!(matches!(refusal(b"{\"inputs\": \"a\"} x"), ApiError::InvalidJson(_)));
        assert!(matches!(refusal(b"[]"), ApiError::InvalidField { .. }));
        for no_name in ["[\"float\"]", "{\"float\": null}", "1"] {
            let body = format!("{{\"inputs\": \"a\", \"encoding\": {no_name}}}");
            assert_eq!(refusal(body.as_bytes()).pointer(), Some("/encoding"), "{body}");
        }
        assert!(matches!(refusal(b"[\"a\"]"), ApiError::InvalidField { .. }));
    }

    #[test]
    fn a_byte_order_mark_is_skipped_and_wider_characters_are_named() {
        assert!(parse::<EmbedRequest>(b"\xef\xbb\xbf{\"inputs\": \"a\"}").is_ok());
        let body = "{\"inputs\": \"a\"}";
        let little = |mark: &[u8]| {
            let units = body.encode_utf16().flat_map(u16::to_le_bytes);
            mark.iter().copied().chain(units).collect::<Vec<u8>>()
        };
        let big: Vec<u8> = body.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for wide in [little(b""), little(b"\xff\xfe"), big, b"\0\0\0{".to_vec()] {
            let message = refusal(&wide).to_string();
            assert_eq!(message, "the body is in UTF-16 or UTF-32; only UTF-8 is read");
        }
    }

    #[test]
    fn a_wrong_field_is_reported_with_its_pointer() {
        let pointed = |body: &[u8]| match refusal(body) {
            ApiError::InvalidField { pointer, .. } => pointer,
            other => panic!("{other:?}"),
        };
        assert_eq!(pointed(b"{\"inputs\": [\"a\", 1]}"), "/inputs/1");
        assert_eq!(pointed(b"{\"inputs\": [{\"text\": \"a\", \"pair\": []}]}"), "/inputs/0/pair");
        assert_eq!(
            pointed(b"{\"inputs\": \"a\", \"recipe\": {\"pooling\": \"min\"}}"),
            "/recipe/pooling"
        );
        assert_eq!(pointed(b"{\"inputs\": \"a\", \"recipe\": {\"layer\": 1}}"), "/recipe/layer");
        assert_eq!(pointed(b"{\"input\": \"a\"}"), "/input");
        assert_eq!(pointed(b"{}"), "");
    }

    #[test]
    fn a_huge_value_or_key_is_not_repeated_whole() {
        let huge = "k".repeat(4_000_000);
        for body in [
            format!("{{\"inputs\": \"a\", \"encoding\": \"{huge}\"}}"),
            format!("{{\"inputs\": \"a\", \"{huge}\": 1}}"),
            format!("{{\"inputs\": \"a\", \"recipe\": {{\"{huge}\": 1}}}}"),
            format!("{{\"inputs\": \"a\", \"tokens\": \"{huge}\"}}"),
        ] {
            let refused = refusal(body.as_bytes());
            let said = refused.to_string();
            let quoted = said.matches('k').count();
            assert!((50..150).contains(&quoted) && said.contains("expected"), "{said}");
            assert!(refused.pointer().unwrap().len() < 150);
        }
    }
}
