//! The files of a tokenizer: `tokenizer.json`, `vocab.txt`, `tokenizer_config.json` and those beside them.

use strata::app::load_tokenizer;
use strata::text::{Input, LongText, Text, Tokenizer, TokenizerHints};

use super::folder::{files, write};

/// The name of the part that is a text for the tokenizer.
const TEXT: &str = "text";

/// The most tokens of a sequence, and rows of the tables.
const LIMIT: usize = 16;
const WORD_ROWS: usize = 200;
const TYPE_ROWS: usize = 2;

/// Loads a tokenizer. One that is accepted and fits its model makes tokens that have rows in its tables;
/// a refusal names a file.
pub fn run(data: &[u8]) {
    let folder = write(data);
    let hints = TokenizerHints { word_rows: Some(WORD_ROWS), ..TokenizerHints::default() };
    let loaded = load_tokenizer(folder.path(), &hints).and_then(|tokenizer| {
        tokenizer.check_fits(WORD_ROWS, Some(TYPE_ROWS))?;
        Ok(tokenizer)
    });
    let tokenizer = match loaded {
        Ok(tokenizer) => tokenizer,
        Err(error) => {
            assert!(error.file.starts_with(folder.path()), "{error}");
            assert!(!error.message.is_empty());
            return;
        }
    };
    let texts = files(data).into_iter().filter(|(name, _)| *name == TEXT);
    for (_, text) in texts {
        let text = String::from_utf8_lossy(&text).into_owned();
        let Ok(text) = Text::parse(text, data.len() * 3) else { continue };
        for pair in [None, Some(text.clone())] {
            check(&tokenizer, &Input { text: text.clone(), pair });
        }
    }
}

fn check(tokenizer: &Tokenizer, input: &Input) {
    let Ok(encoded) = tokenizer.encode(input, LIMIT, LongText::Truncate(None)) else { return };
    let sequence = &encoded.sequence;
    assert!((1..=LIMIT).contains(&sequence.tokens()));
    assert!(sequence.ids.iter().all(|&id| (id as usize) < WORD_ROWS), "{:?}", sequence.ids);
    if input.pair.is_none() || tokenizer.takes_pairs(Some(TYPE_ROWS)) {
        let fits = |&kind: &u32| (kind as usize) < TYPE_ROWS;
        assert!(sequence.type_ids.iter().all(fits), "{:?}", sequence.type_ids);
    }
    let _ = tokenizer.decode(&sequence.ids, true);
}
