//! The elements of a tensor of texts, from each of the forms in which a request may have them.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Unexpected, Visitor};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::config::MOST_INPUTS;

/// The bytes of an element's length, in front of it, in the binary form.
const LENGTH_BYTES: usize = 4;

/// The most lists within each other. Tensors of texts have at most two dimensions.
const MOST_LISTS: usize = 2;

/// Texts in row-major order. Those beyond what any configuration allows are counted and not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elements {
    /// The texts that are kept.
    pub texts: Vec<String>,
    /// How many there are.
    pub count: usize,
}

impl Elements {
    fn push(&mut self, text: impl Into<String>) {
        if self.count < MOST_INPUTS {
            self.texts.push(text.into());
        }
        self.count += 1;
    }

    /// Reads the binary form: each text with its length in front, as a `u32` in little-endian order.
    ///
    /// # Errors
    /// A text is cut off or isn't UTF-8; the message says which.
    pub fn from_binary(mut bytes: &[u8]) -> Result<Self, String> {
        let mut elements = Self::default();
        while !bytes.is_empty() {
            let index = elements.count;
            let cut = || format!("the element {index} is cut off: 4 bytes of length come first");
            let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>().ok_or_else(cut)?;
            let length = u32::from_le_bytes(*length) as usize;
            let cut = || {
                format!("the element {index} has {length} bytes by its length, and {}", rest.len())
            };
            let (text, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
            elements.push(utf8(text, index)?);
            bytes = rest;
        }
        Ok(elements)
    }

    #[cfg(any(test, feature = "grpc"))]
    /// Reads texts that are given as bytes.
    ///
    /// # Errors
    /// A text isn't UTF-8; the message says which.
    pub fn from_bytes<B: AsRef<[u8]>>(list: &[B]) -> Result<Self, String> {
        let mut elements = Self::default();
        for (index, bytes) in list.iter().enumerate() {
            elements.push(utf8(bytes.as_ref(), index)?);
        }
        Ok(elements)
    }
}

fn utf8(bytes: &[u8], index: usize) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| {
        format!("the element {index} is not UTF-8 at byte {}", error.valid_up_to())
    })
}

/// One list, or lists of the rows.
impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut elements = Self::default();
        deserializer.deserialize_seq(Flatten { elements: &mut elements, lists: 0 })?;
        Ok(elements)
    }
}

/// Puts texts, also those of lists, behind the others.
struct Flatten<'e> {
    elements: &'e mut Elements,
    /// How many lists they are in.
    lists: usize,
}

impl<'de> DeserializeSeed<'de> for Flatten<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Flatten<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("texts in one list, or in lists of one each")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.lists == 0 {
            return Err(E::invalid_type(Unexpected::Str(text), &self));
        }
        self.elements.push(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { elements, lists } = self;
        if lists == MOST_LISTS {
            return Err(A::Error::custom("there are lists within lists within lists"));
        }
        while list.next_element_seed(Flatten { elements, lists: lists + 1 })?.is_some() {}
        Ok(())
    }
}

impl PartialSchema for Elements {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let item = OneOfBuilder::new().item(text()).item(ArrayBuilder::new().items(text()));
        let description = "The texts, in row-major order. They may also be in one list per row.";
        ArrayBuilder::new().items(item).description(Some(description)).into()
    }
}

impl ToSchema for Elements {}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(texts: &[&str]) -> Elements {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        Elements { count: texts.len(), texts }
    }

    #[test]
    fn json_has_one_list_or_lists_of_rows() {
        let read = |json: &str| serde_json::from_str::<Elements>(json);
        assert_eq!(read(r#"["a", "b"]"#).unwrap(), elements(&["a", "b"]));
        assert_eq!(read(r#"[["a"], ["b"]]"#).unwrap(), elements(&["a", "b"]));
        assert_eq!(read("[]").unwrap(), elements(&[]));
        for (wrong, found) in [(r#""a""#, "string"), ("[1]", "integer"), ("[[[]]]", "lists")] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
    }

    #[test]
    fn more_than_any_configuration_allows_is_counted_and_not_kept() {
        let many = vec!["a"; MOST_INPUTS + 2];
        let read: Elements = serde_json::from_str(&format!("{many:?}")).unwrap();
        assert_eq!((read.texts.len(), read.count), (MOST_INPUTS, MOST_INPUTS + 2));
    }

    #[test]
    fn the_binary_form_has_lengths_in_front() {
        let read = |bytes: &[u8]| Elements::from_binary(bytes);
        assert_eq!(read(b"").unwrap(), elements(&[]));
        assert_eq!(
            read(b"\x01\0\0\0a\0\0\0\0\x02\0\0\0\xc3\xa9").unwrap(),
            elements(&["a", "", "é"])
        );
        for (wrong, found) in [
            (&b"\x01\0\0"[..], "the element 0 is cut off: 4 bytes of length come first"),
            (b"\x01\0\0\0a\x09\0\0\0ab", "the element 1 has 9 bytes by its length, and 2"),
            (b"\xff\xff\xff\xff", "the element 0 has 4294967295 bytes by its length, and 0"),
            (b"\x02\0\0\0a\xff", "the element 0 is not UTF-8 at byte 1"),
        ] {
            assert_eq!(read(wrong).unwrap_err(), found);
        }
    }
}
