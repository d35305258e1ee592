//! Lists of `key=value`, as in `OTEL_RESOURCE_ATTRIBUTES`.

use percent_encoding::percent_decode_str;

use crate::telemetry::traces::error::InvalidVariable;

/// What is percent-encoded in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoded {
    /// Keys and values, as in attributes.
    Both,
    /// Values alone: names of headers may have a `%` of their own.
    Values,
}

/// The pairs of a list with commas, decoded. Empty entries are left out.
///
/// # Errors
/// An entry has no key or no `=`, a `%` that no two hexadecimal digits follow, or isn't UTF-8 when decoded.
/// The message doesn't quote it, since it may be secret.
pub fn pairs(
    name: &str,
    list: &str,
    encoded: Encoded,
) -> Result<Vec<(String, String)>, InvalidVariable> {
    let entries = list.split(',').map(str::trim).enumerate();
    entries
        .filter(|(_, entry)| !entry.is_empty())
        .map(|(at, entry)| {
            pair(entry, encoded).map_err(|Unreadable { found, advice }| {
                InvalidVariable::new(name, format!("{found} in entry {}", at + 1), advice)
            })
        })
        .collect()
}

/// What is wrong with an entry.
struct Unreadable {
    found: &'static str,
    advice: &'static str,
}

fn pair(entry: &str, encoded: Encoded) -> Result<(String, String), Unreadable> {
    let pair = entry.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
    let Some((key, value)) = pair.filter(|(key, _)| !key.is_empty()) else {
        let advice = "write it as in key=value,other=value";
        return Err(Unreadable { found: "has no key=value", advice });
    };
    let key = if encoded == Encoded::Both { decode(key)? } else { key.to_owned() };
    Ok((key, decode(value)?))
}

fn decode(text: &str) -> Result<String, Unreadable> {
    let is_escape = |rest: &str| {
        rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(is_escape) {
        let found = "has a % without two hexadecimal digits after it";
        return Err(Unreadable { found, advice: "write % itself as %25" });
    }
    let advice = "encode the bytes of UTF-8";
    let not_utf8 = |_| Unreadable { found: "has bytes that aren't UTF-8", advice };
    Ok(percent_decode_str(text).decode_utf8().map_err(not_utf8)?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &str, encoded: Encoded) -> Vec<(String, String)> {
        pairs("A", list, encoded).unwrap()
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn values_are_decoded_and_may_contain_an_equals_sign() {
        for encoded in [Encoded::Both, Encoded::Values] {
            let read = read("a=1, b = x%20y ,,c=d=e,f=,g=%c3%A4%25", encoded);
            let expected = [("a", "1"), ("b", "x y"), ("c", "d=e"), ("f", ""), ("g", "ä%")];
            assert_eq!(read, owned(&expected));
        }
    }

    #[test]
    fn keys_of_attributes_are_decoded_and_names_of_headers_are_not() {
        let list = "a%2cb%3Dc=1";
        assert_eq!(read(list, Encoded::Both), owned(&[("a,b=c", "1")]));
        assert_eq!(read(list, Encoded::Values), owned(&[("a%2cb%3Dc", "1")]));
        assert_eq!(read("50%=1", Encoded::Values), owned(&[("50%", "1")]));
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_refused_by_its_number_and_not_quoted() {
        for (entry, found) in [
            ("secret", "no key=value"),
            ("=secret", "no key=value"),
            ("secret=%ff", "bytes that aren't UTF-8"),
            ("secret=50%", "a % without two hexadecimal digits after it"),
            ("secret=%2", "a % without two hexadecimal digits after it"),
            ("secret=%2g", "a % without two hexadecimal digits after it"),
            ("secret=%+f", "a % without two hexadecimal digits after it"),
            ("secret=%%25", "a % without two hexadecimal digits after it"),
            ("sec%ret=1", "a % without two hexadecimal digits after it"),
        ] {
            let refusal = pairs("A", &format!("a=1,{entry}"), Encoded::Both).unwrap_err();
            let refusal = refusal.to_string();
            assert!(refusal.starts_with(&format!("A has {found} in entry 2;")), "{refusal}");
            assert!(!refusal.contains("sec"), "{refusal}");
        }
    }
}
