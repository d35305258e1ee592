//! Paths in documents.

use std::fs;
use std::path::Path;

/// The folders that a path in a document may be relative to.
const BASES: [&str; 3] = ["", "src", "crates/strata-kernels"];

/// The paths in backticks in `document` that exist in none of the [`BASES`]. A text counts as a path if
/// it begins with a folder of the repository or of `src`.
pub fn missing_paths(document: &str) -> Vec<&str> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let quoted = document.split('`').skip(1).step_by(2);
    let is_path = |text: &&str| {
        let folders = ["src", "crates", "tests", "scripts", "config", "benches"];
        let first = text.split_once('/').map_or("", |(first, _)| first);
        let is_module = !first.is_empty() && root.join("src").join(first).is_dir();
        (folders.contains(&first) || is_module) && !text.contains(' ')
    };
    quoted
        .filter(is_path)
        .filter(|path| !BASES.iter().any(|base| root.join(base).join(path).exists()))
        .collect()
}

#[test]
fn a_path_that_does_not_exist_is_found() {
    let document = "`src/lib.rs`, `src/dispatch.rs`, `src/nowhere.rs`, `make check`, `tests/api/`, \
                    `batching/plan/mod.rs`, `batching/nowhere.rs`, `/embed`, `text/plain data`";
    assert_eq!(missing_paths(document), ["src/nowhere.rs", "batching/nowhere.rs"]);
}

/// The tests in backticks in `document`, such as `bodies::a_gzip_body_gives_the_same_answer`, that
/// `tests/api` doesn't have.
pub fn missing_tests(document: &str) -> Vec<&str> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api");
    let is_missing = |test: &&str| {
        let (module, name) = test.rsplit_once("::").unwrap_or_default();
        let file = folder.join(module.replace("::", "/")).with_extension("rs");
        let source = fs::read_to_string(file).unwrap_or_default();
        !source.contains(&format!("fn {name}("))
    };
    let quoted = document.split('`').skip(1).step_by(2);
    quoted.filter(|text| text.contains("::")).filter(is_missing).collect()
}

/// The settings in backticks in `document`, such as `http.body_bytes`, that don't exist.
pub fn missing_settings(document: &str) -> Vec<&str> {
    let defaults = include_str!("../../config/strata.toml");
    let section = |name: &str| {
        let (_, rest) = defaults.split_once(&format!("\n[{name}]\n"))?;
        Some(rest.split("\n[").next().unwrap_or(rest))
    };
    let is_missing = |setting: &&str| {
        let Some((name, key)) = setting.split_once('.') else { return false };
        section(name).is_some_and(|section| !section.contains(&format!("\n{key} = ")))
    };
    document.split('`').skip(1).step_by(2).filter(is_missing).collect()
}

#[test]
fn a_test_or_a_setting_that_does_not_exist_is_found() {
    let document = "`bodies::a_gzip_body_gives_the_same_answer`, `bodies::nothing`, `none::nothing`, \
                    `http.body_bytes`, `http.nothing`, `limits.body_bytes`, `head.json`";
    assert_eq!(missing_tests(document), ["bodies::nothing", "none::nothing"]);
    assert_eq!(missing_settings(document), ["http.nothing", "limits.body_bytes"]);
}

/// The rows of the table with that first column: its cells, without the header.
fn table_rows<'a>(document: &'a str, first_column: &str) -> Vec<Vec<&'a str>> {
    let header = format!("| {first_column} |");
    let table = document.lines().skip_while(|line| !line.starts_with(&header));
    let rows = table.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn each_question_of_the_table_names_at_most_two_places() {
    let document = include_str!("../../ARCHITECTURE.md");
    let rows = table_rows(document, "question");
    assert!(rows.len() >= 10, "only {} questions", rows.len());
    for row in rows {
        let [question, answer] = row[..] else { panic!("a row of {} cells: {row:?}", row.len()) };
        let places = answer.split('`').skip(1).step_by(2).filter(|text| text.contains('/'));
        // A folder that is named for one of its files is no place of its own.
        let places = places.filter(|place| !place.ends_with('/')).count();
        assert!((1..=2).contains(&places), "{question}: {places} places");
    }
}
