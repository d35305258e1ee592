//! What clap says about a wrong command line, in one line.

use clap::Error;

/// Joins the paragraphs of clap's message. The usage is left out, since `--help` has it.
///
/// `unexpected argument '--prot' found; a similar argument exists: '--port'; for more
/// information, try '--help'`
pub fn error_line(error: &Error) -> String {
    let rendered = error.render().to_string();
    let paragraphs = rendered.split("\n\n").map(str::trim).filter(|text| !text.is_empty());
    let kept = paragraphs.filter(|text| !text.starts_with("Usage:"));
    let line = kept.map(paragraph).collect::<Vec<_>>().join("; ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

/// One paragraph: tips one after another, or a message with the list of what it is about.
fn paragraph(text: &str) -> String {
    let mut lines = text.lines().map(str::trim);
    let first = lines.next().unwrap_or_default();
    if let Some(help) = first.strip_prefix("For ") {
        return format!("for {}", help.trim_end_matches('.'));
    }
    if let Some(tip) = first.strip_prefix("tip: ") {
        let tips = lines.map(|line| line.strip_prefix("tip: ").unwrap_or(line));
        return std::iter::once(tip).chain(tips).collect::<Vec<_>>().join("; ");
    }
    let list = lines.collect::<Vec<_>>().join(", ");
    if list.is_empty() { first.to_owned() } else { format!("{first} {list}") }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command, value_parser};

    use super::*;

    fn refused(args: &[&str]) -> String {
        let port = Arg::new("port").long("port").value_parser(value_parser!(u16));
        let shape = Arg::new("shape").long("shape").value_parser(["round", "square"]);
        let file = Arg::new("file").long("file").value_name("FILE").required(true);
        let out = Arg::new("out").long("out").value_name("DIR").required(true);
        let command = Command::new("tool").args([port, shape, file, out]);
        error_line(&command.try_get_matches_from([&["tool"], args].concat()).unwrap_err())
    }

    #[test]
    fn what_is_missing_and_what_is_allowed_are_lists_in_the_line() {
        let help = "; for more information, try '--help'";
        let missing =
            "the following required arguments were not provided: --file <FILE>, --out <DIR>";
        assert_eq!(refused(&[]), format!("{missing}{help}"));
        let shape = "invalid value 'flat' for '--shape <shape>' [possible values: round, square]";
        assert_eq!(refused(&["--shape", "flat"]), format!("{shape}{help}"));
    }

    #[test]
    fn every_tip_is_kept_and_the_usage_is_not() {
        let said = refused(&["--prt", "1"]);
        assert!(said.starts_with("unexpected argument '--prt' found; "), "{said}");
        assert!(said.contains("; a similar argument exists: '--port'; "), "{said}");
        assert!(!said.contains("Usage") && !said.contains("tip"), "{said}");
        let value = refused(&["--file", "f", "--out", "o", "--", "--x"]);
        assert_eq!(value.lines().count(), 1, "{value}");
    }
}
