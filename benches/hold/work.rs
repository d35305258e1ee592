//! Request bodies, made before they are sent.

use std::path::Path;
use std::rc::Rc;

use serde_json::json;
use strata::training::{Column, read_texts};

use crate::http::post;
use crate::load::Request;

const DATA: &str = "data/sentiment.tsv";
const TEXTS: usize = 1_024;

/// The first texts of the labelled data.
pub fn snippets() -> anyhow::Result<Vec<String>> {
    let mut texts = read_texts(Path::new(DATA), &Column::Name("text".to_owned()))
        .map_err(|error| anyhow::anyhow!("{error}; `make data` downloads it"))?;
    texts.truncate(TEXTS);
    Ok(texts)
}

/// Requests for lists of these sizes in turn, with further header lines.
pub fn embed(texts: &[String], sizes: &[usize], headers: &str) -> Rc<[Request]> {
    let request = |index: usize| {
        let size = sizes[index % sizes.len()];
        let list: Vec<&String> = texts.iter().cycle().skip(index * 37).take(size).collect();
        let body = match list[..] {
            [text] => json!({ "inputs": text }),
            _ => json!({ "inputs": list }),
        };
        Request { bytes: post("/embed", headers, &body.to_string()).into(), texts: size }
    };
    (0..texts.len().min(sizes.len() * 64)).map(request).collect()
}

/// A text of this many words.
pub fn words(texts: &[String], count: usize) -> String {
    let words = texts.iter().flat_map(|text| text.split_whitespace());
    words.cycle().take(count).collect::<Vec<_>>().join(" ")
}
