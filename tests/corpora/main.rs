//! The fuzz targets of `fuzz/`, run with the inputs of their corpora: what fuzzing has reached, and what
//! it has found, is tested with every change.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use targets::TARGETS;

#[path = "../../fuzz/src/targets/mod.rs"]
mod targets;

/// The smallest corpus: fewer inputs would mean that most were lost.
const FEWEST: usize = 10;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The names in a folder of `fuzz`, without their extension.
fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fuzz().join(folder)).unwrap();
    let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    entries.map(|entry| name(entry.unwrap().path())).collect()
}

/// Runs a target with each input of its corpus; a failure is preceded by the input's name.
#[track_caller]
fn replay(name: &str) {
    let (_, run) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let folder = fuzz().join("corpus").join(name);
    let mut inputs: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(inputs.len() >= FEWEST, "{} inputs", inputs.len());
    for input in inputs {
        let data = fs::read(&input).unwrap();
        println!("{}", input.display());
        run(&data);
    }
}

macro_rules! replay {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                replay($name);
            }
        )*

        #[test]
        fn every_target_has_a_program_and_a_corpus_and_is_replayed() {
            let listed: BTreeSet<String> =
                TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
            assert_eq!(names("fuzz_targets"), listed);
            assert_eq!(names("corpus"), listed);
            assert_eq!([$($name),*].map(str::to_owned).into_iter().collect::<BTreeSet<_>>(), listed);
            let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
            for name in listed {
                assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
            }
        }
    };
}

replay! {
    bodies_in_the_corpus_are_answered_as_the_contract_says: "bodies",
    calibrations_in_the_corpus_round_trip_or_are_refused: "calibrations",
    checkpoints_in_the_corpus_embed_or_are_refused: "checkpoints",
    labelled_files_in_the_corpus_are_read_or_refused: "datasets",
    heads_in_the_corpus_decide_or_are_refused: "heads",
    keys_in_the_corpus_are_read_or_refused_without_being_quoted: "keys",
    recipes_in_the_corpus_fit_or_are_refused: "recipes",
    requests_in_the_corpus_are_answered_and_closed: "requests",
    settings_in_the_corpus_are_shown_again_or_refused: "settings",
    texts_in_the_corpus_keep_their_tokens: "texts",
    tokenizers_in_the_corpus_fit_their_tables_or_are_refused: "tokenizers",
    weights_in_the_corpus_are_whole_or_refused: "weights",
}
