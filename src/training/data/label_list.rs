//! Lists of labels in a field of a table, as JSON, Python and numpy write them: `["a", "b"]`,
//! `['a', 'b']`, `['a' 'b']`, `[1, 2]`.

use std::str::CharIndices;

/// The labels in a list; none if the field isn't one. Labels are trimmed, and empty ones left out.
pub(super) fn parse_list(field: &str) -> Option<Vec<String>> {
    let mut rest = field.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    let mut labels = Vec::new();
    while !rest.is_empty() {
        let (label, after) = match rest.chars().next()? {
            quote @ ('\'' | '"') => quoted(&rest[1..], quote)?,
            _ => {
                let end = rest.find(',').unwrap_or(rest.len());
                let word = rest[..end].trim();
                if word.is_empty() || word.contains(['[', ']', '{', '}', '\'', '"']) {
                    return None;
                }
                (word.to_owned(), &rest[end..])
            }
        };
        // numpy separates by white space alone.
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or(after).trim_start();
        let label = label.trim();
        if !label.is_empty() {
            labels.push(label.to_owned());
        }
    }
    Some(labels)
}

/// The text up to the closing `quote`, with its escapes resolved, and what follows.
fn quoted(content: &str, quote: char) -> Option<(String, &str)> {
    let mut label = String::new();
    let mut characters = content.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => label.push(escaped(&mut characters)?),
            end if end == quote => return Some((label, &content[at + 1..])),
            other => label.push(other),
        }
    }
    None
}

/// The character of an escape whose backslash has just been read.
fn escaped(characters: &mut CharIndices<'_>) -> Option<char> {
    match characters.next()?.1 {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        'x' => hexadecimal(characters, 2),
        'u' => hexadecimal(characters, 4),
        other => Some(other),
    }
}

fn hexadecimal(characters: &mut CharIndices<'_>, digits: usize) -> Option<char> {
    let digits: String = characters.take(digits).map(|(_, digit)| digit).collect();
    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_json_python_and_numpy_write_them() {
        for (field, labels) in [
            (r#"["a", "b c"]"#, vec!["a", "b c"]),
            ("['a', 'b']", vec!["a", "b"]),
            (r#"["it's", 'say "x"', 'it\'s']"#, vec!["it's", "say \"x\"", "it's"]),
            ("['a' 'b']", vec!["a", "b"]),
            (" [1, 2,3] ", vec!["1", "2", "3"]),
            ("[a, b c]", vec!["a", "b c"]),
            ("[]", vec![]),
            ("['a', ]", vec!["a"]),
            (r"['caf\xe9', 'na\u00efve']", vec!["café", "naïve"]),
            ("['a,b', '[c]']", vec!["a,b", "[c]"]),
        ] {
            assert_eq!(parse_list(field).unwrap(), labels, "{field}");
        }
        for field in ["a", "[a", "['a]", "[['a']]", "a, b]", "[,a]", "['a'b'c']", "[{'a': 1}]"] {
            assert_eq!(parse_list(field), None, "{field}");
        }
    }
}
