//! Pages and their sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Colours are variables, so that charts follow the reader's colour scheme.
const STYLE: &str = include_str!("style.css");

/// A complete HTML document. An empty `subtitle` is left out.
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

/// A section of a page. `note` explains how to read `content`; an empty one is left out.
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
    fn a_page_is_a_complete_document_with_its_text_escaped() {
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
    fn an_empty_subtitle_or_note_is_left_out() {
        let page = page("t", "", section("h", "", html! {}));
        assert!(page.contains("<header><h1>t</h1></header>"));
        assert!(page.contains("<section><h2>h</h2></section>"));
    }

    #[test]
    fn a_page_loads_nothing_and_runs_nothing() {
        for outside in ["url(", "@import", "http", "</style", "<script"] {
            assert!(!STYLE.contains(outside), "{outside}");
        }
        let page = page("t", "", bars("a", &[]));
        assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("src="));
    }
}
