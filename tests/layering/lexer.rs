//! Splits Rust source into words and signs.

/// The words and signs of `source`, without comments and characters. `::` is one sign, and so is a string,
/// which begins with its quote.
pub fn tokens(source: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some((length, text)) = raw_string(rest) {
            tokens.push(format!("\"{text}\""));
            length
        } else if let Some(length) = quoted(rest) {
            if first == '"' {
                tokens.push(rest[..length].to_owned());
            }
            length
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    tokens
}

/// Whether `c` may stand in an identifier, a keyword or a number.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether the token at `at` is `expected`.
pub fn token_is(tokens: &[String], at: usize, expected: &str) -> bool {
    tokens.get(at).is_some_and(|token| token == expected)
}

/// The length and the text of a raw string literal at the start of `rest`: `r"…"`, `r#"…"#`, `br"…"` and so
/// on.
fn raw_string(rest: &str) -> Option<(usize, &str)> {
    let start = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r')?;
    let hashes = start.len() - start.trim_start_matches('#').len();
    let body = start[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let before = rest.len() - body.len();
    let length = body.find(&end).unwrap_or(body.len());
    Some(((before + length + end.len()).min(rest.len()), &body[..length]))
}

/// The length of a literal at the start of `rest`: `"…"`, or `'…'` if it is a character and not a
/// lifetime.
fn quoted(rest: &str) -> Option<usize> {
    let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return Some(at + 1);
        }
        escaped = c == '\\' && !escaped;
        // A lifetime such as 'a or 'static: a character would have ended here.
        if quote == '\'' && !escaped && at > 1 && !rest.starts_with("'\\") {
            return None;
        }
    }
    None
}

#[test]
fn comments_and_characters_are_left_out_and_strings_are_one_sign() {
    let source = r##"
        //! crate::a
        /* crate::b */
        fn f<'a>() { ('"', '\'', "\" crate::c"); r#"crate::d "e""#; x::y }
    "##;
    let expected = r#"fn f < ' a > ( ) { ( , , "\" crate::c" ) ; "crate::d "e"" ; x :: y }"#;
    assert_eq!(tokens(source).join(" "), expected);
}
