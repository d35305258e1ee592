//! `strata train` and `strata evaluate` on files that are odd.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::labelled::{self, Labels};
use crate::support::process::Strata;
use crate::support::tiny;

/// Runs a command with the tiny checkpoint, `data` as the labelled file and `tone` in `folder` as the
/// head.
pub fn run(command: &str, folder: &Path, data: &Path, more: &[&str]) -> Output {
    let model = tiny("sentence");
    let head = folder.join("tone");
    let out = if command == "train" { "--out" } else { "--head" };
    let strata = Strata::new(&[command, out]).arg(head.to_str().unwrap()).arg("--data");
    let strata = strata.arg(data.to_str().unwrap()).arg("--model").arg(model.to_str().unwrap());
    more.iter().fold(strata, |strata, arg| strata.arg(arg)).output()
}

/// What a command that succeeded wrote to standard output and standard error.
#[track_caller]
pub fn succeeded(output: &Output) -> (String, String) {
    let [out, said] = [&output.stdout, &output.stderr].map(|part| String::from_utf8_lossy(part));
    assert!(output.status.success(), "{said}");
    (out.into_owned(), said.into_owned())
}

/// What a command that was refused wrote to standard error.
#[track_caller]
pub fn refused(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    said
}

/// 0 or 1, as if by chance.
pub fn coin(at: usize) -> usize {
    at.wrapping_mul(2_654_435_761) >> 7 & 1
}

#[track_caller]
pub fn json_of(output: &Output) -> Value {
    serde_json::from_str(&succeeded(output).0).unwrap()
}

pub fn report(folder: &Path) -> Value {
    let json = fs::read(folder.join("tone/head.json")).unwrap();
    serde_json::from_slice::<Value>(&json).unwrap()["training"].clone()
}

#[test]
fn a_good_head_stays_where_a_new_one_cannot_be_served() {
    let folder = tempfile::tempdir().unwrap();
    let data = labelled::write_file(folder.path(), Labels::Single, "the end");
    let first = succeeded(&run("train", folder.path(), &data, &["--no-cache"])).0;
    assert!(!first.contains("in place of"), "{first}");
    let again = succeeded(&run("train", folder.path(), &data, &["--no-cache"])).0;
    assert!(again.contains("tone, in place of the head that was there"), "{again}");
    let files = || {
        ["head.json", "head.safetensors"]
            .map(|name| fs::read(folder.path().join("tone").join(name)).unwrap())
    };
    let good = files();
    let huge = folder.path().join("huge.csv");
    let number = |at: usize| format!("text {at},{}e200\n", at % 7);
    fs::write(&huge, format!("text,label\n{}", (0..80).map(number).collect::<String>())).unwrap();
    let diverging = ["--hidden", "16", "--learning-rate", "1e30"];
    for (data, more) in [
        (&huge, &["--problem-type", "regression"][..]),
        (&data, &diverging[..]),
        (&data, &[&diverging[..], &["--class-weights", "balanced"]].concat()),
    ] {
        let said = refused(&run("train", folder.path(), data, &[more, &["--no-cache"]].concat()));
        assert!(said.contains("finite"), "{said}");
        assert!(files() == good, "{more:?}: the head has changed");
    }
}

#[test]
fn odd_files_end_with_the_line_at_fault() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content, place, what) in [
        ("a.csv", "text,label\na,x\n\"b,y\nc,x\n\"d,y\n", "line 3", "ends on line 5"),
        ("b.csv", "text,label\n\"a \\\"b\\\"\",x\n", "line 2", "RFC 4180"),
        ("c.csv", "text,text,label\na,b,x\n", "line 1", "column 1 and column 2"),
        ("d.jsonl", "{\"text\": \"a\", \"label\": NaN}\n", "line 1", "NaN is not JSON"),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        let said = refused(&run("train", folder.path(), &file, &["--no-cache"]));
        assert!(said.contains(&format!("{name}, {place}: ")) && said.contains(what), "{said}");
    }
    let (name, flag) = ("e.csv", ["--text", "0"]);
    fs::write(folder.path().join(name), "0,label\na,x\n").unwrap();
    let said = refused(&run("train", folder.path(), &folder.path().join(name), &flag));
    assert!(said.contains("name:0"), "{said}");
    let numbers = |at: usize| format!("text {at},{at}.5\n");
    let file = folder.path().join("f.csv");
    fs::write(&file, format!("text,label\n{}", (0..40).map(numbers).collect::<String>())).unwrap();
    let said = refused(&run("train", folder.path(), &file, &["--no-cache"]));
    assert!(said.lines().last().unwrap().contains("--problem-type regression"), "{said}");
}

#[test]
fn texts_that_are_the_same_to_the_model_do_not_leak() {
    let folder = tempfile::tempdir().unwrap();
    // Labels are drawn by a coin; the same text comes in four forms, or differs after the last token.
    let label = |at: usize| ["a", "b"][coin(at)];
    let forms = |at: usize| {
        let text = format!("the {at} film was very good");
        [text.clone(), text.to_uppercase(), text.replace(' ', "  "), format!("{text}\u{a0}")]
    };
    let cut = |at: usize| {
        ["w x", "y z", "q"].map(|end| format!("{at} {} {end}", "very good film ".repeat(9)))
    };
    let rows = |at: usize| -> String {
        let all = [forms(at).to_vec(), cut(at).to_vec()].concat();
        all.iter()
            .enumerate()
            .map(|(form, text)| {
                format!("{text}\t{}\n", label(if form < 4 { at } else { at + 1_000 }))
            })
            .collect()
    };
    let data = folder.path().join("d.tsv");
    fs::write(&data, format!("text\tlabel\n{}", (0..60).map(rows).collect::<String>())).unwrap();
    let (said, _) = succeeded(&run("train", folder.path(), &data, &["--no-cache"]));
    let report = report(folder.path());
    let accuracy = report["held_out"]["accuracy"].as_f64().unwrap();
    assert!(accuracy < 0.75, "{said}");
    assert!(report["truncated"].as_u64().unwrap() >= 180, "{report}");
}

#[test]
fn rows_without_a_label_of_the_head_fail_a_minimum() {
    let folder = tempfile::tempdir().unwrap();
    let data = labelled::write_file(folder.path(), Labels::Single, "the end");
    succeeded(&run("train", folder.path(), &data, &["--no-cache"]));
    let all = fs::read_to_string(&data).unwrap();
    let other = folder.path().join("other.tsv");
    fs::write(&other, format!("{all}{}", "angry\tgood 7\n".repeat(241))).unwrap();
    let minimum = ["--no-cache", "--min-accuracy", "0.6"];
    let output = run("evaluate", folder.path(), &other, &minimum);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        printed.contains("241 of 482 rows have a label of the head, the others count as wrong"),
        "{printed}"
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.trim_end().ends_with(" of 482 rows), below --min-accuracy 0.6"), "{said}");
    let known = [&minimum[..], &["--known-labels-only"]].concat();
    succeeded(&run("evaluate", folder.path(), &other, &known));
}

#[test]
fn one_cache_serves_two_dtypes_and_mixes_none() {
    let folder = tempfile::tempdir().unwrap();
    let data = labelled::write_file(folder.path(), Labels::Single, "the end");
    let cache = folder.path().join("cache");
    let trained = |dtype: &str, more: &[&str]| {
        let with = [&["--dtype", dtype], more].concat();
        let (_, said) = succeeded(&run("train", folder.path(), &data, &with));
        (fs::read(folder.path().join("tone/head.safetensors")).unwrap(), said)
    };
    let cached = ["--cache", cache.to_str().unwrap()];
    let expected = ["f32", "int8"].map(|dtype| trained(dtype, &["--no-cache"]).0);
    assert!(expected[0] != expected[1]);
    for (round, from_cache) in [(0, false), (1, true)] {
        for (dtype, expected) in ["f32", "int8"].iter().zip(&expected) {
            let (weights, said) = trained(dtype, &cached);
            assert!(weights == *expected, "round {round}, {dtype}: other weights");
            assert_eq!(said.contains("100 % from the cache"), from_cache, "{dtype}: {said}");
        }
    }
}
