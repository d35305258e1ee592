//! Circles of imports between files.
//!
//! A file imports another if it uses an item that the other defines. A `pub use` is not an import by itself:
//! it only passes the item on, and a file that names the item there imports the file that defines it. A
//! `mod.rs` counts as a file like any other. Code that is compiled only for tests is left out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::paths::named_paths;
use super::source::{SourceFile, without_test_modules};

/// Re-exports of re-exports that are followed, so that two that name each other end.
const MAX_REEXPORTS: usize = 20;

/// For each file, the files that it imports.
type Imports<'f> = BTreeMap<&'f str, BTreeSet<&'f str>>;

/// Every circle, as `a.rs → b.rs → a.rs`: for each file the shortest one, unless it lies on one that
/// is already listed.
pub fn circles(files: &[SourceFile]) -> Vec<String> {
    let imports = imports(files);
    let mut listed = BTreeSet::new();
    let mut circles = Vec::new();
    for file in imports.keys().copied() {
        if listed.contains(file) {
            continue;
        }
        if let Some(circle) = shortest_circle(file, &imports) {
            circles.push([circle.as_slice(), &[file]].concat().join(" → "));
            listed.extend(circle);
        }
    }
    circles
}

/// The shortest path from `start` back to it, with `start` first.
fn shortest_circle<'f>(start: &'f str, imports: &Imports<'f>) -> Option<Vec<&'f str>> {
    let mut importer = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(file) = waiting.pop_front() {
        for &imported in imports.get(file).into_iter().flatten() {
            if imported == start {
                let mut path = vec![file];
                while let Some(&before) = importer.get(path[path.len() - 1]) {
                    path.push(before);
                }
                path.reverse();
                return Some(path);
            }
            importer.entry(imported).or_insert_with(|| {
                waiting.push_back(imported);
                file
            });
        }
    }
    None
}

/// The modules with their files, and where the names in each come from.
struct Modules<'f> {
    files: BTreeMap<&'f [String], &'f str>,
    names: BTreeMap<&'f [String], BTreeMap<String, Vec<String>>>,
}

impl<'f> Modules<'f> {
    /// The file that defines what `path` names.
    fn defining_file(&self, path: &[String], followed: usize) -> Option<&'f str> {
        let length = (1..=path.len()).rev().find(|&n| self.files.contains_key(&path[..n]))?;
        let (module, rest) = path.split_at(length);
        let brought = rest.first().and_then(|name| self.names.get(module)?.get(name));
        match brought {
            Some(source) if followed < MAX_REEXPORTS && *source != path[..=length] => {
                let path = [source.as_slice(), &rest[1..]].concat();
                self.defining_file(&path, followed + 1)
            }
            _ => self.files.get(module).copied(),
        }
    }
}

fn imports(files: &[SourceFile]) -> Imports<'_> {
    let files = without_test_modules(files);
    let known: BTreeSet<_> = files.iter().map(|file| file.module.as_slice()).collect();
    let mut modules = Modules { files: BTreeMap::new(), names: BTreeMap::new() };
    let mut named = BTreeMap::new();
    for file in files {
        let tokens = file.tokens_without_tests();
        let mut paths = named_paths(&file.module, &tokens, &known);
        let brought = paths.iter().filter_map(|p| Some((p.brings.clone()?, p.path.clone())));
        modules.names.insert(&file.module, brought.collect());
        modules.files.insert(&file.module, &file.file);
        let used = words_outside_use(&tokens);
        paths.retain(|path| {
            !path.is_reexport || path.brings.as_ref().is_some_and(|name| used.contains(name))
        });
        named.insert(file.file.as_str(), paths);
    }
    named
        .into_iter()
        .map(|(file, paths)| {
            let imported = paths.iter().filter_map(|named| modules.defining_file(&named.path, 0));
            (file, imported.filter(|other| *other != file).collect())
        })
        .collect()
}

/// The words outside of `use` items.
fn words_outside_use(tokens: &[String]) -> BTreeSet<String> {
    let mut in_use = false;
    let mut words = BTreeSet::new();
    for token in tokens {
        match token.as_str() {
            "use" => in_use = true,
            ";" => in_use = false,
            _ if !in_use => {
                words.insert(token.clone());
            }
            _ => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sources: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<_> =
            sources.iter().map(|(file, source)| SourceFile::new(file, source)).collect();
        circles(&files)
    }

    #[test]
    fn a_circle_is_found_whatever_way_the_files_name_each_other() {
        for (a, b) in [
            ("use crate::b::B; struct A;", "use crate::a::A; struct B;"),
            ("use super::b::{self, B};", "use crate::{a::A as Other};"),
            ("fn f() { crate::b::g() }", "use super::a; fn g() {}"),
            ("use strata::b::*;", "mod inner { use super::super::a::A; }"),
        ] {
            let circle =
                found(&[("src/a.rs", a), ("src/b.rs", b), ("src/lib.rs", "mod a; mod b;")]);
            assert_eq!(circle, ["src/a.rs → src/b.rs → src/a.rs"], "{a} {b}");
        }
    }

    #[test]
    fn a_circle_of_three_files_of_the_kernels_is_found() {
        let circle = found(&[
            ("crates/strata-kernels/src/a.rs", "use crate::b::B;"),
            ("crates/strata-kernels/src/b.rs", "use crate::c::C;"),
            ("crates/strata-kernels/src/c.rs", "use super::a::A;"),
            ("src/a.rs", "use strata_kernels::a::A;"),
        ]);
        let expected = "crates/strata-kernels/src/a.rs → crates/strata-kernels/src/b.rs → \
                        crates/strata-kernels/src/c.rs → crates/strata-kernels/src/a.rs";
        assert_eq!(circle, [expected]);
    }

    #[test]
    fn a_module_and_its_child_are_a_circle_if_each_uses_the_other() {
        let circle = found(&[
            ("src/a/mod.rs", "mod child; use child::Child; pub struct A(Child);"),
            ("src/a/child.rs", "use super::A; pub struct Child;"),
        ]);
        assert_eq!(circle, ["src/a/child.rs → src/a/mod.rs → src/a/child.rs"]);
    }

    #[test]
    fn a_re_export_is_followed_to_the_file_that_defines_the_item() {
        let roof = "mod x; mod y; pub use x::X; pub(crate) use self::y::Y as Why;";
        let none = found(&[
            ("src/a/mod.rs", roof),
            ("src/a/x.rs", "pub struct X;"),
            ("src/a/y.rs", "use super::X; pub struct Y;"),
        ]);
        assert_eq!(none, [""; 0]);
        let used = roof.to_owned() + "fn f() -> X { X }";
        let circle =
            found(&[("src/a/mod.rs", &used), ("src/a/x.rs", "pub struct X; use super::f;")]);
        assert_eq!(circle, ["src/a/mod.rs → src/a/x.rs → src/a/mod.rs"]);
        let circle = found(&[
            ("src/a/mod.rs", roof),
            ("src/a/x.rs", "use crate::a::Why;"),
            ("src/a/y.rs", "use super::X;"),
        ]);
        assert_eq!(circle, ["src/a/x.rs → src/a/y.rs → src/a/x.rs"]);
    }

    #[test]
    fn an_item_that_is_named_by_an_imported_module_is_followed() {
        let circle = found(&[
            ("src/a.rs", "use crate::top; fn f() -> top::B { g() }"),
            ("src/top/mod.rs", "mod b; pub use b::B;"),
            ("src/top/b.rs", "use crate::a::A; pub struct B;"),
        ]);
        assert_eq!(circle, ["src/a.rs → src/top/b.rs → src/a.rs"]);
    }

    #[test]
    fn code_that_is_compiled_only_for_tests_makes_no_circle() {
        let none = found(&[
            ("src/a/mod.rs", "#[cfg(test)] mod tests; #[cfg(test)] mod t { use crate::b::B; }"),
            ("src/a/tests.rs", "use crate::b::B;"),
            ("src/b.rs", "use crate::a::A; use crate::a::tests::helper;"),
        ]);
        assert_eq!(none, [""; 0]);
    }
}
