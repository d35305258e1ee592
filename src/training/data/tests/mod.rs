//! Reading labelled files.

mod labels;
mod odd_files;

use std::fs;
use std::path::Path;

use super::notes::LabelRows;
use super::*;
use crate::model::checkpoint::ProblemType;

/// Reads a file with this name and content, columns `text` and `label`.
fn read(name: &str, content: impl AsRef<[u8]>) -> Result<Dataset, DatasetError> {
    read_columns(name, content, "text", "label")
}

fn read_columns(
    name: &str,
    content: impl AsRef<[u8]>,
    text: &str,
    label: &str,
) -> Result<Dataset, DatasetError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, content).unwrap();
    Dataset::read(&file, &layout(text, label, None), UNSEEN)
}

fn layout(text: &str, label: &str, problem_type: Option<ProblemType>) -> Layout {
    Layout { problem_type, ..Layout::new(text.parse().unwrap(), label.parse().unwrap()) }
}

/// Reads a file as [`read`] does, with this problem type.
fn read_as(name: &str, content: &str, problem: ProblemType) -> Result<Dataset, DatasetError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, content).unwrap();
    Dataset::read(&file, &layout("text", "label", Some(problem)), UNSEEN)
}

fn texts(dataset: &Dataset) -> Vec<(&str, &str)> {
    let label = |row| dataset.labels[dataset.targets.row_labels(row)[0]].as_str();
    dataset.rows.iter().enumerate().map(|(at, row)| (row.text.as_str(), label(at))).collect()
}

/// Without a model, texts differ by their characters.
const UNSEEN: &SeenTokens<'_> = &|_, _| None;

fn known_labels(labels: &[String]) -> KnownLabels<'_> {
    KnownLabels { labels, scores_others: false }
}

/// The line and the message of an error.
fn refusal(outcome: Result<Dataset, DatasetError>) -> (Option<u64>, String) {
    let error = outcome.unwrap_err();
    (error.line, error.kind.to_string())
}

/// None of these texts is held out.
const FOUR: [(&str, &str); 4] = [("a b", "x"), ("g", "y"), ("h", "x"), ("e", "y")];

#[test]
fn all_formats_give_the_same_rows() {
    let tsv = read("d.tsv", "label\ttext\nx\ta b\ny\tg\nx\th\ny\te\n").unwrap();
    let csv = read("d.csv", "text,id,label\na b,1,x\ng,2,y\n\"h\",3,x\ne,4,y\n").unwrap();
    let json = "{\"text\":\"a b\",\"label\":\"x\"}\n{\"label\":\"y\",\"text\":\"g\"}\n\
                {\"text\":\"h\",\"label\":\"x\"}\n\n{\"text\":\"e\",\"label\":\"y\"}";
    let jsonl = read("d.jsonl", json).unwrap();
    let ndjson = read("d.NDJSON", json).unwrap();
    for dataset in [&tsv, &csv, &jsonl, &ndjson] {
        assert_eq!(texts(dataset), FOUR);
    }
    assert!(tsv.source.header && csv.source.header && !jsonl.source.header);
}

#[test]
fn a_byte_order_mark_and_windows_line_endings_are_accepted() {
    for (name, content) in [
        ("d.tsv", "\u{feff}text\tlabel\r\na b\tx\r\n\r\ng\ty\r\nh\tx\r\ne\ty\r\n"),
        ("d.csv", "\u{feff}\"text\",label\r\na b,x\r\n\r\ng,y\r\nh,x\r\ne,y\r\n"),
    ] {
        assert_eq!(texts(&read(name, content).unwrap()), FOUR);
    }
}

#[test]
fn quotes_are_text_in_tsv_and_quote_fields_in_csv() {
    let tsv = read("d.tsv", "text\tlabel\n\"so\tx\nb\tx\ne\"\ty\ng\ty\n").unwrap();
    assert_eq!(texts(&tsv)[0], ("\"so", "x"));
    assert_eq!(texts(&tsv)[2], ("e\"", "y"));
    let csv = read("d.csv", "text,label\n\"a \"\"b\"\", \nc\",x\nb,x\ng,y\nh,y\n").unwrap();
    assert_eq!(texts(&csv)[0], ("a \"b\", \nc", "x"));
}

#[test]
fn columns_by_number_need_no_header_but_skip_an_existing_one() {
    let plain = read_columns("d.tsv", "x\ta b\ny\tg\nx\th\ny\te\n", "2", "1").unwrap();
    assert_eq!(texts(&plain), FOUR);
    assert!(!plain.source.header);
    let headed = read_columns("d.tsv", "l\tt\nx\ta b\ny\tg\nx\th\ny\te\n", "2", "1").unwrap();
    assert_eq!(texts(&headed), FOUR);
    assert!(headed.source.header);
    let mixed = read_columns("d.tsv", "l\tx\nx\ta b\ny\tg\nx\th\ny\te\n", "2", "l").unwrap();
    assert_eq!(texts(&mixed), FOUR);
}

#[test]
fn json_labels_may_be_integers_and_booleans() {
    let rows = |labels: [&str; 4]| {
        let lines = labels.into_iter().zip(["a", "b", "e", "g"]);
        let line = |(label, text)| format!("{{\"text\": \"{text}\", \"label\": {label}}}\n");
        lines.map(line).collect::<String>()
    };
    let integers = read("d.jsonl", rows(["10", "9", "9", "10"])).unwrap();
    assert_eq!(integers.labels, ["9", "10"]);
    let truths = read("d.jsonl", rows(["true", "false", "true", "false"])).unwrap();
    assert_eq!(truths.labels, ["false", "true"]);
    let refused = refusal(read("d.jsonl", rows(["1", "1", "1.5", "2"])));
    let message = "the label in \"label\" is 1.5; it must be a string, an integer, true or false";
    assert!(refused.0 == Some(3) && refused.1.starts_with(message), "{refused:?}");
}

#[test]
fn labels_are_in_numerical_order_if_all_are_integers() {
    let sorted = |labels: &[&str]| {
        let rows = labels.iter().map(|label| format!("a\t{label}\nb\t{label}\n"));
        read("d.tsv", format!("text\tlabel\n{}", rows.collect::<String>())).unwrap().labels
    };
    assert_eq!(sorted(&["10", "9", "-1"]), ["-1", "9", "10"]);
    assert_eq!(sorted(&["10", "9", "b", "a"]), ["10", "9", "a", "b"]);
}

#[test]
fn the_source_names_the_file_and_its_bytes() {
    let source = read("d.tsv", "text\tlabel\na\tx\nb\tx\ne\ty\ng\ty\n").unwrap().source;
    assert_eq!(source.file, "d.tsv");
    assert_eq!(source.sha256, "a4423c9b951ee2f54f75fc2eb8f4a8c3fd03032fa3395150fb6401aada3af594");
}

#[test]
fn an_error_names_the_file_and_the_line() {
    let error = read("d.tsv", "text\tlabel\na\tx\nb\tx\ty\n").unwrap_err().to_string();
    assert!(error.contains("d.tsv, line 3: 3 columns where the first line has 2; "), "{error}");
}

#[test]
fn every_error_says_where_it_is_and_what_is_allowed() {
    let cases: [(&str, &str, Option<u64>, &str); 14] = [
        ("d.txt", "", None, "the name must end in .tsv, .csv, .jsonl or .ndjson"),
        ("d.tsv", "", None, "no rows"),
        ("d.tsv", "text\tlabel\n", None, "no rows"),
        ("d.tsv", "id\ttext\n1\ta\n", Some(1), "no column \"label\"; there are \"id\", \"text\""),
        ("d.tsv", "text\tlabel\na\t \n\tx\n", None, "no rows: all 2 lack a text or a label"),
        ("d.tsv", "text\tlabel\na\tb\tx\n", Some(2), "3 columns where the first line has 2"),
        ("d.csv", "\ntext,label\n\n\n\na,x\n\"a\nb\",x\n\nc\n", Some(10), "1 columns where"),
        ("d.csv", "text,label\nb,x\nx,\"a\nb,y\nc,y\n", Some(3), "a quote begins on this line"),
        ("d.tsv", "text\tlabel\na\tx\nb\tx\n", None, "\"x\" is the only label"),
        ("d.tsv", "text\tlabel\na\tx\nb\ty\n", None, "there is no label; left out labels"),
        ("d.jsonl", "{\"text\":\"a\",\"label\":1}\n\n[1]\n", Some(3), "not a JSON object"),
        ("d.jsonl", "{\"text\":\"a\",\"label\":1}\n{\"te", Some(2), "not a JSON object"),
        ("d.jsonl", "{\"body\":\"a\"}\n", Some(1), "no column \"text\"; there are \"body\""),
        ("d.jsonl", "{\"text\":7,\"label\":1}\n", Some(1), "it must be a string"),
    ];
    for (name, content, line, message) in cases {
        let refused = refusal(read(name, content));
        assert_eq!(refused.0, line, "{name} {content:?} {refused:?}");
        assert!(refused.1.contains(message), "{name} {content:?} {refused:?}");
    }
}

#[test]
fn bytes_that_are_no_utf8_are_placed() {
    let refused = refusal(read("d.tsv", b"text\tlabel\na\tx\ncaf\xe9\tx\n"));
    assert_eq!(refused, (Some(3), "not UTF-8 (byte 0xe9): save the file as UTF-8".to_owned()));
}

#[test]
fn a_column_number_must_exist() {
    let refused = refusal(read_columns("d.tsv", "a\tx\n", "1", "3"));
    assert_eq!(refused, (Some(1), "no column \"3\"; there are \"a\", \"x\"".to_owned()));
}

#[test]
fn a_missing_file_is_named() {
    let columns = layout("text", "label", None);
    let error = Dataset::read(Path::new("no/such.tsv"), &columns, UNSEEN).unwrap_err();
    assert!(error.to_string().starts_with("no/such.tsv: cannot be read: "), "{error}");
}

#[test]
fn a_first_line_with_a_known_label_is_a_row() {
    let mut file = tempfile::Builder::new().suffix(".tsv").tempfile().unwrap();
    std::io::Write::write_all(&mut file, b"yes\tone\nno\ttwo\nno\tthree\n").unwrap();
    let known = ["no", "yes", "perhaps"].map(str::to_owned);
    let columns = layout("2", "1", None);
    let read = Dataset::read_for_head(file.path(), &columns, known_labels(&known), UNSEEN).unwrap();
    assert_eq!((read.targets, read.source.header), (Targets::SingleLabel(vec![1, 0, 0]), false));
    let one = known_labels(&known[..1]);
    let other = Dataset::read_for_head(file.path(), &columns, one, UNSEEN).unwrap();
    assert_eq!((other.rows.len(), other.source.header), (2, true));
}

#[test]
fn notes_list_the_lines_that_are_left_out_or_unusual() {
    // The texts "c" and "d" are held out.
    let rows = "a\tx\n\tx\nb\ty\ng\t\nh\tz\na\tx\nb\tx\ne\ty\ni\tx\nc\tx\n";
    let dataset = read("d.tsv", format!("text\tlabel\n{rows}")).unwrap();
    let label_rows = |label: &str, line, rows| LabelRows { label: label.to_owned(), line, rows };
    let notes = [
        Note::NoText(vec![3]),
        Note::NoLabel(vec![5]),
        Note::RareLabels(vec![label_rows("z", 6, 1)]),
        Note::NotScored(vec![label_rows("y", 4, 2)]),
        Note::Repeated(vec![7]),
        Note::Contradicting(vec![8]),
    ];
    assert_eq!(dataset.notes, notes);
    assert_eq!(dataset.labels, ["x", "y"]);
    let lines: Vec<u64> = dataset.rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 4, 7, 8, 9, 10, 11]);
}

#[test]
fn a_label_needs_two_texts_that_are_not_held_out() {
    // "c", "d" and "f" are held out; "a" comes twice.
    for texts in [["c", "a"], ["a", "a"], ["c", "d"]] {
        let rows = texts.map(|text| format!("{text}\ty\n")).concat();
        let dataset =
            read("d.tsv", format!("text\tlabel\nb\tx\ne\tx\ng\tz\nh\tz\n{rows}")).unwrap();
        assert_eq!(dataset.labels, ["x", "z"], "{texts:?}");
    }
    let refused = refusal(read("d.tsv", "text\tlabel\na\tx\nb\tx\ne\ty\n"));
    let message =
        "there is nothing to learn without two labels: \"x\" is the only label; left out labels";
    assert!(refused.0.is_none() && refused.1.starts_with(message), "{refused:?}");
    assert!(refused.1.ends_with("\"y\" (line 4)"), "{refused:?}");
}

#[test]
fn labels_that_a_head_does_not_have_are_left_out_or_scored() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.jsonl");
    let labels = [r#"["a"]"#, r#"["odd", "a"]"#, r#"["odd"]"#, "[]"];
    let line = |label| format!("{{\"text\": \"t\", \"label\": {label}}}\n");
    fs::write(&file, labels.map(line).concat()).unwrap();
    let known = ["a".to_owned()];
    let read = |scores_others| {
        let known = KnownLabels { labels: &known, scores_others };
        Dataset::read_for_head(&file, &layout("text", "label", None), known, UNSEEN).unwrap()
    };
    let note = |scored| {
        let labels = vec![LabelRows { label: "odd".to_owned(), line: 2, rows: 2 }];
        Note::UnknownLabels { labels, scored }
    };
    let left_out = read(false);
    assert_eq!(left_out.targets, Targets::MultiLabel(vec![vec![0], vec![0], vec![], vec![]]));
    assert!(left_out.notes.contains(&note(false)), "{:?}", left_out.notes);
    let scored = read(true);
    assert_eq!(scored.targets, Targets::MultiLabel(vec![vec![0], vec![0, 1], vec![1], vec![]]));
    assert!(scored.notes.contains(&note(true)), "{:?}", scored.notes);
}
