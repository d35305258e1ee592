//! Reads lists of which not all items are kept.

use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess};

/// The rest of a list, after the items that were read already: at most `kept` items in all, and how many
/// there are.
pub fn read_list<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    mut items: Vec<T>,
    mut list: A,
    kept: usize,
) -> Result<(Vec<T>, usize), A::Error> {
    while items.len() < kept
        && let Some(item) = list.next_element()?
    {
        items.push(item);
    }
    let mut count = items.len();
    while list.next_element::<IgnoredAny>()?.is_some() {
        count += 1;
    }
    Ok((items, count))
}
