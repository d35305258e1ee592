//! Messages in one line.

/// Joins the lines of a message that a library wrote in several, such as a pattern with a mark below
/// it.
pub fn one_line(message: &str) -> String {
    let lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn lines_are_joined_and_blank_ones_dropped() {
        assert_eq!(one_line("a: b; c"), "a: b; c");
        assert_eq!(one_line("a:\n\n    b\r\n c\n"), "a: b c");
    }
}
