//! What a message says about a field of a file that can't be used.

use serde_json::Value;

/// The most characters of a value that a message shows.
const SHOWN: usize = 80;

/// A message of the form "field is found; allowed". `found` is shown as JSON, and cut if it is long;
/// `allowed` completes the sentence.
pub fn unusable(field: &str, found: impl Into<Value>, allowed: &str) -> String {
    let mut found = found.into().to_string();
    if let Some((end, _)) = found.char_indices().nth(SHOWN) {
        found.truncate(end);
        found.push('…');
    }
    format!("{field} is {found}; {allowed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_json_and_cut_if_they_are_long() {
        assert_eq!(unusable("size", 0, "at least 1 is needed"), "size is 0; at least 1 is needed");
        assert_eq!(unusable("a.b", "x\"y", "no"), "a.b is \"x\\\"y\"; no");
        let long = unusable("list", vec!["é"; 99], "no");
        assert_eq!(long.chars().count(), "list is …; no".chars().count() + SHOWN);
    }
}
