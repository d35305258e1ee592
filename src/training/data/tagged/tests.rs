//! Files of texts whose entities are marked.

use std::io::Write;

use super::super::layout::Layout;
use super::super::notes::Note;
use super::TaggedDataset;

fn layout(text: &str, label: &str) -> Layout {
    Layout::new(text.parse().unwrap(), label.parse().unwrap())
}

fn read_with(extension: &str, content: &str, layout: &Layout) -> Result<TaggedDataset, String> {
    let mut file = tempfile::Builder::new().suffix(extension).tempfile().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    TaggedDataset::read(file.path(), layout, &|_, _| None)
        .map_err(|error| error.to_string().replace(&path, "FILE"))
}

fn read(extension: &str, content: &str) -> Result<TaggedDataset, String> {
    read_with(extension, content, &layout("text", "label"))
}

/// The texts of a data set, with their entities as `[label: characters]`.
fn shown(found: &TaggedDataset) -> Vec<String> {
    let one = |text: &super::TaggedText| {
        let characters: Vec<char> = text.text.chars().collect();
        let spans = text.spans.iter().map(|span| {
            let covered: String = characters[span.characters.clone()].iter().collect();
            format!("[{}: {covered}]", span.label)
        });
        format!("{} {} {}", text.line, text.text, spans.collect::<String>())
    };
    found.marked.iter().map(one).collect()
}

#[test]
fn a_word_and_its_tag_per_line() {
    let conll = "-DOCSTART- -X- -X- O\n\nÉmile NNP B-NP I-PER\nZola NNP I-NP I-PER\nwrote VBD B-VP O\n\n\
                 # # O O\nParis NNP B-NP I-LOC\n\n-DOCSTART- -X- -X- O\n\n10\u{a0}000 CD I-NP B-NUM\n";
    let found = read(".conll", conll).unwrap();
    let expected = [
        "3 Émile Zola wrote [PER: Émile Zola]",
        "7 # Paris [LOC: Paris]",
        "12 10\u{a0}000 [NUM: 10\u{a0}000]",
    ];
    assert_eq!(shown(&found), expected);
    assert_eq!(found.texts.labels, ["LOC", "NUM", "PER"]);
    assert_eq!(found.marked[0].words, Some(vec![0..5, 6..10, 11..16]));
    // Lines with tabs may have words with spaces, and a line with a tab alone ends a text.
    let tabs = "New York\tB-LOC\r\nis\tO\r\n\t\r\n# a comment\nTokyo\tB-LOC\n";
    let expected = ["1 New York is [LOC: New York]", "5 Tokyo [LOC: Tokyo]"];
    assert_eq!(shown(&read(".tsv", tabs).unwrap()), expected);
    assert_eq!(
        shown(&read(".txt", "Bonn B\rin O\r\rKöln B\r").unwrap()),
        ["1 Bonn in [entity: Bonn]", "4 Köln [entity: Köln]"]
    );
}

#[test]
fn fields_are_named_by_their_numbers() {
    let universal = "# sent_id = 1\n# text = Ada ran\n1-2\tAdaran\t_\t-\t-\n1\tAda\tB-PER\t-\t-\n\
                     2\tran\tO\t-\t-\n2.1\tx\tO\t-\t-\n";
    let found = read_with(".conllu", universal, &layout("2", "3")).unwrap();
    assert_eq!(shown(&found), ["4 Ada ran [PER: Ada]"]);
    let complex = "# id 7 domain=en\nAda _ _ B-PER\n";
    assert_eq!(shown(&read(".conll", complex).unwrap()), ["2 Ada [PER: Ada]"]);
    let refused =
        |text, label| read_with(".conll", "Ada NNP B-PER\n", &layout(text, label)).unwrap_err();
    assert!(refused("word", "label").contains("\"word\" can't be found; give a number"));
    assert!(refused("1", "4").contains("no column \"4\"; there are \"1\", \"2\", \"3\""));
}

#[test]
fn a_text_and_its_spans_per_line() {
    let lines = "{\"text\": \"Ünal in Bonn\", \"label\": [[0, 4, \"PER\"], [8, 12, \"LOC\"]]}\n\
                 {\"text\": \" Bonn\", \"spans\": [{\"start\": 1, \"end\": 5, \"label\": \"LOC\", \"text\": \"Bonn\"}]}\n\
                 {\"text\": \"nothing\", \"label\": \"news\", \"ents\": []}\n\
                 {\"text\": \"Bonn\", \"answer\": \"reject\", \"spans\": [[0, 4, \"PER\"]]}\n\
                 {\"text\": \"unread\", \"label\": null}\n\
                 {\"text\": \" \", \"label\": []}\n";
    let found = read(".jsonl", lines).unwrap();
    let expected = ["1 Ünal in Bonn [PER: Ünal][LOC: Bonn]", "2  Bonn [LOC: Bonn]", "3 nothing "];
    assert_eq!(shown(&found), expected);
    assert_eq!(found.texts.notes, [Note::NoText(vec![6]), Note::NoLabel(vec![4, 5])]);
    let doccano = "{\"text\": \"Bonn\", \"entities\": [{\"start_offset\": 0, \"end_offset\": 4, \"label\": \"LOC\"}]}";
    assert_eq!(shown(&read(".jsonl", doccano).unwrap()), ["1 Bonn [LOC: Bonn]"]);
    let studio = "{\"text\": \"Bonn\", \"label\": [{\"start\": 0, \"end\": 4, \"labels\": [\"LOC\"]}, [0, 4, \"LOC\"]]}";
    assert_eq!(shown(&read(".jsonl", studio).unwrap()), ["1 Bonn [LOC: Bonn]"]);
    let named = "{\"body\": \"Bonn\", \"marks\": [[0, 4, \"LOC\"]]}";
    assert_eq!(
        shown(&read_with(".ndjson", named, &layout("body", "marks")).unwrap()),
        ["1 Bonn [LOC: Bonn]"]
    );
}

#[test]
fn words_and_their_tags_in_json() {
    let lines = "{\"tokens\": [\"Ada\", \"ran\"], \"ner_tags\": [\"B-PER\", \"O\"]}\n\
                 {\"text\": \"Bonn\", \"label\": [[0, 4, \"LOC\"]]}\n\
                 {\"tokens\": [\"New York\"], \"tags\": [\"B-LOC\"], \"id\": 7}\n";
    let found = read(".jsonl", lines).unwrap();
    assert_eq!(
        shown(&found),
        ["1 Ada ran [PER: Ada]", "2 Bonn [LOC: Bonn]", "3 New York [LOC: New York]"]
    );
    assert_eq!(found.marked[0].words, Some(vec![0..3, 4..7]));
    let named = "{\"tokens\": [\"Ada\"], \"marks\": [\"I-PER\"]}";
    assert_eq!(
        shown(&read_with(".jsonl", named, &layout("text", "marks")).unwrap()),
        ["1 Ada [PER: Ada]"]
    );
    for wrong in ["[0, 1]", "[\"O\"]", "[\"O\", \"\"]", "\"O O\""] {
        let line = format!("{{\"tokens\": [\"Ada\", \"ran\"], \"tags\": {wrong}}}");
        let refused = read(".jsonl", &line).unwrap_err();
        assert!(refused.contains("line 1: the words in \"tokens\" and their tags"), "{refused}");
    }
    let without = read(".jsonl", "{\"tokens\": [\"Ada\"]}").unwrap_err();
    assert!(without.contains("no column \"ner_tags\"; there are \"tokens\""), "{without}");
    let mixed = "{\"tokens\": [\"a\", \"b\", \"c\"], \"tags\": [\"B-X\", \"0\", \"I-X\"]}";
    assert!(read(".jsonl", mixed).unwrap_err().contains("line 1: the tag is \"0\""));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let conll = |content: &str| read(".conll", content).unwrap_err();
    assert_eq!(
        conll("a O\nb X O\n"),
        "FILE, line 2: 3 columns where the first line has 2; all lines must have the same number"
    );
    assert!(conll("a\nb\n").starts_with("FILE, line 1: only one field; a line needs a word"));
    assert!(conll("a\tO\n\tO\n").contains("line 2: the word is empty; each line needs"));
    assert!(conll("a\tO\nb\t\n").contains("line 2: the tag is empty"));
    let header = conll("word tag\nAda B-PER\nran O\nZola B-PER\n");
    assert!(header.contains("line 1: the tag is \"tag\", and most others"), "{header}");
    assert_eq!(conll("\n\n"), "FILE: no rows; at least one is needed");
    let spans = |spans: &str| {
        read(".jsonl", &format!("{{\"text\": \"Köln am\", \"label\": {spans}}}")).unwrap_err()
    };
    assert!(spans("\"LOC\"").contains("line 1: the spans in \"label\" are \"LOC\"; they must be"));
    for wrong in ["[[0, 4]]", "[[0, 4, \"\"]]", "[{\"start\": 0}]", "[[-1, 4, \"LOC\"]]", "[7]"] {
        assert!(spans(wrong).contains("they must be a list of objects"), "{wrong}");
    }
    for (wrong, ends) in [("[[4, 4, \"LOC\"]]", "4 to 4"), ("[[0, 8, \"LOC\"]]", "0 to 8")] {
        let found = spans(wrong);
        assert!(found.contains(ends) && found.contains("the text has 7 characters"), "{found}");
    }
    // Bytes instead of characters.
    let bytes = "[{\"start\": 0, \"end\": 5, \"label\": \"LOC\", \"text\": \"Köln\"}]";
    assert!(spans(bytes).contains("has the text \"Köln\", and the text has \"Köln \" there"));
    let overlap = "[[0, 4, \"LOC\"], [2, 7, \"LOC\"]]";
    assert!(spans(overlap).contains("the spans from 0 to 4 and from 2 to 7 overlap"));
    assert!(read(".csv", "a,b").unwrap_err().contains("must end in .conll"));
    assert!(
        read(".jsonl", "{\"text\": \"a\"}")
            .unwrap_err()
            .contains("no column \"label\"; there are \"text\"")
    );
}

#[test]
fn a_test_file_is_held_out_and_may_have_other_labels() {
    let training = read(".conll", "a B-X\n\nb B-Y\n").unwrap();
    let test = read(".conll", "A B-Z\n\nnew B-X\n").unwrap();
    let all = training.with_test(test, &|_, _| None);
    assert_eq!(all.texts.labels, ["X", "Y", "Z"]);
    assert_eq!(all.texts.targets.row_labels(2), [2]);
    assert_eq!(shown(&all.held_out()), ["1 A [Z: A]", "3 new [X: new]"]);
    assert!(all.texts.notes.contains(&Note::SeenInTraining(vec![1])));
}
