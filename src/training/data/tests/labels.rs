//! Several labels in a row, and numbers.

use super::*;

#[test]
fn a_list_in_json_is_any_number_of_labels() {
    // None of these texts is held out.
    let lines = [r#"["b", 7]"#, r#""b""#, "[]", r#"["a", "b", "b"]"#, "[7]", "null", r#"["rare"]"#]
        .into_iter()
        .zip(["a", "b", "e", "g", "h", "i", "t"])
        .map(|(label, text)| format!("{{\"text\": \"{text}\", \"label\": {label}}}\n"))
        .collect::<String>();
    let dataset = read("d.jsonl", &lines).unwrap();
    // "a" and "rare" have one row each, and the sixth has no label.
    assert_eq!(dataset.labels, ["7", "b"]);
    let rows = vec![vec![0, 1], vec![1], vec![], vec![1], vec![0], vec![]];
    assert_eq!(dataset.targets, Targets::MultiLabel(rows));
    let refused = refusal(read_as("d.jsonl", &lines, ProblemType::SingleLabelClassification));
    let message = "the label is a list, \"b\", \"7\"; only one label is allowed, except in a multi-label problem";
    assert_eq!(refused, (Some(1), message.to_owned()));
    let nested = refusal(read("d.jsonl", "{\"text\": \"t\", \"label\": [[1]]}\n"));
    assert!(nested.1.starts_with("the label in \"label\" is [[1]]"), "{nested:?}");
}

#[test]
fn a_field_of_a_table_may_hold_several_labels() {
    let table = "text\tlabel\na\tx, y\nb\ty\ng\t\nh\tx,all\ne\t x\n";
    let several = read_as("d.tsv", table, ProblemType::MultiLabelClassification).unwrap();
    let rows = vec![vec![0, 1], vec![1], vec![], vec![0], vec![0]];
    assert_eq!((several.labels.len(), several.targets), (2, Targets::MultiLabel(rows)));
    // At least two texts must lack a label.
    let always = "text\tlabel\na\tx,y\nb\tx\ng\tx,y\nh\tx\n";
    let always = read_as("d.tsv", always, ProblemType::MultiLabelClassification).unwrap();
    assert_eq!(always.labels, ["y"]);
    assert_eq!(always.targets, Targets::MultiLabel(vec![vec![0], vec![], vec![0], vec![]]));
}

#[test]
fn labels_of_a_regression_are_numbers() {
    let table = "text\tlabel\na\t1.5\nb\t-2e3\nc\t0\n";
    let numbers = read_as("d.tsv", table, ProblemType::Regression).unwrap();
    assert_eq!(numbers.targets, Targets::Regression(vec![1.5, -2e3, 0.0]));
    assert_eq!(numbers.labels, ["label"]);
    let json = "{\"text\": \"a\", \"label\": 0.25}\n{\"text\": \"b\", \"label\": \"3\"}\n";
    let json = read_as("d.jsonl", json, ProblemType::Regression).unwrap();
    assert_eq!(json.targets, Targets::Regression(vec![0.25, 3.0]));
    for label in ["many", "inf", "NaN"] {
        let table = format!("text\tlabel\na\t1\nb\t{label}\n");
        let refused = refusal(read_as("d.tsv", &table, ProblemType::Regression));
        assert!(refused.0 == Some(3) && refused.1.contains(label), "{refused:?}");
    }
    let same = refusal(read_as("d.tsv", "text\tlabel\na\t1\nb\t1\n", ProblemType::Regression));
    assert_eq!(
        same,
        (
            None,
            "every row has the number 1; there is nothing to learn unless the numbers differ"
                .to_owned()
        )
    );
}
