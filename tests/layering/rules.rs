//! Which module may use which, and where `unsafe` is allowed.

use std::collections::BTreeSet;

use super::paths::named_paths;
use super::source::SourceFile;

/// For each module of the crate, the paths that it may name: below the crate, or in another crate
/// of the workspace. `*` allows all.
const ALLOWED: [(&str, &[&str]); 21] = [
    (
        "http",
        &[
            "text",
            "batching",
            "config",
            "heads",
            "keys",
            "quantization",
            "telemetry",
            "sequence",
            "tags",
            "probabilities",
            "model::recipe",
            "model::recipe_book",
            "model::multi_vector",
            "model::sparse",
            "model::tagger",
            "model::task",
            "model::output",
            "model::PoolingMask",
            "model::head",
            "model::checkpoint::ProblemType",
            "model::checkpoint::LeftOut",
            "model::checkpoint::Splade",
        ],
    ),
    ("text", &["field", "sequence"]),
    ("batching", &["telemetry"]),
    ("heads", &["model"]),
    ("hub", &["files"]),
    ("keys", &["files", "telemetry"]),
    ("model", &["field", "files", "probabilities", "sequence", "strata_kernels"]),
    ("files", &[]),
    ("field", &[]),
    ("sequence", &[]),
    ("probabilities", &[]),
    ("tags", &["probabilities"]),
    ("training", &["files", "model", "sequence", "text", "charts"]),
    ("quantization", &["files", "model::recipe"]),
    ("charts", &[]),
    (
        "config",
        &[
            "files",
            "keys::KeyEntry",
            "keys::KeySource",
            "model::encoder::EncoderChoice",
            "model::encoder::EncoderOptions",
            "model::recipe",
            "model::recipe_book",
            "strata_kernels::Dtype",
            "strata_kernels::F32Products",
            "strata_kernels::InstructionSet",
            "strata_kernels::Unavailable",
            "telemetry",
        ],
    ),
    ("telemetry", &[]),
    (
        "app",
        &[
            "field",
            "http",
            "text",
            "batching",
            "heads",
            "hub",
            "keys",
            "model",
            "strata_kernels",
            "training",
            "quantization",
            "config",
            "telemetry",
            "sequence",
        ],
    ),
    ("cli", &["*"]),
    ("main", &["cli"]),
    ("lib", &["*"]),
];

/// Where `unsafe` is allowed.
const UNSAFE: [&str; 2] = ["src/model/checkpoint/map.rs", "crates/strata-kernels/src"];

/// Every violation of the rules in a file, as a message.
pub fn violations(file: &SourceFile) -> Vec<String> {
    let mut violations = match file.module[0].as_str() {
        "strata" => forbidden_paths(file),
        // Cargo checks the dependencies of the other crate.
        _ => Vec::new(),
    };
    let is_within = |place: &&str| file.file.strip_prefix(*place).is_some_and(starts_anew);
    let may_be_unsafe = UNSAFE.iter().any(is_within);
    if !may_be_unsafe && file.tokens.iter().any(|token| token == "unsafe") {
        violations.push(format!("{}: unsafe", file.file));
    }
    violations
}

fn forbidden_paths(file: &SourceFile) -> Vec<String> {
    let own = file.module.get(1).map_or("lib", String::as_str);
    let Some((_, allowed)) = ALLOWED.iter().find(|(module, _)| *module == own) else {
        return vec![format!("{}: the module {own} is not in the table", file.file)];
    };
    named_paths(&file.module, &file.tokens, &BTreeSet::new())
        .into_iter()
        .filter_map(|named| match named.path.split_first()? {
            // Anything that is no module is an item of lib.rs.
            (name, inner) if name == "strata" => {
                let module = inner.first()?;
                let is_module = ALLOWED.iter().any(|(known, _)| known == module);
                (is_module && module != own).then(|| inner.join("::"))
            }
            _ => Some(named.path.join("::")),
        })
        .filter(|path| !allowed.iter().any(|allowed| is_below(path, allowed)))
        .map(|path| format!("{}: uses {path}", file.file))
        .collect()
}

fn is_below(path: &str, allowed: &str) -> bool {
    allowed == "*" || path.strip_prefix(allowed).is_some_and(starts_anew)
}

/// Whether `rest`, what follows the beginning of a path, begins with a new part of it.
fn starts_anew(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with("::") || rest.starts_with('/')
}

#[test]
fn every_violation_of_the_table_is_found() {
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
        (
            "src/config/a.rs",
            "use strata_kernels::Kernels;",
            "src/config/a.rs: uses strata_kernels::Kernels",
        ),
        ("src/text/a.rs", "fn f<'a>(x: &'a u8) { unsafe { g(x) } }", "src/text/a.rs: unsafe"),
        ("src/metrics/a.rs", "", "src/metrics/a.rs: the module metrics is not in the table"),
    ] {
        assert_eq!(violations(&SourceFile::new(file, source)), [found], "{source}");
    }
}

#[test]
fn comments_strings_and_allowed_paths_are_no_violations() {
    let source = r##"
        //! unsafe, crate::app
        /* use crate::app; */
        use crate::model::recipe::{Pooling as P, Recipe};
        use crate::{batching::Batcher, config::HttpConfig};
        use super::error::ApiError;
        fn f<'a>() -> &'a str { let _ = ('"', '\'', "\" unsafe"); r#"crate::app "unsafe""# }
        mod tests { use super::super::state::AppState; }
    "##;
    assert_eq!(violations(&SourceFile::new("src/http/a.rs", source)), [""; 0]);
    let config = SourceFile::new("src/config/a.rs", "use strata_kernels::{Dtype, InstructionSet};");
    assert_eq!(violations(&config), [""; 0]);
    let kernels = SourceFile::new("crates/strata-kernels/src/avx2.rs", "unsafe fn f() {}");
    assert_eq!(violations(&kernels), [""; 0]);
}
