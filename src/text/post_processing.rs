//! What a tokenizer adds to a text's own tokens: special tokens and token types.
//!
//! The post-processor runs exactly once per sequence. How many tokens it adds, and how often it takes
//! a text, is found out by running it, since templates may do more than wrap a text.

use serde_json::Value;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::{Encoding, PostProcessor, Token};

use super::encoded::Encoded;
use super::error::TokenizeError;
use crate::sequence::Sequence;

/// Completes texts with special tokens.
pub struct PostProcessing {
    processor: PostProcessorWrapper,
    zero_types: bool,
    single: Written,
    pair: Written,
}

/// What the post-processor writes for a single text or for a pair.
struct Written {
    /// Special tokens.
    special: usize,
    /// How often it takes the first text.
    first: usize,
    /// How often it takes the second text.
    second: usize,
    /// The largest id of a special token, and its text.
    largest_id: Option<(u32, String)>,
    /// The largest token type.
    largest_type: u32,
}

impl PostProcessing {
    /// Finds out what a post-processor writes. With `zero_types` the model gets type 0 for all tokens.
    ///
    /// # Errors
    /// The post-processor is inconsistent; the error says in what.
    pub fn new(processor: PostProcessorWrapper, zero_types: bool) -> Result<Self, String> {
        let value = serde_json::to_value(&processor).map_err(|error| error.to_string())?;
        check_templates(&value)?;
        let single = Written::find(&processor, false)?;
        let pair = Written::find(&processor, true)?;
        Ok(Self { processor, zero_types, single, pair })
    }

    /// Adds the special tokens to a text or a pair.
    ///
    /// # Errors
    /// No token is there, or the post-processor failed.
    pub fn complete(
        &self,
        first: Encoding,
        second: Option<Encoding>,
    ) -> Result<Encoded, TokenizeError> {
        let whole = process(&self.processor, first, second)
            .map_err(TokenizeError::failed_to("add special tokens"))?;
        let ids = whole.get_ids().to_vec();
        if ids.is_empty() {
            return Err(TokenizeError::NoTokens);
        }
        let type_ids =
            if self.zero_types { vec![0; ids.len()] } else { whole.get_type_ids().to_vec() };
        Ok(Encoded {
            full_tokens: ids.len(),
            sequence: Sequence::new(ids, type_ids),
            spans: whole.get_offsets().to_vec(),
            special: whole.get_special_tokens_mask().iter().map(|&mask| mask == 1).collect(),
            second: whole.get_word_ids().iter().map(|text| *text == Some(1)).collect(),
        })
    }

    /// How many special tokens are added to a text, or to a pair.
    pub fn special_tokens(&self, is_pair: bool) -> usize {
        self.written(is_pair).special
    }

    /// How many tokens transformers' truncation reserves for special tokens, as the post-processor's
    /// `added_tokens` counts them. Templates that take a text twice or not at all add others.
    pub fn reserved_tokens(&self, is_pair: bool) -> usize {
        self.processor.added_tokens(is_pair)
    }

    /// The tokens of a sequence whose texts have `first` and `second` tokens of their own.
    pub fn tokens(&self, first: usize, second: Option<usize>) -> usize {
        let written = self.written(second.is_some());
        written.special + written.first * first + written.second * second.unwrap_or(0)
    }

    /// The most tokens of a single text's own that give a sequence of at most `limit` tokens.
    pub fn capacity(&self, limit: usize) -> usize {
        let room = limit.saturating_sub(self.single.special);
        room.checked_div(self.single.first).unwrap_or(usize::MAX)
    }

    /// Checks that what is written for a single text, and for a pair where pairs can be read, has rows
    /// in the tables; without a table of token types, types change nothing. Types are checked even where the model gets zeros: a file that writes a type
    /// without a row belongs to another model. A second text's type of 1 has no row in a table of one
    /// row; then there are no pairs, or only those with zeros.
    ///
    /// # Errors
    /// An id or a token type has no row; the error says which.
    pub fn check_rows(&self, word_rows: usize, type_rows: Option<usize>) -> Result<(), String> {
        self.single.check_ids(word_rows)?;
        self.single.check_types(type_rows)?;
        let is_one_row = type_rows == Some(1);
        if self.takes_pairs(type_rows) || !is_one_row {
            self.pair.check_ids(word_rows)?;
        }
        if !is_one_row {
            self.pair.check_types(type_rows)?;
        }
        Ok(())
    }

    /// Whether a pair's token types have rows in a table of `type_rows` rows.
    pub fn takes_pairs(&self, type_rows: Option<usize>) -> bool {
        self.zero_types || type_rows.is_none_or(|rows| (self.pair.largest_type as usize) < rows)
    }

    /// Whether token types are left out that the post-processor writes.
    pub fn hides_types(&self) -> bool {
        self.zero_types && (self.single.largest_type > 0 || self.pair.largest_type > 0)
    }

    /// The post-processor.
    pub fn processor(&self) -> &PostProcessorWrapper {
        &self.processor
    }

    fn written(&self, is_pair: bool) -> &Written {
        if is_pair { &self.pair } else { &self.single }
    }
}

impl Written {
    /// Runs the post-processor with texts of no token and of one.
    fn find(processor: &PostProcessorWrapper, is_pair: bool) -> Result<Self, String> {
        let text = |tokens: usize| {
            let token = Token::new(0, "a".to_owned(), (0, 1));
            Encoding::from_tokens(vec![token; tokens], 0)
        };
        let run = |first: usize, second: usize| {
            process(processor, text(first), is_pair.then(|| text(second)))
                .map_err(|error| format!("post_processor can't be run: {error}"))
        };
        let empty = run(0, 0)?;
        let full = run(1, 1)?;
        let special = empty.len();
        let special_ids = empty.get_ids().iter().copied().zip(empty.get_tokens());
        let largest_id = special_ids.max_by_key(|(id, _)| *id);
        Ok(Self {
            special,
            first: run(1, 0)?.len() - special,
            second: if is_pair { run(0, 1)?.len() - special } else { 0 },
            largest_id: largest_id.map(|(id, token)| (id, token.clone())),
            largest_type: full.get_type_ids().iter().copied().max().unwrap_or(0),
        })
    }

    fn check_ids(&self, rows: usize) -> Result<(), String> {
        match &self.largest_id {
            Some((id, token)) if *id as usize >= rows => Err(format!(
                "post_processor writes the special token \"{token}\" with the id {id}; the embedding \
                 table embeddings.word_embeddings.weight has {rows} rows"
            )),
            _ => Ok(()),
        }
    }

    fn check_types(&self, rows: Option<usize>) -> Result<(), String> {
        let Some(rows) = rows.filter(|rows| self.largest_type as usize >= *rows) else {
            return Ok(());
        };
        Err(format!(
            "post_processor writes the token type {}; the table \
             embeddings.token_type_embeddings.weight has {rows} rows",
            self.largest_type
        ))
    }
}

/// Runs the post-processor. In the result, a token's word id is the number of its text, and special
/// tokens have none.
fn process(
    processor: &PostProcessorWrapper,
    mut first: Encoding,
    mut second: Option<Encoding>,
) -> tokenizers::Result<Encoding> {
    first.get_word_ids_mut().fill(Some(0));
    if let Some(second) = &mut second {
        second.get_word_ids_mut().fill(Some(1));
    }
    processor.process(first, second, true)
}

/// Checks what would end in a panic: a single text's template with a second text, a special token
/// without ids, a template after another.
fn check_templates(processor: &Value) -> Result<(), String> {
    let list = |value: &'_ Value, field: &str| -> Vec<Value> {
        value[field].as_array().cloned().unwrap_or_default()
    };
    let mut templates = Vec::new();
    let mut open = vec![processor.clone()];
    while let Some(next) = open.pop() {
        match next["type"].as_str() {
            Some("TemplateProcessing") => templates.push(next),
            Some("Sequence") => open.extend(list(&next, "processors")),
            _ => {}
        }
    }
    if templates.len() > 1 {
        return Err("post_processor has several templates; one is allowed".to_owned());
    }
    for template in &templates {
        for field in ["single", "pair"] {
            for piece in list(template, field) {
                let token = piece["SpecialToken"]["id"].as_str();
                if let Some(token) = token.filter(|id| template["special_tokens"][id].is_null()) {
                    return Err(format!("special_tokens of post_processor lacks \"{token}\""));
                }
                if field == "single" && piece["Sequence"]["id"] == "B" {
                    return Err("single of post_processor has the second text, B".to_owned());
                }
            }
        }
    }
    Ok(())
}
