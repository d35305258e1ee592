//! Lists and fields as a client writes them: no list is longer than it can be of use, and `null` is
//! the same as leaving a field out.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The most elements of a list of layers, weights or heads.
const MOST_ELEMENTS: usize = 1024;

/// A list that stops being read where it gets too long.
struct Bounded<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Bounded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
            type Value = Bounded<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Bounded<T>, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    if elements.len() == MOST_ELEMENTS {
                        let message = format!("the list has more than {MOST_ELEMENTS} elements");
                        return Err(A::Error::custom(message));
                    }
                    elements.push(element);
                }
                Ok(Bounded(elements))
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }
}

/// For `#[serde(deserialize_with)]`: a list of at most 1,024 elements, or `null`.
///
/// # Errors
/// It is no list, it is longer, or an element can't be read.
pub fn bounded_list<'de, T, D>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let list = Option::<Bounded<T>>::deserialize(deserializer)?;
    Ok(list.map(|Bounded(elements)| elements))
}

/// For `#[serde(deserialize_with)]`: a value, or its type's default for `null`.
pub(super) fn null_as_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
