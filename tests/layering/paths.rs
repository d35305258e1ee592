//! The paths within the workspace that a file names, by `use` or in place.

use std::collections::{BTreeMap, BTreeSet};

use super::lexer::{is_word, token_is};
use super::source::CRATES;

/// A path that a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPath {
    /// From the crate's name: `strata`, `http`, `error`, `ApiError`. Ends in `*` for a glob import.
    pub path: Vec<String>,
    /// For a `use`: the name that it brings into scope.
    pub brings: Option<String>,
    /// A `pub use`, with any visibility: the file passes the item on and may not use it itself.
    pub is_reexport: bool,
}

/// Every path into a crate of the workspace in `tokens`, the content of the module `own`:
/// `crate::a::{b, c}` → `a::b` and `a::c`; `super` and `self` count from the module they stand in. A
/// path may also begin with one of `modules` that is a child of it, or with a name that a `use` of the
/// file brings.
pub fn named_paths(
    own: &[String],
    tokens: &[String],
    modules: &BTreeSet<&[String]>,
) -> Vec<NamedPath> {
    let by_use = scan(own, tokens, &Known { modules, names: BTreeMap::new() });
    let names = by_use.into_iter().filter_map(|named| Some((named.brings?, named.path))).collect();
    scan(own, tokens, &Known { modules, names })
}

/// What a path may begin with, beside keywords and crates.
struct Known<'m> {
    modules: &'m BTreeSet<&'m [String]>,
    /// The paths of the names that a `use` of the file brings into scope.
    names: BTreeMap<String, Vec<String>>,
}

fn scan(own: &[String], tokens: &[String], known: &Known<'_>) -> Vec<NamedPath> {
    let mut found = Vec::new();
    // The module at this place, which an inline `mod name { … }` changes, and the depths of braces
    // at which the inline modules began.
    let (mut here, mut depth, mut inline) = (own.to_vec(), 0, Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        if let Some((base, start)) = base_of_path(&here, tokens, at, known) {
            let visibility = at.checked_sub(2).map(|i| tokens[i].as_str());
            let is_use = at > 0 && tokens[at - 1] == "use";
            let is_reexport =
                is_use && visibility.is_some_and(|token| ["pub", ")"].contains(&token));
            let mut leaves = Vec::new();
            at = read_branches(tokens, start, base, &mut leaves);
            found.extend(leaves.into_iter().map(|(path, name)| NamedPath {
                path,
                brings: is_use.then_some(name),
                is_reexport,
            }));
            continue;
        }
        match tokens[at].as_str() {
            "{" => {
                if at > 1 && tokens[at - 2] == "mod" {
                    here.push(tokens[at - 1].clone());
                    inline.push(depth);
                }
                depth += 1;
            }
            "}" => {
                depth -= 1;
                if inline.pop_if(|began| *began == depth).is_some() {
                    here.pop();
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Where the path that starts at `at` counts from, and where the rest of it begins; `None` if no
/// path into the workspace starts there.
fn base_of_path(
    here: &[String],
    tokens: &[String],
    at: usize,
    known: &Known<'_>,
) -> Option<(Vec<String>, usize)> {
    let first = tokens[at].as_str();
    let starts = at == 0 || tokens[at - 1] != "::";
    if !starts || !token_is(tokens, at + 1, "::") || !first.starts_with(is_word) {
        return None;
    }
    if first == "crate" {
        return Some((here[..1].to_vec(), at + 2));
    }
    if first == "self" {
        return Some((here.to_vec(), at + 2));
    }
    if first == "super" {
        let (mut base, mut at) = (here.to_vec(), at);
        while token_is(tokens, at, "super") && token_is(tokens, at + 1, "::") {
            base.pop();
            at += 2;
        }
        return Some((base, at));
    }
    let child = [here, &[first.to_owned()]].concat();
    if known.modules.contains(child.as_slice()) {
        return Some((child, at + 2));
    }
    if let Some(path) = known.names.get(first) {
        return Some((path.clone(), at + 2));
    }
    let is_crate = CRATES.iter().any(|(name, _)| *name == first);
    is_crate.then(|| (vec![first.to_owned()], at + 2))
}

/// Reads the rest of a path after a `::`, with all branches of a `use` tree: each full path and the
/// name that it brings. Returns where it ends.
fn read_branches(
    tokens: &[String],
    at: usize,
    base: Vec<String>,
    leaves: &mut Vec<(Vec<String>, String)>,
) -> usize {
    let Some(token) = tokens.get(at) else {
        return at;
    };
    if token == "{" {
        let mut at = at + 1;
        while at < tokens.len() && tokens[at] != "}" {
            at = match tokens[at].as_str() {
                "," => at + 1,
                _ => read_branches(tokens, at, base.clone(), leaves),
            };
        }
        return at + 1;
    }
    let mut path = base;
    if token != "self" {
        path.push(token.clone());
    }
    if token_is(tokens, at + 1, "::") {
        return read_branches(tokens, at + 2, path, leaves);
    }
    if token_is(tokens, at + 1, "as") {
        leaves.push((path, tokens[at + 2].clone()));
        return at + 3;
    }
    let name = path.last().cloned().unwrap_or_default();
    leaves.push((path, name));
    at + 1
}
