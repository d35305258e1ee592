//! `strata bench`: the form of its output, and the flags that it refuses. No test checks a speed.

use std::process::Output;

use serde_json::Value;

use crate::support::process::Strata;
use crate::support::tiny;

/// A run over a tiny checkpoint that is as short as possible.
fn bench(args: &[&str]) -> Strata {
    let model = tiny("sentence");
    let fixed = ["bench", "--seconds", "0.02", "--model", model.to_str().unwrap()];
    let strata = Strata::new(&[&fixed[..], args].concat());
    strata.file("texts.tsv", "id\ttext\n1\tA film.\n2\tA dull film.\n3\tA dull, long film.\n")
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn json(args: &[&str]) -> Value {
    serde_json::from_str(&stdout(&bench(args).arg("--json").output())).unwrap()
}

#[test]
fn a_file_of_texts_is_measured_and_reported_as_json() {
    let report = json(&["--data", "texts.tsv", "--threads", "1", "--encoder", "reference"]);
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    let expected = "version model recipe encoder processor peak_gflops memory results";
    assert_eq!(keys, expected.split(' ').collect::<Vec<_>>());
    assert_eq!(report["recipe"], "last-four");
    assert_eq!(report["encoder"]["name"], "reference");
    assert_eq!(report["encoder"]["dtype"], "f32");
    assert_eq!(report["encoder"]["threads"], 1);
    assert!(report["memory"]["highest_mb"].as_f64() >= report["memory"]["resident_mb"].as_f64());
    let [result] = report["results"].as_array().unwrap().as_slice() else {
        panic!("{report}");
    };
    assert_eq!(result["work"], "texts.tsv");
    for number in ["texts", "tokens", "passes"] {
        assert!(result[number].as_u64().unwrap() > 0, "{number}: {result}");
    }
    for rate in ["seconds", "texts_per_second", "tokens_per_second", "gflops", "share_of_peak"] {
        assert!(result[rate].as_f64().unwrap() > 0.0, "{rate}: {result}");
    }
    let alone = &result["alone"];
    assert!(alone["tokens"].as_u64().unwrap() > 2, "{alone}");
    assert!(alone["p50_ms"].as_f64().unwrap() <= alone["p99_ms"].as_f64().unwrap(), "{alone}");
}

#[test]
fn the_column_and_the_number_of_texts_can_be_chosen() {
    let whole = json(&["--data", "texts.tsv", "--text", "2", "--recipe", "native"]);
    assert_eq!(whole["recipe"], "native");
    let first = json(&["--data", "texts.tsv", "--limit", "1"]);
    let per_text = |report: &Value| {
        let result = &report["results"][0];
        result["tokens"].as_f64().unwrap() / result["texts"].as_f64().unwrap()
    };
    assert!(per_text(&first) < per_text(&whole));
}

#[test]
fn each_length_is_a_row_of_the_table() {
    let printed = stdout(&bench(&["--length", "1,16", "--batch", "3"]).output());
    for start in
        ["model ", "encoder ", "processor ", "peak ", "memory ", "work ", "3 x 1 ", "3 x 16 "]
    {
        assert_eq!(printed.lines().filter(|line| line.starts_with(start)).count(), 1, "{printed}");
    }
    let table = printed.lines().skip_while(|line| !line.starts_with("work")).take(3);
    let widths: Vec<usize> = table.map(str::len).collect();
    assert!(widths.iter().all(|width| *width == widths[0]), "{printed}");
}

#[test]
fn a_pass_of_one_length_fills_the_token_budget() {
    let report = json(&["--length", "16"]);
    assert_eq!(report["results"][0]["work"], "32 x 16");
}

#[test]
fn invalid_flags_are_one_line_and_exit_2() {
    let data = ["--data", "texts.tsv"];
    let length = ["--length", "8"];
    let wrong: [(&[&str], &[&str], &str); 14] = [
        (&[], &[], "--data FILE or --length N"),
        (&data, &length, "--data and --length"),
        (&data, &["--batch", "2"], "--batch"),
        (&length, &["--limit", "2"], "--limit"),
        (&length, &["--text", "1"], "--text"),
        (&data, &["--limit", "0"], "--limit 0"),
        (&length, &["--batch", "0"], "--batch 0: must be 1 to 4096"),
        (&length, &["--seconds", "0"], "--seconds 0: must be 0.01 to 3600"),
        (&length, &["--seconds", "NaN"], "--seconds NaN"),
        (&["--length", "8,0"], &[], "--length 0"),
        (&["--length", "8,65"], &[], "--length 65: must be 1 to 64"),
        (&["--data", "absent.tsv"], &[], "absent.tsv: cannot be read"),
        (&data, &["--text", "body"], "no column \"body\""),
        (&length, &["--recipe", "last-five"], "last-five"),
    ];
    for (flags, more, named) in wrong {
        let args = [flags, more].concat();
        let model = tiny("sentence");
        let strata = Strata::new(&["bench", "--model", model.to_str().unwrap()]);
        let strata = strata.file("texts.tsv", "id\ttext\n1\tA film.\n");
        let output = args.iter().fold(strata, |strata, arg| strata.arg(arg)).output();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
        assert!(said.starts_with("error: ") && said.contains(named), "{args:?}: {said}");
        assert!(output.stdout.is_empty());
    }
}
