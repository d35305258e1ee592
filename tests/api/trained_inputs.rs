//! `strata train` and `strata evaluate` on groups, test files, pairs and long texts; a head of them is
//! served as it was scored.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::app::{TestApp, config};
use crate::support::labelled::{self, Labels};
use crate::support::tiny;
use crate::trained_files::{coin, json_of, refused, report, run, succeeded};

#[test]
fn groups_are_held_out_together_and_evaluate_asks_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("d.csv");
    let row = |at: usize| {
        format!(
            "\"{} film {at}\",{},p{}\n",
            ["good", "bad"][at % 2],
            ["glad", "sad"][at % 2],
            at / 8
        )
    };
    fs::write(&data, format!("text,label,author\n{}", (0..240).map(row).collect::<String>()))
        .unwrap();
    let with = ["--no-cache", "--group", "author"];
    succeeded(&run("train", folder.path(), &data, &with));
    let report = report(folder.path());
    assert_eq!(report["group"], json!("author"));
    let held_out = report["rows"]["held_out"].as_u64().unwrap();
    assert!(held_out > 0 && held_out.is_multiple_of(8), "{report}");
    let said = refused(&run("evaluate", folder.path(), &data, &["--no-cache", "--held-out"]));
    assert!(said.contains("--group author"), "{said}");
    let more = [&with[..], &["--held-out", "--json"]].concat();
    let found = json_of(&run("evaluate", folder.path(), &data, &more));
    assert_eq!(found["rows"].as_u64().unwrap(), held_out);
    assert_eq!(found["accuracy"], report["held_out"]["accuracy"]);
}

#[test]
fn a_test_file_is_scored_and_nothing_else_is_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let data = labelled::write_file(folder.path(), Labels::Single, "the end");
    let test = folder.path().join("test.tsv");
    let rows = "label\ttext\nglad\tgood film\nsad\tbad film\ncross\tnot the film\nglad\tGOOD  0\n";
    fs::write(&test, rows).unwrap();
    let more = ["--no-cache", "--folds", "3", "--test", test.to_str().unwrap()];
    let (printed, said) = succeeded(&run("train", folder.path(), &data, &more));
    let report = report(folder.path());
    assert_eq!(report["test"]["file"], json!("test.tsv"));
    assert_eq!(report["rows"]["held_out"], json!(4));
    let training = ["fitting", "validation"].map(|part| report["rows"][part].as_u64().unwrap());
    assert_eq!(training[0] + training[1], 241);
    assert!(printed.contains("\ntest.tsv: accuracy "), "{printed}");
    // "good 0" is a text for training, in another form.
    assert!(said.contains("1 row of the test file with a text that"), "{said}");
    assert!(
        said.contains("counted as wrong: labels that the head doesn't have: \"cross\""),
        "{said}"
    );
    let found = json_of(&run("evaluate", folder.path(), &test, &["--no-cache", "--json"]));
    assert_eq!(found["accuracy"], report["held_out"]["accuracy"]);
    assert!(found["accuracy"].as_f64().unwrap() <= 0.75);
}

/// How many rows a server with the head in `folder` answers correctly.
async fn served_correctly(folder: &Path, rows: &[(Value, String)], more: Value) -> usize {
    let mut config = config(tiny("sentence"));
    config.heads = vec![folder.to_owned()];
    let app = TestApp::new(&config);
    let mut correct = 0;
    for rows in rows.chunks(20) {
        let inputs: Vec<&Value> = rows.iter().map(|(input, _)| input).collect();
        let mut body = json!({"inputs": inputs, "heads": ["tone"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = app.post("/classify", body).await.ok();
        let labels = (0..rows.len()).map(|at| &answer["results"][at]["tone"]["label"]);
        correct += rows.iter().zip(labels).filter(|((_, label), found)| *found == label).count();
    }
    correct
}

#[tokio::test]
async fn a_head_of_pairs_is_served_as_it_was_scored() {
    let folder = tempfile::tempdir().unwrap();
    // The second text decides.
    let row = |at: usize| {
        let (second, label) = [("very good", "glad"), ("bad", "sad")][coin(at)];
        (format!("the film {at}"), second.to_owned(), label.to_owned())
    };
    let rows: Vec<_> = (0..300).map(row).collect();
    let line = |(one, other, label): &(String, String, String)| format!("{one},{other},{label}\n");
    let data = folder.path().join("d.csv");
    let lines: String = rows.iter().map(line).collect();
    fs::write(&data, format!("text,second,label\n{lines}")).unwrap();
    let with = ["--no-cache", "--pair", "second"];
    succeeded(&run("train", folder.path(), &data, &with));
    assert_eq!(report(folder.path())["pair"], json!("second"));
    let said = refused(&run("evaluate", folder.path(), &data, &["--no-cache"]));
    assert!(said.contains("--pair second"), "{said}");
    let found = json_of(&run("evaluate", folder.path(), &data, &[&with[..], &["--json"]].concat()));
    let inputs =
        rows.iter().map(|(text, pair, label)| (json!({"text": text, "pair": pair}), label.clone()));
    let inputs: Vec<_> = inputs.collect();
    let correct = served_correctly(folder.path(), &inputs, json!({})).await;
    assert_eq!(correct as f64 / 300.0, found["accuracy"].as_f64().unwrap());
    // Without the second text, the same words say less.
    let alone: Vec<_> =
        inputs.iter().map(|(input, label)| (input["text"].clone(), label.clone())).collect();
    assert_ne!(served_correctly(folder.path(), &alone, json!({})).await, correct);
}

#[tokio::test]
async fn a_head_of_windows_is_served_as_it_was_scored() {
    let folder = tempfile::tempdir().unwrap();
    // What decides comes after the first 24 tokens.
    let row = |at: usize| {
        let (end, label) = [("good", "glad"), ("bad", "sad")][coin(at)];
        (format!("{at} {}{}", "the film was ".repeat(9), format!("{end} ").repeat(9)), label)
    };
    let rows: Vec<_> = (0..200).map(row).collect();
    let data = folder.path().join("d.tsv");
    let lines: String = rows.iter().map(|(text, label)| format!("{text}\t{label}\n")).collect();
    fs::write(&data, format!("text\tlabel\n{lines}")).unwrap();
    let cache = folder.path().join("cache");
    let with = ["--cache", cache.to_str().unwrap(), "--recipe", "last-four"];
    succeeded(&run("train", folder.path(), &data, &with));
    let truncated = report(folder.path());
    assert_eq!(truncated["truncated"], json!(200));
    assert!(truncated["held_out"]["accuracy"].as_f64().unwrap() < 0.75, "{truncated}");
    let windows = [&with[..], &["--long-text", "window"]].concat();
    let (_, said) = succeeded(&run("train", folder.path(), &data, &windows));
    assert!(!said.contains("from the cache"), "{said}");
    let report = report(folder.path());
    assert_eq!((&report["truncated"], &report["long_texts"]), (&json!(0), &json!("window")));
    assert!(report["held_out"]["accuracy"].as_f64().unwrap() > 0.95, "{report}");
    // Texts are read as for training, unless the flag says otherwise.
    let more = ["--no-cache", "--json"];
    let found = json_of(&run("evaluate", folder.path(), &data, &more));
    assert_eq!((&found["truncated"], found["accuracy"].as_f64()), (&json!(0), Some(1.0)));
    let cut = json_of(&run(
        "evaluate",
        folder.path(),
        &data,
        &[&more[..], &["--long-text", "truncate"]].concat(),
    ));
    assert_eq!(cut["truncated"], json!(200));
    let inputs: Vec<_> =
        rows.iter().map(|(text, label)| (json!(text), (*label).to_owned())).collect();
    let window = json!({"long_text": "window"});
    assert_eq!(served_correctly(folder.path(), &inputs, window.clone()).await, 200);
    // With this pooling the order of the windows matters.
    let last = r#"{"layers": [-1], "pooling": "last_token"}"#;
    let last = ["--no-cache", "--long-text", "window", "--recipe", last];
    succeeded(&run("train", folder.path(), &data, &last));
    let found = json_of(&run("evaluate", folder.path(), &data, &more));
    let correct = served_correctly(folder.path(), &inputs, window).await;
    assert_eq!(correct as f64 / 200.0, found["accuracy"].as_f64().unwrap());
    assert!(correct > 180, "{correct}");
}
