//! One way to nest `use`: braces only at the last level.

use super::lexer::token_is;
use super::source::SourceFile;

/// Every `use` whose braces hold a path of more than one part: `use a::{b::c, d};`.
pub fn nested_uses(file: &SourceFile) -> Vec<String> {
    let tokens = &file.tokens;
    let starts = (0..tokens.len()).filter(|&at| tokens[at] == "use" && is_item(tokens, at));
    let ends = |start: usize| {
        start + tokens[start..].iter().position(|token| token == ";").unwrap_or_default()
    };
    starts
        .map(|start| &tokens[start..ends(start)])
        .filter(|tokens| {
            let braces = tokens.iter().position(|token| token == "{").unwrap_or(tokens.len());
            tokens[braces..].iter().any(|token| token == "::")
        })
        .map(|tokens| format!("{}: {}", file.file, tokens.join(" ")))
        .collect()
}

/// Whether the `use` at `at` begins an item, and isn't the `use<'a>` of a bound.
fn is_item(tokens: &[String], at: usize) -> bool {
    !token_is(tokens, at + 1, "<")
}

#[test]
fn braces_within_a_path_are_found() {
    let found = |source: &str| nested_uses(&SourceFile::new("src/a.rs", source));
    assert_eq!(found("use a::{b::c, d};"), ["src/a.rs: use a :: { b :: c , d }"]);
    assert_eq!(found("pub use a::{b, c::{d, e}};").len(), 1);
    assert_eq!(
        found("use a::b::{self, c as d}; use x; fn f() -> impl T + use<'_> { a::b }").len(),
        0
    );
}
