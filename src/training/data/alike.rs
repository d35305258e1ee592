//! Texts and labels that are alike but for case, spaces and Unicode form.

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;

/// The same for texts that differ only in upper and lower case, white space, and Unicode form: NFKC,
/// full case folding, and one space for each run of white space.
pub(super) fn normalise(text: &str) -> String {
    let folded = UniCase::unicode(text.nfkc().collect::<String>()).to_folded_case();
    let words: Vec<&str> = folded.split_whitespace().collect();
    // Folding can undo the composition of a few characters.
    words.join(" ").nfkc().collect()
}

/// The same for rows whose texts are alike.
pub(super) fn normalise_row(text: &str, pair: Option<&str>) -> (String, Option<String>) {
    (normalise(text), pair.map(normalise))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_spaces_and_unicode_form_make_no_difference() {
        let alike = [
            ("The  End\u{a0}", " the end"),
            ("STRASSE", "straße"),
            ("cafe\u{301}", "CAFÉ"),
            ("ﬁne", "FINE"),
            ("Ｆｕｌｌ １", "full 1"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ];
        for (one, other) in alike {
            assert_eq!(normalise(one), normalise(other), "{one} {other}");
        }
        for (one, other) in [("a b", "ab"), ("cafe", "café"), ("a.", "a"), ("1", "1.0")] {
            assert_ne!(normalise(one), normalise(other), "{one} {other}");
        }
    }
}
