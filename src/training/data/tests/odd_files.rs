//! Files that look right and aren't, or look odd and are right.

use super::*;

fn notes(name: &str, content: &str) -> Vec<String> {
    read(name, content).unwrap().notes.iter().map(Note::to_string).collect()
}

fn error(name: &str, content: &str) -> (Option<u64>, String) {
    refusal(read(name, content))
}

/// Two labels and four texts, none of which is held out, in columns `text` and `label`.
fn table(delimiter: &str) -> String {
    let rows = [["text", "label"], ["a b", "x"], ["g", "y"], ["h", "x"], ["e", "y"]];
    rows.map(|row| row.join(delimiter) + "\n").concat()
}

#[test]
fn a_quote_that_is_never_closed_does_not_swallow_rows() {
    for (content, line) in [
        ("text,label\na,x\n\"b,y\nc,x\n\"d,y\ne,x\n", 3),
        ("text,label\n\"a\",x\nb,\"y\nc,x\nd,y\" \n", 3),
        ("text;label\n\"a;x\nb;y\n\"\"\"c;x\n", 2),
    ] {
        let (found, message) = error("d.csv", content);
        assert_eq!(found, Some(line), "{content:?} {message}");
        assert!(message.contains("begins on this line"), "{message}");
    }
}

#[test]
fn characters_after_a_closing_quote_are_an_error() {
    for content in [
        "text,label\n\"He said \\\"fine\\\"\",x\n",
        "text,label\n\"a\" b,x\n",
        "text,label\na,\"x\"y\n",
    ] {
        let (line, message) = error("d.csv", content);
        assert_eq!(line, Some(2), "{content:?}");
        assert!(message.contains("(RFC 4180)") && message.contains("as two (\"\")"), "{message}");
    }
}

#[test]
fn the_delimiter_is_detected_and_said_or_given() {
    for (delimiter, name) in [(";", ";"), ("\t", "tab"), ("|", "|")] {
        let dataset = read("d.csv", table(delimiter)).unwrap();
        assert_eq!(texts(&dataset), FOUR);
        assert_eq!(dataset.notes[0], Note::Delimiter(name.to_owned()));
    }
    assert_eq!(read("d.csv", table(",")).unwrap().notes.len(), 1);
    // Commas in the texts don't matter where the header has no comma.
    let commas = "text;label\na, b;x\ng;y\nh, i, j;x\ne;y\n";
    assert_eq!(read("d.csv", commas).unwrap().rows[0].text, "a, b");
    // By number, the one is taken by which all lines have the columns.
    let numbers = read_columns("d.csv", "1;a, b\n1;b\n2;g\n2;h, i\n", "2", "1").unwrap();
    assert_eq!(numbers.rows[0].text, "a, b");
    let given = |delimiter| Layout { delimiter: Some(delimiter), ..layout("text", "label", None) };
    let folder = tempfile::tempdir().unwrap();
    for (name, delimiter) in [("d.csv", '^'), ("d.tsv", ';'), ("d.tsv", '\t')] {
        let file = folder.path().join(name);
        fs::write(&file, table(&delimiter.to_string())).unwrap();
        assert_eq!(texts(&Dataset::read(&file, &given(delimiter), UNSEEN).unwrap()), FOUR);
    }
    let file = folder.path().join("d.jsonl");
    fs::write(&file, "{}").unwrap();
    let refused = refusal(Dataset::read(&file, &given(';'), UNSEEN));
    assert_eq!(refused.1, "JSON Lines have no delimiter; leave --delimiter out");
}

#[test]
fn quoted_tsv_is_read_as_it_was_written() {
    let quoted = |content: &str| -> (Vec<String>, bool) {
        let dataset = read("d.tsv", content).unwrap();
        let said = dataset.notes.contains(&Note::QuotedTsv);
        (dataset.rows.into_iter().map(|row| row.text).collect(), said)
    };
    let label = "\tx\ng\ty\nh\tx\ne\ty\nb\tx\n";
    for (first, text) in [
        // As pandas writes it: only where it is needed, or everywhere.
        ("\"He said \"\"fine\"\": a\"", "He said \"fine\": a"),
        ("\"a\tb\"", "a\tb"),
        ("\"a\nb\"", "a\nb"),
    ] {
        let found = quoted(&format!("text\tlabel\n{first}{label}"));
        assert_eq!((found.0[0].as_str(), found.1), (text, true), "{first:?}");
    }
    let all = "\"text\"\t\"label\"\n\"a\"\t\"x\"\n\"g\"\t\"y\"\n\"h\"\t\"x\"\n\"e\"\t\"y\"\n";
    assert_eq!(
        quoted(all),
        (vec!["a", "g", "h", "e"].into_iter().map(str::to_owned).collect(), true)
    );
}

#[test]
fn quotes_that_are_text_stay_in_tsv_and_are_noted() {
    let content = "text\tlabel\n\"a\"\tx\ng\ty\n\"h\" b\tx\ne\ty\n";
    let dataset = read("d.tsv", content).unwrap();
    assert_eq!(dataset.rows[0].text, "\"a\"");
    assert_eq!(dataset.rows[2].text, "\"h\" b");
    assert!(dataset.notes.contains(&Note::QuotesKept(vec![2])), "{:?}", dataset.notes);
    assert!(!notes("d.tsv", &table("\t")).iter().any(|note| note.contains("quote")));
}

#[test]
fn two_columns_with_the_wanted_name_are_refused_with_both_places() {
    let (line, message) = error("d.csv", "text,id,text,label\na,1,b,x\n");
    assert_eq!(line, Some(1));
    assert!(message.starts_with("two columns are called \"text\", column 1 and column 3"));
    let (line, message) = error("d.tsv", "\n\nlabel\tlabel \ttext\nx\ty\ta\n");
    assert_eq!(line, Some(3));
    assert!(message.starts_with("two columns are called \"label\", column 1 and column 2"));
    let lines =
        "{\"text\": \"a\", \"label\": 1}\n{\"text\": \"a\", \"label\": 1, \"text\": \"b\"}\n";
    let (line, message) = error("d.jsonl", lines);
    assert_eq!(line, Some(2));
    assert!(message.starts_with("the key \"text\" comes twice, as key 1 and key 3 of the object"));
    // Columns that aren't read may be called as they like.
    assert!(read("d.csv", "id,id,text,label\n1,1,a,x\n1,1,b,x\n1,1,g,y\n1,1,h,y\n").is_ok());
}

#[test]
fn a_column_called_by_a_number_has_a_name() {
    let content = ",0,1\n0,a,x\n1,b,x\n2,g,y\n3,h,y\n";
    let named = read_columns("d.csv", content, "name:0", "name:1").unwrap();
    assert_eq!(texts(&named)[3], ("h", "y"));
    let (_, message) = refusal(read_columns("d.csv", "0,4\na,x\n", "1", "4"));
    assert!(message.ends_with("name:4 is the one that is called \"4\""), "{message}");
    let (_, message) = refusal(read_columns("d.csv", content, "2", "2"));
    assert_eq!(
        message,
        "column \"2\" is both the text and the label; give each a column of its own"
    );
}

#[test]
fn rows_of_json_without_a_text_or_a_label_are_left_out() {
    let object = |at: usize| format!("{{\"text\": \"{at}\", \"label\": {}}}\n", at % 2);
    let rows: String = (1..20).map(object).collect();
    let odd = "{\"text\": null, \"label\": 1}\n{\"label\": 1}\n{\"text\": \"a\"}\n{\"text\": \"\", \"label\": 0}\n";
    let dataset = read("d.jsonl", format!("{odd}{rows}")).unwrap();
    assert_eq!(dataset.rows.len(), 19);
    assert_eq!(dataset.notes[..2], [Note::NoText(vec![1, 2, 4]), Note::NoLabel(vec![3])]);
    // A column that no line has is a mistake in its name.
    let (line, message) = refusal(read_columns("d.jsonl", &rows, "body", "label"));
    assert_eq!(line, Some(1));
    assert!(message.starts_with("no column \"body\"; there are \"text\", \"label\""), "{message}");
}

#[test]
fn words_of_python_that_are_not_json_are_named() {
    for (value, word) in [("NaN", "NaN"), ("-Infinity", "-Infinity"), ("Infinity", "Infinity")] {
        let lines =
            format!("{{\"text\": \"a\", \"label\": 1}}\n{{\"text\": \"é\", \"label\": {value}}}\n");
        let (line, message) = error("d.jsonl", &lines);
        assert_eq!(line, Some(2));
        assert!(message.starts_with(&format!("{word} is not JSON")), "{message}");
    }
    let (line, message) = error("d.jsonl", "{\"text\": \"NaN\", \"label\": nope}\n");
    assert_eq!(line, Some(1));
    assert!(message.starts_with("not a JSON object: expected ident at column"), "{message}");
}

#[test]
fn cells_written_as_lists_are_lists() {
    let csv = "text,label\na,['x']\nb,\"['x', 'y']\"\ng,[]\nh,\"[\"\"y\"\"]\"\ne,\"[ 'y' 'x' ]\"\n";
    let rows = vec![vec![0], vec![0, 1], vec![], vec![1], vec![0, 1]];
    let several = read_as("d.csv", csv, ProblemType::MultiLabelClassification).unwrap();
    assert_eq!(
        (several.targets, several.labels),
        (Targets::MultiLabel(rows.clone()), vec!["x".to_owned(), "y".to_owned()])
    );
    // Lists alone mean several labels.
    assert_eq!(read("d.csv", csv).unwrap().targets, Targets::MultiLabel(rows));
    let broken = csv.replace("['x']\n", "['x\"]\n");
    let (line, message) = refusal(read_as("d.csv", &broken, ProblemType::MultiLabelClassification));
    assert_eq!(line, Some(2));
    assert!(message.contains("can't be read as a list such as"), "{message}");
    // With one label per row, brackets are a part of it.
    let one = read_as("d.csv", &csv.replace("[]", "['x']"), ProblemType::SingleLabelClassification);
    assert!(one.unwrap_err().to_string().contains("\"['x']\""));
}

#[test]
fn labels_that_look_odd_are_noted_once() {
    let rows = |labels: &[&str]| -> String {
        let row = |(at, label): (usize, &&str)| format!("t{at}\t{label}\n");
        format!(
            "text\tlabel\n{}",
            labels.repeat(12).iter().enumerate().map(row).collect::<String>()
        )
    };
    let notes_with = |labels: &[&str], word: &str| {
        let all = notes("d.tsv", &rows(labels));
        all.into_iter().filter(|note| note.contains(word)).collect::<Vec<_>>()
    };
    let alike = notes_with(&["neg", "Neg", "pos", "1", "1.0"], "differ only by case");
    assert_eq!(alike.len(), 1, "{alike:?}");
    for label in ["\"neg\" (12 rows", "\"Neg\" (12 rows", "\"1\" (12 rows", "\"1.0\" (12 rows"] {
        assert!(alike[0].contains(label), "{alike:?}");
    }
    let numbers = notes_with(&["1", "2.5", "4"], "--problem-type regression");
    assert_eq!(numbers.len(), 1, "{numbers:?}");
    let joined = notes_with(&["tea|milk", "milk|tea", "tea"], "--label-separator '|'");
    assert_eq!(joined.len(), 1, "{joined:?}");
    // Where nothing can be learned, the message says that labels are numbers.
    let different: Vec<String> = (0..40).map(|at| format!("t{at}\t{at}.5\n")).collect();
    let (_, message) = error("d.tsv", &format!("text\tlabel\n{}", different.concat()));
    assert!(message.contains("--problem-type regression"), "{message}");
}

#[test]
fn alike_texts_and_groups_are_kept_together() {
    let row = |at: usize| {
        let text = ["An Odd  text", "an odd text", "AN ODD TEXT"][at % 3];
        format!("{text} {}\t{}\ta{}\n", at / 3, at % 2, at / 30)
    };
    let rows: String = (0..300).map(row).collect();
    let content = format!("text\tlabel\tauthor\n{rows}");
    let dataset = read("d.tsv", &content).unwrap();
    let split = Split::new(&dataset, 0).unwrap();
    for part in [&split.fitting, &split.validation, &split.held_out] {
        assert!(!part.is_empty() && part.len().is_multiple_of(3));
        assert!(part.chunks(3).all(|rows| rows[0] / 3 == rows[2] / 3), "{part:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.tsv");
    fs::write(&file, content).unwrap();
    let group = Some("author".parse().unwrap());
    let with_group = Layout { group, ..layout("text", "label", None) };
    let dataset = Dataset::read(&file, &with_group, UNSEEN).unwrap();
    let split = Split::new(&dataset, 0).unwrap();
    assert!(split.held_out.len().is_multiple_of(30) && !split.held_out.is_empty());
    assert!(split.validation.chunks(30).all(|rows| rows[0] / 30 == rows[29] / 30));
}

#[test]
fn a_second_text_is_read_and_rows_without_one_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.csv");
    let rows = "a,b,x\na,c,x\ng,,y\nh,e,y\nI,e,y\ni,E ,y\n";
    fs::write(&file, format!("text,other,label\n{rows}")).unwrap();
    let pair = Some("other".parse().unwrap());
    let layout = Layout { pair, ..layout("text", "label", None) };
    let dataset = Dataset::read(&file, &layout, UNSEEN).unwrap();
    let pairs: Vec<_> = dataset.rows.iter().filter_map(|row| row.pair.as_deref()).collect();
    assert_eq!(pairs, ["b", "c", "e", "e", "E"]);
    assert_eq!(dataset.notes[0], Note::NoPair(vec![4]));
    // Both texts must be alike.
    let groups: Vec<usize> = dataset.rows.iter().map(|row| row.group).collect();
    assert_eq!(groups, [0, 1, 2, 3, 3]);
}
