//! The texts of a file, which need not have labels.

use std::path::Path;

use super::content::{Format, decode, read_bytes};
use super::error::{DatasetError, DatasetErrorKind, LineError};
use super::json_lines::{numbered_lines, parse_object};
use super::layout::Column;
use super::tables::{column_index, read_table};

/// Reads the texts of a file in their order. Unlike [`Dataset::read`](super::Dataset::read) it keeps
/// white space at their ends, so that they are the texts of a request. The first line of a TSV or CSV
/// file is a header if the column is given by name, and a row if it is given by number.
///
/// # Errors
/// The first error in the file, such as a blank text; no line is skipped.
pub fn read_texts(file: &Path, text: &Column) -> Result<Vec<String>, DatasetError> {
    read(file, text).map_err(|error| error.in_file(file))
}

fn read(file: &Path, text: &Column) -> Result<Vec<String>, LineError> {
    let (format, bytes) = read_bytes(file)?;
    let texts = texts(decode(&bytes)?, format, text)?;
    if texts.is_empty() {
        return Err(DatasetErrorKind::NoRows { left_out: 0 }.into());
    }
    Ok(texts)
}

fn texts(content: &str, format: Format, column: &Column) -> Result<Vec<String>, LineError> {
    if let Format::JsonLines = format {
        let text = |(number, line)| {
            let object = parse_object(line).map_err(|kind| kind.on_line(number))?;
            not_blank(number, object.string(column).map_err(|kind| kind.on_line(number))?)
        };
        return numbered_lines(content).map(text).collect();
    }
    let lines = read_table(content, format, None, &[column])?.lines;
    let index = column_index(&lines, column)?;
    let header = usize::from(matches!(column, Column::Name(_)));
    lines.iter().skip(header).map(|line| not_blank(line.number, &line.fields[index])).collect()
}

fn not_blank(line: u64, text: &str) -> Result<String, LineError> {
    match text.trim() {
        "" => Err(DatasetErrorKind::EmptyText.on_line(line)),
        _ => Ok(text.to_owned()),
    }
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
        assert_eq!(texts(".tsv", "text\na \" b\nc\n", "text").unwrap(), ["a \" b", "c"]);
        assert_eq!(texts(".tsv", "a\tb\nc\td\n", "2").unwrap(), ["b", "d"]);
        assert_eq!(texts(".csv", "id,text\n1,\"a,b\"\n", "text").unwrap(), ["a,b"]);
        let lines = "{\"text\": \"a\"}\n\n{\"text\": \"b\", \"label\": null}\n";
        assert_eq!(texts(".jsonl", lines, "text").unwrap(), ["a", "b"]);
    }

    #[test]
    fn white_space_at_the_ends_of_a_text_is_kept() {
        assert_eq!(
            texts(".tsv", "text\r\n a \r\nb\u{a0}\r\n", "text").unwrap(),
            [" a ", "b\u{a0}"]
        );
        assert_eq!(texts(".csv", "text\n\" a\n\"\nb \n", "text").unwrap(), [" a\n", "b "]);
        assert_eq!(texts(".jsonl", "{\"text\": \"\\ta \"}\n", "text").unwrap(), ["\ta "]);
    }

    #[test]
    fn the_error_in_a_file_of_texts_is_named() {
        let refused = |extension, content, column| texts(extension, content, column).unwrap_err();
        assert_eq!(refused(".tsv", "text\n", "text"), "FILE: no rows; at least one is needed");
        assert_eq!(refused(".tsv", "", "1"), "FILE: no rows; at least one is needed");
        assert_eq!(
            refused(".tsv", "text\na\n \n", "text"),
            "FILE, line 3: the text is empty; every row needs one"
        );
        assert!(refused(".csv", "text\n\"\n\"\n", "text").contains("line 2: the text is empty"));
        assert!(refused(".jsonl", "{\"text\": \" \"}", "text").contains("the text is empty"));
        assert!(refused(".tsv", "a\tb\nc\n", "2").contains("1 columns where"));
        assert!(refused(".csv", "body\na\n", "text").contains("no column \"text\"; there are"));
        assert!(refused(".jsonl", "{\"text\": 1}", "text").contains("must be a string"));
        assert!(refused(".txt", "a", "1").contains("must end in"));
    }
}
