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

#[test]
fn no_files_import_each_other_in_a_circle() {
    let circles = circles::circles(&source::read_all());
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn use_has_braces_at_the_last_level_alone() {
    let nested: Vec<_> = source::read_all().iter().flat_map(nesting::nested_uses).collect();
    assert!(nested.is_empty(), "{}", nested.join("\n"));
}

#[test]
fn every_path_in_contributing_md_exists() {
    let missing = documents::missing_paths(include_str!("../../CONTRIBUTING.md"));
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
