//! `strata compare`: recipes scored on a labelled file, and the command that trains the best one.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::labelled::{self, Labels};
use crate::support::process::Strata;
use crate::support::tiny;

/// Runs `strata compare` on `d.tsv` in `folder`, with more arguments.
fn compare(folder: &Path, more: &[&str]) -> Output {
    let model = tiny("sentence");
    let (data, cache) = (folder.join("d.tsv"), folder.join("cache"));
    let strata = Strata::new(&["compare", "--model", model.to_str().unwrap()]);
    let strata = strata.arg("--data").arg(data.to_str().unwrap());
    let strata = strata.arg("--cache").arg(cache.to_str().unwrap());
    let output = more.iter().fold(strata, |strata, arg| strata.arg(arg)).output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn every_recipe_is_scored_and_the_printed_command_trains_the_best() {
    let folder = tempfile::tempdir().unwrap();
    labelled::write_file(folder.path(), Labels::Single, "the end");
    let report = folder.path().join("r.html");
    let with = ["--folds", "3", "--report", report.to_str().unwrap()];
    let stdout = text(compare(folder.path(), &with).stdout);
    // Three layers and the embedding output, three combinations, four poolings.
    for name in ["last 3 averaged, mean ", "last 3 weighted, cls ", "embedding output, mean_max "] {
        assert!(stdout.contains(name), "{stdout}");
    }
    let page = fs::read_to_string(&report).unwrap();
    assert_eq!(page.matches("class=\"heat\"").count(), 7 * 4);
    assert!(!page.contains("http") && !page.contains("<script"));

    let line = stdout.lines().find(|line| line.starts_with("strata train ")).unwrap();
    assert!(!line.contains("--folds") && !line.contains("--report"), "{line}");
    let words = shlex::split(line).unwrap();
    let out = folder.path().join("best");
    let train = words[2..words.len() - 1].iter();
    let train = train.fold(Strata::new(&["train"]), |command, word| command.arg(word));
    let output = train.arg(out.to_str().unwrap()).output();
    let log = text(output.stderr);
    assert!(output.status.success() && log.contains("from the cache"), "{log}");
    assert!(out.join("head.json").is_file());
}

#[test]
fn json_lists_ten_recipes_best_first_and_a_second_run_uses_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    labelled::write_file(folder.path(), Labels::Multi, "the end");
    let several = ["--problem-type", "multi-label", "--label-separator", ";"];
    let with = [&several[..], &["--quick", "--json", "--folds", "3"]].concat();
    let first = compare(folder.path(), &with);
    let second = compare(folder.path(), &with);
    assert_eq!(first.stdout, second.stdout);
    let log = text(second.stderr);
    assert!(log.contains(" pooled layers, 100 % from the cache"), "{log}");
    let found: Value = serde_json::from_slice(&first.stdout).unwrap();
    let outcomes = found["outcomes"].as_array().unwrap();
    let scores: Vec<f64> =
        outcomes.iter().map(|outcome| outcome["scores"][0]["mean"].as_f64().unwrap()).collect();
    assert!(scores.len() == 10 && scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    assert_eq!(outcomes[0]["scores"][0]["metric"], "micro F1");
    assert_eq!(outcomes[0]["scores"][0]["folds"].as_array().unwrap().len(), 3);
}
