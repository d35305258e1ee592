//! Tables as aligned text, for a terminal.

/// A line of headers and one line per row. The first column is aligned to the left, the others to
/// the right. Each row has as many cells as there are headers.
pub fn text_table(headers: &[&str], rows: &[Vec<String>]) -> String {
    let length = |cell: &str| cell.chars().count();
    let widths: Vec<usize> = headers
        .iter()
        .enumerate()
        .map(|(at, header)| {
            let cells = rows.iter().map(|row| length(&row[at]));
            cells.chain([length(header)]).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: Vec<&str>| {
        let mut line = String::new();
        for (at, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            line += &match at {
                0 => format!("{cell:width$}"),
                _ => format!("  {cell:>width$}"),
            };
        }
        line.trim_end().to_owned()
    };
    let mut lines = vec![line(headers.to_vec())];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "1"], ["étoile", "1000"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(text_table(&["name", "n"], &rows), "name       n\na          1\nétoile  1000");
    }
}
