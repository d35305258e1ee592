//! The beginning of what a client sent, for a message: a mistake of 4 MB isn't sent back whole.

use std::borrow::Cow;

/// The most characters of a value that a message quotes.
const MOST_CHARACTERS: usize = 100;

/// `text`, or its first characters and `…`.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MOST_CHARACTERS) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// A message of serde, which quotes the value that it found and then says what was expected: the
/// former cut.
pub fn cut_message(message: &str) -> Cow<'_, str> {
    let Some(end) = message.rfind(", expected ") else {
        return excerpt(message);
    };
    let (found, expected) = message.split_at(end);
    match excerpt(found) {
        Cow::Borrowed(_) => Cow::Borrowed(message),
        Cow::Owned(cut) => Cow::Owned(cut + expected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_stays_and_a_long_one_is_cut_between_characters() {
        assert_eq!(excerpt("é"), "é");
        let most = "é".repeat(MOST_CHARACTERS);
        assert_eq!(excerpt(&most), most);
        assert_eq!(excerpt(&format!("{most}a")), format!("{most}…"));
    }

    #[test]
    fn a_cut_message_keeps_what_was_expected() {
        let message = |value: &str| format!("unknown variant `{value}`, expected `a` or `b`");
        assert_eq!(cut_message(&message("c")), message("c"));
        let cut = cut_message(&message(&"c".repeat(4_000))).into_owned();
        assert!(
            cut.starts_with("unknown variant `ccc") && cut.ends_with("c…, expected `a` or `b`")
        );
        assert!(cut.chars().count() < 150, "{cut}");
        assert!(cut_message(&"c".repeat(4_000)).len() < 110);
    }
}
