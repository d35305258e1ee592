//! `strata calibrate`: which texts it reads, and how it and `strata serve --calibration` fail.

use std::fs;

use serde_json::{Value, json};

use crate::command_errors::{NO_FILE, check, failing, line};
use crate::precision::{calibrate, embed};
use crate::support::answer::{floats, rows};
use crate::support::app::{TestApp, config};
use crate::support::process::Strata;
use crate::support::tiny;

#[tokio::test]
async fn texts_are_calibrated_with_the_white_space_at_their_ends() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.json");
    let texts = ["a film", " a film", "a film\n"];
    // Without a space at its end, the prompt is part of the text's first word.
    let prompt = "good";
    let lines = texts.map(|text| json!({"text": text}).to_string() + "\n").concat();
    let model = tiny("sentence");
    let args = ["calibrate", "--data", "t.jsonl", "--prompt", prompt, "--model"];
    let strata = Strata::new(&args).arg(model.to_str().unwrap()).file("t.jsonl", &lines);
    let output = strata.arg("--out").arg(out.to_str().unwrap()).output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    let app = TestApp::new(&config(model));
    let answer = embed(&app, json!({"inputs": texts, "prompt": prompt, "recipe": "native"})).await;
    let rows = rows(&answer["embeddings"]);
    assert_ne!(rows[0], rows[1]);
    for (name, pick) in [("minimum", f32::min as fn(f32, f32) -> f32), ("maximum", f32::max)] {
        let expected = rows.iter().cloned().reduce(|a, b| {
            let pairs = a.iter().zip(&b);
            pairs.map(|(a, b)| pick(*a, *b)).collect()
        });
        assert_eq!(Some(floats(&file["ranges"][name])), expected, "{name}");
    }
}

#[test]
fn a_calibration_that_does_not_fit_ends_the_server_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = calibrate(folder.path(), "a.json", &[]);
    let other = tiny("single-label");
    let args = ["serve", "--port", "0", "--model", other.to_str().unwrap(), "--calibration"];
    let output = Strata::new(&args).arg(file.to_str().unwrap()).output();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("fingerprint is that of another encoder, sentence"), "{error}");
    fs::write(&file, "{}").unwrap();
    let output = Strata::new(&args).arg(file.to_str().unwrap()).output();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("a.json: .: missing field `format`"), "{error}");
}

#[test]
fn flags_that_do_not_fit_the_model_are_refused_by_name() {
    let model = tiny("sentence");
    for (flags, expected) in [
        (&["--recipe", "nope"][..], "--recipe: no recipe is called \"nope\""),
        (&["--dimensions", "100000"], "--dimensions: dimensions is 100000; 1 to"),
        (&["--prompt-name", "nope"], "--prompt-name: the checkpoint has no prompt \"nope\""),
        (&["--text", "body"], "no column \"body\""),
    ] {
        let fixed =
            ["calibrate", "--model", model.to_str().unwrap(), "--data", "t.tsv", "--out", "o.json"];
        let strata = Strata::new(&[&fixed[..], flags].concat()).file("t.tsv", "text\na\n");
        let output = strata.output();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_wrong_file_of_ranges_is_one_line_that_names_it() {
    let serve = "serve --port 0 --model @sentence --calibration";
    let serve = |rest: &str| format!("{serve} {rest}").leak() as &str;
    let more = r#"{"format":1,"model":"m","fingerprint":"f","recipe":{"dimensions":1},"prompt":"",
        "texts":1,"ranges":{"minimum":[0],"maximum":[1]}} {}"#;
    check(&[
        failing(serve("no.json"), NO_FILE, 2, "no.json: No such file", "`strata calibrate` wrote"),
        failing(serve("a.json"), ("a.json", more), 2, "a.json: ", "trailing characters"),
        failing(serve("a.json"), ("a.json", "{"), 2, "a.json: ", "`strata calibrate` writes such"),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let file = calibrate(folder.path(), "a.json", &[]);
    let file = file.to_str().unwrap();
    let args = ["--calibration", file, "--calibration", file];
    let twice = args.iter().fold(Strata::serve("sentence"), |strata, arg| strata.arg(arg));
    let said = line(twice, 2);
    let expected =
        format!("error: {file}: it has ranges for the same recipe, columns and prompt as {file}");
    assert_eq!(said, format!("{expected}; name only one of them\n"));
}

#[test]
fn a_file_of_ranges_that_cannot_be_written_is_refused_before_the_encoder_starts() {
    let texts = ("t.tsv", "text\na\n");
    // The checkpoint does not exist, and would be refused next.
    let calibrate = "calibrate --data t.tsv --model none --out";
    let calibrate = |out: &str| format!("{calibrate} {out}").leak() as &str;
    check(&[
        failing(calibrate("no/o.json"), texts, 2, "--out no/o.json: No such", "can be written"),
        failing(calibrate("t.tsv/o.json"), texts, 2, "--out t.tsv/o.json: Not a", "can be written"),
        failing(calibrate("."), texts, 2, "--out .: is a directory", "can be written"),
        failing(calibrate("o.json"), texts, 2, "none: no such folder", "--model takes"),
    ]);
}
