//! Paths in documents.

use std::path::Path;

/// Where a path in a document may begin.
const BASES: [&str; 2] = ["", "crates/strata-kernels"];

/// The paths in backticks in `document` that exist in none of the [`BASES`].
pub fn missing_paths(document: &str) -> Vec<&str> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let quoted = document.split('`').skip(1).step_by(2);
    let is_path = |text: &&str| {
        let folders = ["src/", "crates/", "tests/", "scripts/", "config/"];
        folders.iter().any(|folder| text.starts_with(folder)) && !text.contains(' ')
    };
    quoted
        .filter(is_path)
        .filter(|path| !BASES.iter().any(|base| root.join(base).join(path).exists()))
        .collect()
}

#[test]
fn a_path_that_does_not_exist_is_found() {
    let document = "`src/lib.rs`, `src/dispatch.rs`, `src/nowhere.rs`, `make check`, `tests/api/`";
    assert_eq!(missing_paths(document), ["src/nowhere.rs"]);
}
