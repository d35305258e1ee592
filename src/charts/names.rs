//! Names shortened to the available width, and numbers as text.

/// The approximate width of `text` in the style sheet's sans-serif font, in ems. It is estimated
/// generously: a label that is too short is better than one that is cut off.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(advance).sum()
}

fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | '.' | ',' | ':' | '/' | '|' | ' ' | '\'' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 1.0,
        'A'..='Z' => 0.75,
        c if c < '\u{1100}' => 0.6,
        // Chinese, Japanese and Korean, emoji, and anything else that may be wide.
        _ => 1.1,
    }
}

/// `name`, or its beginning with an ellipsis so that it fits into `ems`.
pub(super) fn shorten(name: &str, ems: f64) -> String {
    if width(name) <= ems {
        return name.to_owned();
    }
    let mut left = ems - advance('…');
    let fitting = name.chars().take_while(|&c| {
        left -= advance(c);
        left >= 0.0
    });
    let start: String = fitting.collect();
    format!("{}…", start.trim_end())
}

/// `value` with enough decimals to distinguish multiples of `step`; in scientific notation if that
/// is long.
pub(super) fn number(value: f64, step: f64) -> String {
    let power = |value: f64| (value.abs().log10() + 1e-9).floor();
    let text = if value != 0.0 && (step < 9e-7 || value.abs() >= 1e7) {
        let digits = (power(value) - power(step)).clamp(0.0, 4.0);
        format!("{value:.*e}", digits as usize)
    } else {
        // Adding 0 turns −0 into 0.
        format!("{:.*}", (-power(step)).clamp(0.0, 6.0) as usize, value + 0.0)
    };
    text.replace('-', "−")
}

/// `value` with four significant figures.
pub fn four_figures(value: f64) -> String {
    let rounded = format!("{value:.3e}").parse().unwrap_or(value);
    format!("{rounded:?}").trim_end_matches(".0").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_fits_is_not_changed() {
        assert_eq!(shorten("mean, layer 6", 12.0), "mean, layer 6");
        assert_eq!(shorten("", 0.0), "");
    }

    #[test]
    fn a_shortened_name_ends_in_an_ellipsis_and_fits() {
        for name in ["a long name of many words", "WWWWWWWWWWWWWWWW", "層層層層層層層層層層層層"]
        {
            let short = shorten(name, 6.0);
            assert!(short.ends_with('…') && width(&short) <= 6.0, "{short}");
            assert!(name.starts_with(short.trim_end_matches('…')));
        }
    }

    #[test]
    fn numbers_have_the_decimals_of_their_step() {
        assert_eq!(number(0.7, 0.02), "0.70");
        assert_eq!(number(0.1 + 0.2, 0.1), "0.3");
        assert_eq!(number(-1.5, 0.5), "−1.5");
        assert_eq!(number(40.0, 20.0), "40");
        assert_eq!(number(-0.0, 0.5), "0.0");
        assert_eq!(number(0.001, 0.001), "0.001");
    }

    #[test]
    fn very_small_and_very_large_numbers_use_scientific_notation() {
        assert_eq!(number(1.2e-6, 2e-7), "1.2e−6");
        assert_eq!(number(3e9, 1e9), "3e9");
    }

    #[test]
    fn four_figures_are_kept() {
        assert_eq!(four_figures(0.123_456), "0.1235");
        assert_eq!(four_figures(12.0), "12");
        assert_eq!(four_figures(-2e-5), "−2e−5");
    }
}
