//! Lists of `key=value`, as in `OTEL_RESOURCE_ATTRIBUTES`.

use percent_encoding::percent_decode_str;

use crate::telemetry::traces::error::InvalidVariable;

/// The pairs of a list with commas. Values are percent-decoded; empty entries are left out.
///
/// # Errors
/// An entry has no key or no `=`, or isn't UTF-8 when decoded. The message doesn't quote it, since it
/// may be secret.
pub fn pairs(name: &str, list: &str) -> Result<Vec<(String, String)>, InvalidVariable> {
    let entries = list.split(',').map(str::trim).enumerate();
    entries
        .filter(|(_, entry)| !entry.is_empty())
        .map(|(at, entry)| {
            pair(entry).ok_or_else(|| {
                let found = format!("has no key=value in entry {}", at + 1);
                InvalidVariable::new(name, found, "write it as in key=value,other=value")
            })
        })
        .collect()
}

fn pair(entry: &str) -> Option<(String, String)> {
    let (key, value) = entry.split_once('=')?;
    let key = Some(key.trim()).filter(|key| !key.is_empty())?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    Some((key.to_owned(), value.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_may_contain_an_equals_sign() {
        let read = pairs("A", "a=1, b = x%20y ,,c=d=e,f=").unwrap();
        let read: Vec<_> = read.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(read, [("a", "1"), ("b", "x y"), ("c", "d=e"), ("f", "")]);
    }

    #[test]
    fn an_entry_that_is_no_pair_is_refused_by_its_number_and_not_quoted() {
        for list in ["a=1,secret", "a=1,=secret", "a=1,secret=%ff"] {
            let refusal = pairs("A", list).unwrap_err().to_string();
            assert!(refusal.starts_with("A has no key=value in entry 2;"), "{refusal}");
            assert!(!refusal.contains("secret"), "{refusal}");
        }
    }
}
