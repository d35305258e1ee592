//! A whole page and its sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Colours are variables there, so that charts follow the reader's colour scheme.
const STYLE: &str = include_str!("style.css");

/// A whole document. `subtitle` is left out if empty.
pub fn page(title: &str, subtitle: &str, body: Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    @if !subtitle.is_empty() { p.subtitle { (subtitle) } }
                }
                main { (body) }
            }
        }
    };
    page.into_string()
}

/// A part of a page. `note` says how to read `content`, and is left out if empty.
pub fn section(heading: &str, note: &str, content: Markup) -> Markup {
    html! {
        section {
            h2 { (heading) }
            @if !note.is_empty() { p.note { (note) } }
            (content)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::bars;

    #[test]
    fn a_page_is_a_whole_document_with_its_text_escaped() {
        let page = page("a < b", "\"c\" & d", section("<h>", "<n>", html! { p { "<script>" } }));
        assert!(
            page.starts_with("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">")
        );
        assert!(page.contains("<title>a &lt; b</title>"));
        assert!(page.contains("<h1>a &lt; b</h1><p class=\"subtitle\">&quot;c&quot; &amp; d</p>"));
        assert!(page.contains("<h2>&lt;h&gt;</h2><p class=\"note\">&lt;n&gt;</p>"));
        assert!(page.contains("<p>&lt;script&gt;</p>"));
        assert!(page.ends_with("</main></body></html>"));
    }

    #[test]
    fn an_empty_subtitle_or_note_leaves_nothing_behind() {
        let page = page("t", "", section("h", "", html! {}));
        assert!(page.contains("<header><h1>t</h1></header>"));
        assert!(page.contains("<section><h2>h</h2></section>"));
    }

    #[test]
    fn nothing_is_fetched_and_nothing_runs() {
        for outside in ["url(", "@import", "http", "</style", "<script"] {
            assert!(!STYLE.contains(outside), "{outside}");
        }
        let page = page("t", "", bars("a", &[]));
        assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("src="));
    }
}
