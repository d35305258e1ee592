//! The rule that says which texts are held out.

use sha2::{Digest, Sha256};

/// The rule in words, for `head.json`.
pub const HELD_OUT_RULE: &str = "held out where the first byte of the SHA-256 of the trimmed text (UTF-8) is below 51; rows that \
     belong together, such as those with alike texts, follow the first of them";

/// 51 of the 256 values of a byte: a fifth of the texts. Any program can find the same texts.
const HELD_OUT_BELOW: u8 = 51;

/// Whether a text is held out: whether the first byte of the SHA-256 of the trimmed text is below
/// 51.
pub fn is_held_out(text: &str) -> bool {
    Sha256::digest(text.trim())[0] < HELD_OUT_BELOW
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_held_out_by_the_first_byte_of_its_hash() {
        // By sha256sum: a hash of 32… is the last that is held out, 33… the first that is not.
        for (text, held_out) in [("996", true), ("107", false), ("8", true), ("1", false)] {
            assert_eq!(is_held_out(text), held_out, "{text}");
            assert_eq!(is_held_out(&format!(" {text}\r\n")), held_out, "{text}");
        }
    }
}
