//! The labels of a classifier, as transformers understands `id2label` and `num_labels`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::raw::RawConfig;
use crate::field::unusable;

/// The number of labels where the config says nothing.
const DEFAULT_LABELS: usize = 2;

/// More labels than any classifier has; a wrong `num_labels` should not use up the memory.
const MOST_LABELS: usize = 1 << 20;

/// The label of each output.
///
/// `num_labels`, if it is there, says how many there are, otherwise the length of `id2label`, where
/// a number may be left out. If the two disagree, transformers drops the names; and an output whose
/// number isn't in `id2label` has no name either. Such outputs are called `LABEL_0` and so on, as
/// transformers calls them if there are no names at all.
pub fn labels(raw: &RawConfig) -> Result<Vec<String>, String> {
    let mut names = raw.id2label.as_ref().map(by_number).transpose()?;
    let written = names.as_ref().map_or(DEFAULT_LABELS, BTreeMap::len);
    let count = raw.num_labels.unwrap_or(written);
    if count == 0 || count > MOST_LABELS {
        let field = if raw.num_labels.is_some() { "num_labels" } else { "id2label" };
        return Err(format!("{field} gives {count} labels; 1 to {MOST_LABELS} are allowed"));
    }
    if count != written {
        names = None;
    }
    let names = names.unwrap_or_default();
    let label = |at: usize| {
        let name = i64::try_from(at).ok().and_then(|number| names.get(&number).cloned());
        name.unwrap_or_else(|| format!("LABEL_{at}"))
    };
    Ok((0..count).map(label).collect())
}

/// The names by their numbers, which JSON writes as texts and in any order.
fn by_number(id2label: &BTreeMap<String, Value>) -> Result<BTreeMap<i64, String>, String> {
    let mut names = BTreeMap::new();
    for (key, value) in id2label {
        let number: i64 = key.trim().parse().map_err(|_| {
            unusable("a key of id2label", key.as_str(), "a whole number is allowed")
        })?;
        let name = match value {
            Value::String(name) => name.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            other => {
                let field = format!("id2label.{key}");
                let allowed = "a text, a number, true and false are allowed";
                return Err(unusable(&field, other.clone(), allowed));
            }
        };
        if names.insert(number, name).is_some() {
            return Err(format!("id2label has the number {number} twice"));
        }
    }
    Ok(names)
}
