//! Who may use whom, and where `unsafe` may stand: read from the source itself.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// The only edges: a module of the crate, and the paths below the crate that it may name. `*` is
/// all there is.
const ALLOWED: [(&str, &[&str]); 13] = [
    (
        "http",
        &[
            "text",
            "batching",
            "config",
            "telemetry",
            "heads",
            "model::recipe",
            "model::recipe_book",
            "model::task",
            "model::finish",
            "model::head",
            "model::checkpoint::ProblemType",
        ],
    ),
    ("text", &[]),
    ("batching", &["telemetry"]),
    ("model", &["kernels"]),
    ("kernels", &[]),
    ("heads", &["model"]),
    ("training", &["model", "text"]),
    (
        "config",
        &[
            "model::encoder::EncoderChoice",
            "model::encoder::EncoderOptions",
            "model::recipe",
            "model::recipe_book",
            "kernels::Dtype",
            "kernels::InstructionSet",
            "telemetry",
        ],
    ),
    ("telemetry", &[]),
    (
        "app",
        &[
            "http",
            "heads",
            "text",
            "batching",
            "model",
            "kernels",
            "training",
            "config",
            "telemetry",
        ],
    ),
    ("cli", &["*"]),
    ("main", &["cli"]),
    ("lib", &["*"]),
];

/// Where `unsafe` may stand.
const UNSAFE: [&str; 2] = ["src/model/checkpoint/map.rs", "src/kernels"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file, by its path in the repository.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// `src/http/error.rs` → `["http", "error"]`
fn module_path(file: &str) -> Vec<String> {
    let inner = Path::new(file).strip_prefix("src").unwrap().with_extension("");
    let mut path: Vec<String> =
        inner.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if path.len() > 1 && path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

/// The source as words and signs, without comments, strings and characters.
fn tokens(source: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_string(rest).or_else(|| quoted(rest)) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let word = |c: char| !(c.is_alphanumeric() || c == '_');
            let length = rest.find(word).unwrap_or(rest.len());
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

/// The length of `r"…"`, `r#"…"#` and the like at the start, with a `b` before it or not.
fn raw_string(rest: &str) -> Option<usize> {
    let start = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r')?;
    let hashes = start.len() - start.trim_start_matches('#').len();
    let body = start[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let before = rest.len() - body.len();
    Some(body.find(&end).map_or(rest.len(), |at| before + at + end.len()))
}

/// The length of `"…"`, or of `'…'` where it is a character and no lifetime.
fn quoted(rest: &str) -> Option<usize> {
    let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return Some(at + 1);
        }
        escaped = c == '\\' && !escaped;
        // 'a or 'static: a character would have ended.
        if quote == '\'' && !escaped && at > 1 && !rest.starts_with("'\\") {
            return None;
        }
    }
    None
}

/// Paths from the crate's root that a file names: `crate::a::{b, c}` → `a::b`, `a::c`; `super::`
/// counts from the file's own module.
fn named_paths(file: &str, source: &str) -> Vec<Vec<String>> {
    let tokens = tokens(source);
    let own = module_path(file);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let starts = at == 0 || tokens[at - 1] != "::";
        match tokens[at].as_str() {
            "crate" | "strata" if starts && next_is(&tokens, at + 1, "::") => {
                at = branches(&tokens, at + 2, Vec::new(), &mut found);
            }
            "super" if starts && next_is(&tokens, at + 1, "::") => {
                let mut base = own.clone();
                while tokens[at] == "super" && next_is(&tokens, at + 1, "::") {
                    base.pop();
                    at += 2;
                }
                at = branches(&tokens, at, base, &mut found);
            }
            _ => at += 1,
        }
    }
    found
}

fn next_is(tokens: &[String], at: usize, sign: &str) -> bool {
    tokens.get(at).is_some_and(|token| token == sign)
}

/// Reads what follows a path's `::`; where it ends.
fn branches(
    tokens: &[String],
    at: usize,
    base: Vec<String>,
    found: &mut Vec<Vec<String>>,
) -> usize {
    let Some(token) = tokens.get(at) else {
        return at;
    };
    if token == "{" {
        let mut at = at + 1;
        while at < tokens.len() && tokens[at] != "}" {
            at = if tokens[at] == "," { at + 1 } else { branches(tokens, at, base.clone(), found) };
        }
        return at + 1;
    }
    let mut path = base;
    if token != "self" {
        path.push(token.clone());
    }
    if next_is(tokens, at + 1, "::") {
        return branches(tokens, at + 2, path, found);
    }
    found.push(path);
    // `use a as b`
    if next_is(tokens, at + 1, "as") { at + 3 } else { at + 1 }
}

/// What in a file goes against the table, in words.
fn offences(file: &str, source: &str) -> Vec<String> {
    let own = module_path(file).remove(0);
    let Some((_, allowed)) = ALLOWED.iter().find(|(module, _)| *module == own) else {
        return vec![format!("{file}: the module {own} is not in the table")];
    };
    let known = |path: &[String]| {
        ALLOWED.iter().any(|(module, _)| path.first().is_some_and(|first| first == module))
    };
    let mut offences: Vec<String> = named_paths(file, source)
        .into_iter()
        // Anything else is an item of the file's own module, by `super` from a module within it.
        .filter(|path| known(path) && path[0] != own)
        .map(|path| path.join("::"))
        .filter(|path| !allowed.iter().any(|allowed| is_within(path, allowed)))
        .map(|path| format!("{file}: uses {path}"))
        .collect();
    let may = UNSAFE.iter().any(|place| file == *place || file.starts_with(&format!("{place}/")));
    if !may && tokens(source).iter().any(|token| token == "unsafe") {
        offences.push(format!("{file}: unsafe"));
    }
    offences
}

fn is_within(path: &str, allowed: &str) -> bool {
    allowed == "*" || path == allowed || path.starts_with(&format!("{allowed}::"))
}

#[test]
fn every_module_uses_only_what_lies_below_it() {
    let sources = sources();
    assert!(sources.len() > 40, "only {} files were found", sources.len());
    let offences: Vec<_> =
        sources.iter().flat_map(|(file, source)| offences(file, source)).collect();
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn the_check_finds_what_goes_against_the_table() {
    for (file, source, found) in [
        ("src/http/a.rs", "use crate::app::load;", "src/http/a.rs: uses app::load"),
        (
            "src/http/a.rs",
            "use crate::model::{recipe::Recipe, Model};",
            "src/http/a.rs: uses model::Model",
        ),
        (
            "src/http/a.rs",
            "use crate::{\n  text::{self, Text},\n  training as t,\n};",
            "src/http/a.rs: uses training",
        ),
        (
            "src/http/a.rs",
            "use crate::model::checkpoint::Checkpoint;",
            "src/http/a.rs: uses model::checkpoint::Checkpoint",
        ),
        (
            "src/text/a.rs",
            "fn f() { crate::batching::Batcher::start() }",
            "src/text/a.rs: uses batching::Batcher::start",
        ),
        (
            "src/model/head/a.rs",
            "use super::super::super::http::wire;",
            "src/model/head/a.rs: uses http::wire",
        ),
        ("src/app/load.rs", "use strata::cli::Cli;", "src/app/load.rs: uses cli::Cli"),
        (
            "src/telemetry/mod.rs",
            "use super::config::Config;",
            "src/telemetry/mod.rs: uses config::Config",
        ),
        ("src/text/a.rs", "fn f<'a>(x: &'a u8) { unsafe { g(x) } }", "src/text/a.rs: unsafe"),
        ("src/metrics/a.rs", "", "src/metrics/a.rs: the module metrics is not in the table"),
    ] {
        assert_eq!(offences(file, source), [found], "{source}");
    }
}

#[test]
fn the_check_passes_over_comments_strings_and_what_is_allowed() {
    let source = r##"
        //! unsafe, crate::app
        /* use crate::app; */
        use crate::model::recipe::{Pooling as P, Recipe};
        use crate::{batching::Batcher, config::HttpConfig};
        use super::error::ApiError;
        fn f<'a>() -> &'a str { let _ = ('"', '\'', "\" unsafe"); r#"crate::app "unsafe""# }
        mod tests { use super::super::state::AppState; }
    "##;
    assert_eq!(offences("src/http/a.rs", source), [""; 0]);
    assert_eq!(offences("src/kernels/avx2.rs", "unsafe fn f() {}"), [""; 0]);
}
