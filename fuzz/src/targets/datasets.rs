//! Labelled files, as `strata train` reads them: TSV, CSV and JSON Lines, and texts with entities.

use std::fs;
use std::path::Path;

use strata::model::checkpoint::ProblemType;
use strata::training::{
    Column, Dataset, KnownLabels, Layout, SeenTokens, TaggedDataset, TaggedText, TokenLabels,
    TokenRows, read_texts,
};
use tempfile::TempDir;

/// The first line has the format, the columns of texts and labels, and a letter for the kind of problem;
/// the rest is the file.
pub fn run(data: &[u8]) {
    let Some(end) = data.iter().position(|&byte| byte == b'\n') else { return };
    let head = String::from_utf8_lossy(&data[..end]);
    let mut words = head.split(' ');
    let mut word = || words.next().unwrap_or("1");
    let (format, text, label, kind) = (word(), word(), word(), word());
    let format = ["tsv", "csv", "jsonl", "conll"].into_iter().find(|known| *known == format);
    let (Some(format), Ok(text), Ok(label)) = (format, text.parse(), label.parse()) else { return };
    let problem_type = match kind {
        "s" => Some(ProblemType::SingleLabelClassification),
        "m" => Some(ProblemType::MultiLabelClassification),
        "r" => Some(ProblemType::Regression),
        _ => None,
    };
    let layout = Layout { problem_type, separator: "|".to_owned(), ..Layout::new(text, label) };
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("data").with_extension(format);
    fs::write(&file, &data[end + 1..]).unwrap();
    // In CSV a carriage return alone ends a line too.
    let lines = data.iter().filter(|byte| b"\r\n".contains(byte)).count();
    if kind == "t" {
        return check_tagged(&file, &layout, lines as u64);
    }
    check(&file, &layout, lines as u64);
    check_texts(&file, &layout.text);
}

/// An accepted file has texts and targets that fit each other, and is read the same way twice; it can be
/// scored for a head with its labels.
fn check(file: &Path, layout: &Layout, lines: u64) {
    // As if the model saw the first letter of a text.
    let seen: &SeenTokens<'_> = &|text, _| Some(vec![text.chars().next()?.into()]);
    let dataset = match Dataset::read(file, layout, seen) {
        Ok(dataset) => dataset,
        Err(error) => {
            assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)), "{error}");
            return;
        }
    };
    assert!(!dataset.rows.is_empty());
    assert_eq!(dataset.rows.len(), dataset.targets.len());
    for (index, row) in dataset.rows.iter().enumerate() {
        assert!(!row.text.is_empty() && row.text.trim() == row.text, "{:?}", row.text);
        assert!((1..=lines).contains(&row.line), "line {} of {lines}", row.line);
        assert!(dataset.targets.row_labels(index).iter().all(|&at| at < dataset.labels.len()));
    }
    let again = Dataset::read(file, layout, seen).unwrap();
    assert_eq!(again.rows, dataset.rows);
    assert_eq!((&again.targets, &again.labels), (&dataset.targets, &dataset.labels));
    assert_eq!(format!("{:?}", again.notes), format!("{:?}", dataset.notes));
    let known = KnownLabels { labels: &dataset.labels, scores_others: false };
    let scored = Dataset::read_for_head(file, layout, known, seen).unwrap();
    assert!(scored.rows.len() <= dataset.rows.len() + 1);
}

/// An accepted file has texts whose entities lie in them in order, and words whose labels give the same
/// entities.
fn check_tagged(file: &Path, layout: &Layout, lines: u64) {
    let seen: &SeenTokens<'_> = &|_, _| None;
    let tagged = match TaggedDataset::read(file, layout, seen) {
        Ok(tagged) => tagged,
        Err(error) => {
            assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)), "{error}");
            return;
        }
    };
    assert_eq!(tagged.texts.rows.len(), tagged.marked.len());
    for text in &tagged.marked {
        let characters = text.text.chars().count();
        let ends = text.spans.iter().flat_map(|span| [span.characters.start, span.characters.end]);
        let ends: Vec<usize> = [0].into_iter().chain(ends).chain([characters]).collect();
        assert!(ends.is_sorted() && text.spans.iter().all(|span| !span.characters.is_empty()));
        for word in text.words.iter().flatten() {
            assert!(!word.is_empty() && word.end <= characters);
        }
    }
    let words = |text: &TaggedText| text.words.clone().unwrap_or_default();
    let tokens: Vec<_> = tagged.marked.iter().map(words).collect();
    if let Ok(TokenRows { dataset, places }) =
        TokenRows::new(&tagged, &tokens, TokenLabels::Trainable(&[]))
    {
        assert_eq!((dataset.rows.len(), dataset.targets.len()), (places.len(), places.len()));
    }
}

fn check_texts(file: &Path, column: &Column) {
    if let Ok(texts) = read_texts(file, column) {
        assert!(!texts.is_empty());
        assert!(texts.iter().all(|text| !text.trim().is_empty()));
    }
}
