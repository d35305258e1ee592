//! Checks on the source itself: who may use whom, where `unsafe` may stand, that no files import each
//! other in a circle, that `use` is written in one way, and that documents name files that exist.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod circles;
mod documents;
mod lexer;
mod nesting;
mod paths;
mod rules;
mod source;

#[test]
fn every_module_uses_only_what_lies_below_it() {
    let files = source::read_all();
    assert!(files.len() > 40, "only {} files were found", files.len());
    let offences: Vec<_> = files.iter().flat_map(rules::offences).collect();
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}
