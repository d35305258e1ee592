//! Checks of the source itself: which module may use which, where `unsafe` is allowed, that no files
//! import each other in a circle, that `use` is written in one way, that the files that documents name
//! exist, and that `docs/CHECKPOINTS.md` has what is read of a checkpoint.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod circles;
mod documents;
mod lexer;
mod names;
mod nesting;
mod paths;
mod rules;
mod source;

#[test]
fn every_module_uses_only_what_lies_below_it() {
    let files = source::read_all();
    assert!(files.len() > 40, "only {} files were found", files.len());
    let violations: Vec<_> = files.iter().flat_map(rules::violations).collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let circles = circles::circles(&source::read_all());
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn use_has_braces_only_at_the_last_level() {
    let nested: Vec<_> = source::read_all().iter().flat_map(nesting::nested_uses).collect();
    assert!(nested.is_empty(), "{}", nested.join("\n"));
}

#[test]
fn every_test_and_setting_in_security_md_exists() {
    let document = include_str!("../../SECURITY.md");
    assert_eq!(documents::missing_tests(document), [""; 0]);
    assert_eq!(documents::missing_settings(document), [""; 0]);
}

#[test]
fn every_path_in_architecture_md_and_contributing_md_exists() {
    for document in [include_str!("../../ARCHITECTURE.md"), include_str!("../../CONTRIBUTING.md")] {
        let missing = documents::missing_paths(document);
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    }
}
