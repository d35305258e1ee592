//! RFC 4180: records of fields between delimiters, with quoted fields.
//!
//! Strict where a mistake would change texts without a word: after a closing quote only a delimiter or
//! the end of the line may come. A quote inside a field that doesn't begin with one is text.

use super::error::{DatasetErrorKind, LineError};

/// A line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableLine {
    /// Counted from 1.
    pub number: u64,
    pub fields: Vec<String>,
}

/// Reads the records of a table one by one. Empty lines are skipped.
pub(super) struct Records<'a> {
    rest: &'a str,
    delimiter: char,
    /// The line of `rest`, counted from 1.
    line: u64,
    /// The quoted and unquoted fields so far.
    pub fields: FieldCounts,
}

/// How many fields are written in which way.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct FieldCounts {
    /// In quotes.
    pub quoted: usize,
    /// In quotes without a delimiter, a quote or a line end inside, so that no quotes are needed.
    pub needlessly_quoted: usize,
    /// Not in quotes, neither empty nor a number.
    pub unquoted_words: usize,
}

impl<'a> Records<'a> {
    pub fn new(content: &'a str, delimiter: char) -> Self {
        Self { rest: content, delimiter, line: 1, fields: FieldCounts::default() }
    }

    /// The next record; its number is that of its first line.
    fn read(&mut self) -> Result<Option<TableLine>, LineError> {
        while self.skip_line_end() {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        let number = self.line;
        let mut fields = Vec::new();
        loop {
            fields.push(if self.skip('"') { self.quoted()? } else { self.unquoted() });
            if !self.skip(self.delimiter) {
                self.skip_line_end();
                return Ok(Some(TableLine { number, fields }));
            }
        }
    }

    /// A field up to the next delimiter or line end.
    fn unquoted(&mut self) -> String {
        let end = self.rest.find([self.delimiter, '\r', '\n']).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at(end);
        self.rest = rest;
        let is_word = !field.trim().is_empty() && field.trim().parse::<f64>().is_err();
        self.fields.unquoted_words += usize::from(is_word);
        field.to_owned()
    }

    /// A field whose opening quote has just been read.
    fn quoted(&mut self) -> Result<String, LineError> {
        let opening = self.line;
        let mut field = String::new();
        loop {
            let (content, rest) = self
                .rest
                .split_once('"')
                .ok_or_else(|| DatasetErrorKind::OpenQuote.on_line(opening))?;
            self.line += line_ends(content);
            field.push_str(content);
            self.rest = rest;
            if !self.skip('"') {
                break;
            }
            field.push('"');
        }
        match self.rest.chars().next() {
            Some(found) if found != self.delimiter && found != '\r' && found != '\n' => {
                let closing = (self.line != opening).then_some(self.line);
                return Err(DatasetErrorKind::AfterQuote { closing, found }.on_line(opening));
            }
            _ => {}
        }
        let needs_quotes = field.contains([self.delimiter, '"', '\r', '\n']);
        self.fields.quoted += 1;
        self.fields.needlessly_quoted += usize::from(!needs_quotes);
        Ok(field)
    }

    fn skip(&mut self, character: char) -> bool {
        let rest = self.rest.strip_prefix(character);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// LF, CRLF or CR.
    fn skip_line_end(&mut self) -> bool {
        let found = self.skip('\r') | self.skip('\n');
        self.line += u64::from(found);
        found
    }
}

impl Iterator for Records<'_> {
    type Item = Result<TableLine, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// How many lines end in a text: at LF, CRLF or CR.
fn line_ends(text: &str) -> u64 {
    let single = text.matches(['\r', '\n']).count() - text.matches("\r\n").count();
    single as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(content: &str, delimiter: char) -> Result<Vec<Vec<String>>, LineError> {
        Records::new(content, delimiter).map(|line| line.map(|line| line.fields)).collect()
    }

    /// The same by the csv crate, which accepts more.
    fn judged(content: &str, delimiter: char) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new();
        reader.has_headers(false).flexible(true).delimiter(delimiter as u8);
        let records = reader.from_reader(content.as_bytes()).into_records();
        records.map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    proptest! {
        #[test]
        fn what_a_writer_wrote_is_read_back(
            rows in prop::collection::vec(prop::collection::vec("[a\"\n\r,; \t|é]{0,5}", 2..4), 1..6),
            delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
        ) {
            let mut writer = csv::WriterBuilder::new();
            let mut writer = writer.flexible(true).delimiter(delimiter as u8).from_writer(Vec::new());
            rows.iter().for_each(|row| writer.write_record(row).unwrap());
            let content = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(read(&content, delimiter).unwrap(), rows);
        }

        #[test]
        fn what_is_accepted_is_read_as_by_another_reader(content in "[ab\"\n\r,;]{0,24}") {
            if let Ok(records) = read(&content, ',') {
                prop_assert_eq!(records, judged(&content, ','));
            }
        }
    }

    #[test]
    fn an_error_has_the_line_on_which_the_quote_opens() {
        let error = |content: &str| read(content, ',').unwrap_err();
        let swallowed = error("t,l\na,\"b\r\nc,d\r\n\"e,f\n");
        assert_eq!(swallowed.line, Some(2));
        assert!(swallowed.kind.to_string().starts_with(
            "a quoted field that begins on this line ends on line 4 and is followed by 'e'"
        ));
        let escaped = error("\n\nt,l\n\"a \\\"b\\\" c\",l\n");
        assert_eq!(escaped.line, Some(4));
        assert!(escaped.kind.to_string().contains("ends and is followed by 'b'"));
        let open = error("t,l\n\"a\"\"\nb,c\n");
        assert_eq!(open.line, Some(2));
        assert!(matches!(open.kind, DatasetErrorKind::OpenQuote));
    }

    #[test]
    fn fields_are_counted_by_how_they_are_written() {
        let mut records = Records::new("\"a\",\"b,\",c,1.5,,\"\"\"\"\n", ',');
        assert_eq!(records.by_ref().count(), 1);
        let counts = FieldCounts { quoted: 3, needlessly_quoted: 1, unquoted_words: 1 };
        assert_eq!(records.fields, counts);
    }
}
