//! A file of texts, labels or not: what a head needn't be trained on to be worth measuring.

use std::path::Path;

use super::content::{Format, decode};
use super::error::{DatasetError, Failure, Problem};
use super::json_lines::{lines_of, parse, text_in};
use super::layout::Column;
use super::tables::{column_in, csv, tsv};

/// Reads the texts of a file as [`Dataset::read`](super::Dataset::read) does, in order and trimmed.
/// The first line of a TSV or CSV file is a header if the column is given by name, and a row if it
/// is given by number.
///
/// # Errors
/// The first thing that is wrong with the file; nothing is skipped or guessed.
pub fn read_texts(file: &Path, text: &Column) -> Result<Vec<String>, DatasetError> {
    read(file, text).map_err(|(line, problem)| DatasetError {
        file: file.to_owned(),
        line,
        problem,
    })
}

fn read(file: &Path, text: &Column) -> Result<Vec<String>, Failure> {
    let format = Format::of(file).ok_or((None, Problem::UnknownExtension))?;
    let bytes = std::fs::read(file).map_err(|error| (None, error.into()))?;
    let texts = self::texts(decode(&bytes)?, format, text)?;
    if texts.is_empty() {
        return Err((None, Problem::NoRows { left_out: 0 }));
    }
    Ok(texts)
}

/// The texts alone, trimmed and not empty. A table has a header if the column is given by name.
fn texts(content: &str, format: Format, text: &Column) -> Result<Vec<String>, Failure> {
    let checked = |line: u64, text: &str| match text.trim() {
        "" => Err(Problem::EmptyText.at(line)),
        text => Ok(text.to_owned()),
    };
    let lines = match format {
        Format::Tsv => tsv(content),
        Format::Csv => csv(content)?,
        Format::JsonLines => {
            let of = |(number, line)| {
                let object = parse(line).map_err(|problem| problem.at(number))?;
                let text = text_in(&object, text).map_err(|problem| problem.at(number))?;
                checked(number, text)
            };
            return lines_of(content).map(of).collect();
        }
    };
    let at = column_in(&lines, text)?;
    let header = usize::from(matches!(text, Column::Name(_)));
    lines.iter().skip(header).map(|(line, fields)| checked(*line, &fields[at])).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn texts(extension: &str, content: &str, column: &str) -> Result<Vec<String>, String> {
        let mut file = tempfile::Builder::new().suffix(extension).tempfile().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        read_texts(file.path(), &column.parse().unwrap())
            .map_err(|error| error.to_string().replace(&path, "FILE"))
    }

    #[test]
    fn texts_are_read_without_labels() {
        assert_eq!(texts(".tsv", "text\na \" b\n c \n", "text").unwrap(), ["a \" b", "c"]);
        assert_eq!(texts(".tsv", "a\tb\nc\td\n", "2").unwrap(), ["b", "d"]);
        assert_eq!(texts(".csv", "id,text\n1,\"a,b\"\n", "text").unwrap(), ["a,b"]);
        let lines = "{\"text\": \"a\"}\n\n{\"text\": \"b\", \"label\": null}\n";
        assert_eq!(texts(".jsonl", lines, "text").unwrap(), ["a", "b"]);
    }

    #[test]
    fn what_is_wrong_with_a_file_of_texts_is_named() {
        let refused = |extension, content, column| texts(extension, content, column).unwrap_err();
        assert_eq!(refused(".tsv", "text\n", "text"), "FILE: no rows");
        assert_eq!(refused(".tsv", "", "1"), "FILE: no rows");
        assert_eq!(refused(".tsv", "text\na\n \n", "text"), "FILE, line 3: the text is empty");
        assert!(refused(".tsv", "a\tb\nc\n", "2").contains("1 columns where"));
        assert!(refused(".csv", "body\na\n", "text").contains("no column \"text\"; there are"));
        assert!(refused(".jsonl", "{\"text\": 1}", "text").contains("allowed is a string"));
        assert!(refused(".txt", "a", "1").contains("must end in"));
    }
}
