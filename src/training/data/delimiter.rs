//! What separates the fields of a table.

/// The delimiters that are detected, the likeliest first.
pub(super) const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// A delimiter as the command line writes it: one character, or `tab`.
///
/// # Errors
/// What is allowed.
pub fn parse_delimiter(written: &str) -> Result<char, String> {
    let mut characters = written.chars();
    match (written, characters.next(), characters.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        (_, Some(one), None) if !matches!(one, '"' | '\r' | '\n') => Ok(one),
        _ => Err("it must be one character, such as ; or |, or tab".to_owned()),
    }
}

/// As the command line writes it.
pub(super) fn show_delimiter(delimiter: char) -> String {
    if delimiter == '\t' { "tab".to_owned() } else { delimiter.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_one_character_or_tab() {
        for (written, delimiter) in [(";", ';'), ("tab", '\t'), ("\\t", '\t'), ("\t", '\t')] {
            assert_eq!(parse_delimiter(written), Ok(delimiter));
        }
        assert_eq!(show_delimiter('\t'), "tab");
        for refused in ["", ",,", "\"", "\n", "tabs"] {
            assert!(parse_delimiter(refused).is_err(), "{refused:?}");
        }
    }
}
