//! The source files of the workspace's crates, each with its place in the module tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::lexer::{token_is, tokens};

/// The crates that are checked: name and source folder.
pub const CRATES: [(&str, &str); 2] =
    [("strata", "src"), ("strata_kernels", "crates/strata-kernels/src")];

/// One source file.
pub struct SourceFile {
    /// From the repository's root: `src/http/error.rs`.
    pub file: String,
    /// The name of its crate, then its modules: `strata`, `http`, `error`.
    pub module: Vec<String>,
    /// Words and signs of the whole file.
    pub tokens: Vec<String>,
}

impl SourceFile {
    /// A file of one of the [`CRATES`] by its path.
    pub fn new(file: &str, source: &str) -> Self {
        Self { file: file.to_owned(), module: module_path(file), tokens: tokens(source) }
    }

    /// The tokens without the items that are compiled only for tests.
    pub fn tokens_without_tests(&self) -> Vec<String> {
        without_tests(&self.tokens).kept
    }
}

/// All files of all crates, in the order of their paths.
pub fn read_all() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders: Vec<_> = CRATES.iter().map(|(_, folder)| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let file = path.strip_prefix(root).unwrap().to_str().unwrap();
                files.push(SourceFile::new(file, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort_by(|a, b| a.file.cmp(&b.file));
    files
}

/// The files that take part in a normal build: not those below a `#[cfg(test)] mod name;`.
pub fn without_test_modules(files: &[SourceFile]) -> Vec<&SourceFile> {
    let mut test_modules = BTreeSet::new();
    for file in files {
        for name in without_tests(&file.tokens).test_modules {
            test_modules.insert([file.module.as_slice(), &[name]].concat());
        }
    }
    let is_test = |module: &[String]| {
        (0..=module.len()).any(|length| test_modules.contains(&module[..length]))
    };
    files.iter().filter(|file| !is_test(&file.module)).collect()
}

/// `src/http/error.rs` → `strata`, `http`, `error`; `src/http/mod.rs` → `strata`, `http`.
fn module_path(file: &str) -> Vec<String> {
    let in_crate = |(name, folder): &(&'static str, &str)| {
        Some((*name, file.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".rs")?))
    };
    let (name, inner) = CRATES.iter().find_map(in_crate).unwrap();
    let mut path = vec![name.to_owned()];
    path.extend(inner.split('/').map(str::to_owned));
    if inner == "lib" || path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

/// What [`without_tests`] found.
struct WithoutTests {
    kept: Vec<String>,
    /// The names of modules that are files of their own: `#[cfg(test)] mod name;`.
    test_modules: Vec<String>,
}

/// Leaves out every item under `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn without_tests(tokens: &[String]) -> WithoutTests {
    let mut found = WithoutTests { kept: Vec::new(), test_modules: Vec::new() };
    let mut at = 0;
    while at < tokens.len() {
        let is = |sequence: &[&str]| (0..).zip(sequence).all(|(i, t)| token_is(tokens, at + i, t));
        if is(&["#", "[", "cfg", "(", "test", ")", "]"])
            || is(&["#", "[", "cfg", "(", "all", "(", "test", ","])
        {
            let end = end_of_item(tokens, at);
            if tokens[end - 1] == ";" && token_is(tokens, end.saturating_sub(3), "mod") {
                found.test_modules.push(tokens[end - 2].clone());
            }
            at = end;
        } else {
            found.kept.push(tokens[at].clone());
            at += 1;
        }
    }
    found
}

/// Where the item ends that begins at `at`, its attributes included: after a `;` or a block outside
/// of all brackets.
fn end_of_item(tokens: &[String], mut at: usize) -> usize {
    let mut depth = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" => depth -= 1,
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
        at += 1;
    }
    at
}

#[test]
fn a_file_has_the_path_of_its_module() {
    for (file, path) in [
        ("src/lib.rs", "strata"),
        ("src/main.rs", "strata::main"),
        ("src/http/mod.rs", "strata::http"),
        ("src/http/error.rs", "strata::http::error"),
        ("crates/strata-kernels/src/lib.rs", "strata_kernels"),
        ("crates/strata-kernels/src/gemm/tile.rs", "strata_kernels::gemm::tile"),
    ] {
        assert_eq!(module_path(file).join("::"), path);
    }
}

#[test]
fn test_items_and_test_files_are_left_out() {
    let parent = SourceFile::new(
        "src/a/mod.rs",
        "use x; #[cfg(test)] mod tests; #[cfg(test)] #[allow(y)] fn f(z: [u8; 2]) { { } } \
         #[cfg(all(test, unix))] use w; mod b; #[cfg(test)] mod inner { fn g() {} } fn h() {}",
    );
    assert_eq!(parent.tokens_without_tests().join(" "), "use x ; mod b ; fn h ( ) { }");
    let files = [
        parent,
        SourceFile::new("src/a/b.rs", ""),
        SourceFile::new("src/a/tests/mod.rs", ""),
        SourceFile::new("src/a/tests/deep.rs", ""),
    ];
    let kept: Vec<_> = without_test_modules(&files).iter().map(|file| &file.file).collect();
    assert_eq!(kept, ["src/a/mod.rs", "src/a/b.rs"]);
}
