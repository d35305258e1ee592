//! The metrics that an expression of PromQL names.

/// The beginnings of the names of all metrics that are collected here.
const PREFIXES: [&str; 3] = ["strata_", "process_", "haproxy_"];

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// The metrics with their selectors, such as `up{job="strata"}`.
pub fn selectors(expression: &str) -> Vec<&str> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < expression.len() {
        let rest = &expression[at..];
        let length = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
        let name = &rest[..length];
        if name == "up" || PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            let braces = rest[length..].starts_with('{');
            let end = if braces { length + end_of_braces(&rest[length..]) } else { length };
            found.push(&rest[..end]);
            at += end;
        } else if rest.starts_with('"') {
            at += end_of_string(rest);
        } else {
            at += length.max(rest.chars().next().map_or(1, char::len_utf8));
        }
    }
    found
}

/// The name of the metric of a selector.
pub fn name(selector: &str) -> &str {
    selector.split('{').next().unwrap_or_default()
}

/// Where the string that `text` begins with ends.
fn end_of_string(text: &str) -> usize {
    text[1..].find('"').map_or(text.len(), |end| end + 2)
}

/// Where the braces that `text` begins with end. Strings may contain braces.
fn end_of_braces(text: &str) -> usize {
    let mut at = 1;
    while at < text.len() && !text[at..].starts_with('}') {
        at += if text[at..].starts_with('"') { end_of_string(&text[at..]) } else { 1 };
    }
    at + 1
}

#[test]
fn metrics_are_found_with_their_selectors() {
    let expression = r#"sum by (code) (rate(strata_a_total{route!~"/{x}|up", code="1"}[5m]))
        / on (instance) process_b > count(up{job="strata"} == 1) or label_replace(haproxy_c, "up", "", "", "")"#;
    let found = [
        r#"strata_a_total{route!~"/{x}|up", code="1"}"#,
        "process_b",
        r#"up{job="strata"}"#,
        "haproxy_c",
    ];
    assert_eq!(selectors(expression), found);
    assert_eq!(found.map(name), ["strata_a_total", "process_b", "up", "haproxy_c"]);
}
