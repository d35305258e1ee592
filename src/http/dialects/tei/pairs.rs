//! The field `inputs` of `/predict`: a text, a pair, or a list of both.
//!
//! `"a"` and `["a"]` are a text, `["a", "b"]` is a pair, and `[["a"], ["b", "c"]]` is a list of a text
//! and a pair.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::config::MOST_INPUTS;
use crate::http::wire::{WireInput, WireInputs, WirePair};

/// What is to be classified.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictInputs(pub WireInputs);

/// A text, or a list of one text or two.
enum Item {
    Text(String),
    List(WireInput),
}

const EXPECTED: &str = "a text, a pair of texts, or a list of lists of one text or two";

struct InputsVisitor;

impl<'de> Visitor<'de> for InputsVisitor {
    type Value = PredictInputs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E>(self, text: &str) -> Result<PredictInputs, E> {
        Ok(PredictInputs(WireInputs::One(WireInput::Text(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<PredictInputs, A::Error> {
        let first = match list.next_element()? {
            None => return Ok(PredictInputs(WireInputs::Several(Vec::new()))),
            Some(Item::Text(first)) => return one(first, list),
            Some(Item::List(first)) => first,
        };
        let mut inputs = vec![first];
        while inputs.len() < MOST_INPUTS {
            match list.next_element()? {
                Some(Item::List(input)) => inputs.push(input),
                Some(Item::Text(_)) => return Err(Error::custom(format!("expected {EXPECTED}"))),
                None => return Ok(PredictInputs(WireInputs::Several(inputs))),
            }
        }
        let more = count_rest(list)?;
        Ok(PredictInputs(match more {
            0 => WireInputs::Several(inputs),
            more => WireInputs::TooMany(MOST_INPUTS + more),
        }))
    }
}

/// A list that begins with a text: it alone, or a pair.
fn one<'de, A: SeqAccess<'de>>(first: String, mut list: A) -> Result<PredictInputs, A::Error> {
    let input = match list.next_element()? {
        None => WireInput::Text(first),
        pair => WireInput::Pair(WirePair { text: first, pair }),
    };
    match count_rest(list)? {
        0 => Ok(PredictInputs(WireInputs::One(input))),
        more => Err(Error::invalid_length(2 + more, &EXPECTED)),
    }
}

fn count_rest<'de, A: SeqAccess<'de>>(mut list: A) -> Result<usize, A::Error> {
    let mut count = 0;
    while list.next_element::<IgnoredAny>()?.is_some() {
        count += 1;
    }
    Ok(count)
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or a list of one text or two")
    }

    fn visit_str<E>(self, text: &str) -> Result<Item, E> {
        Ok(Item::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Item, A::Error> {
        let Some(first) = list.next_element()? else {
            return Err(Error::invalid_length(0, &self));
        };
        match one(first, list)? {
            PredictInputs(WireInputs::One(input)) => Ok(Item::List(input)),
            _ => Err(Error::custom(format!("expected {EXPECTED}"))),
        }
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

impl<'de> Deserialize<'de> for PredictInputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputsVisitor)
    }
}

impl PartialSchema for PredictInputs {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let texts = || ArrayBuilder::new().items(text()).min_items(Some(1)).max_items(Some(2));
        let list = ArrayBuilder::new().items(texts()).min_items(Some(1));
        OneOfBuilder::new()
            .description(Some("A text, one text or two in a list, or a list of such lists."))
            .item(text())
            .item(texts())
            .item(list)
            .into()
    }
}

impl ToSchema for PredictInputs {
    fn name() -> std::borrow::Cow<'static, str> {
        "TeiPredictInputs".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_pairs_and_lists_of_them_are_read() {
        let read = |json: &str| serde_json::from_str::<PredictInputs>(json).map(|read| read.0);
        let text = |text: &str| WireInput::Text(text.to_owned());
        let pair = |text: &str, pair: &str| {
            WireInput::Pair(WirePair { text: text.to_owned(), pair: Some(pair.to_owned()) })
        };
        assert_eq!(read("\"a\"").unwrap(), WireInputs::One(text("a")));
        assert_eq!(read("[\"a\"]").unwrap(), WireInputs::One(text("a")));
        assert_eq!(read("[\"a\", \"b\"]").unwrap(), WireInputs::One(pair("a", "b")));
        let list = WireInputs::Several(vec![text("a"), pair("b", "c")]);
        assert_eq!(read("[[\"a\"], [\"b\", \"c\"]]").unwrap(), list);
        assert_eq!(read("[]").unwrap(), WireInputs::Several(Vec::new()));
        for wrong in [
            "1",
            "[1]",
            "[[]]",
            "[\"a\", \"b\", \"c\"]",
            "[\"a\", [\"b\"]]",
            "[[\"a\"], \"b\"]",
            "[[\"a\", \"b\", \"c\"]]",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn inputs_beyond_the_most_are_counted_and_not_kept() {
        let json = format!("[{}]", vec!["[\"a\"]"; MOST_INPUTS + 2].join(","));
        let read: PredictInputs = serde_json::from_str(&json).unwrap();
        assert_eq!(read.0, WireInputs::TooMany(MOST_INPUTS + 2));
    }
}
