//! Adds the collected tokens to a tokenizer.

use std::path::Path;

use serde_json::Value;
use tokenizers::{AddedToken, Tokenizer};

use super::collect::Additions;
use crate::text::error::TokenizerError;

impl Additions {
    /// The token that a field names.
    ///
    /// # Errors
    /// The field is null.
    pub fn name(&self, field: &str) -> Result<&str, TokenizerError> {
        let named = self.named.iter().find(|named| named.field == field);
        named.map(|named| named.token.content.as_str()).ok_or_else(|| {
            TokenizerError::field(&self.file, field, &Value::Null, "a token is needed")
        })
    }

    /// The ids of the special tokens that the class or a file names, in a tokenizer that has them.
    pub fn special_ids(&self, tokenizer: &Tokenizer) -> Vec<u32> {
        let named = self.named.iter().map(|named| &named.token);
        let tokens = named.chain(&self.extra);
        tokens.filter_map(|token| tokenizer.token_to_id(&token.content)).collect()
    }

    /// Adds all tokens to a tokenizer. `word_rows` is the number of rows of the embedding table.
    ///
    /// A class's own `[PAD]` and `[MASK]`, which no file names and no text needs, are left out if
    /// they would have no row.
    ///
    /// # Errors
    /// A token gets another id than its file says.
    pub fn add_to(
        &self,
        mut tokenizer: Tokenizer,
        word_rows: Option<usize>,
    ) -> Result<Tokenizer, TokenizerError> {
        let mut tokens = self.in_order(&tokenizer);
        if let Some(rows) = word_rows {
            drop_without_row(&mut tokens, &tokenizer, rows);
        }
        let tokens = tokens.into_iter().map(|(token, _)| token);
        tokenizer.add_tokens(tokens).map_err(|cause| {
            TokenizerError::new(&self.file, format!("tokens can't be added: {cause}"))
        })?;
        for (content, id, file) in &self.ids {
            check_id(&tokenizer, content, *id, file)?;
        }
        Ok(tokenizer)
    }

    /// The tokens in the order in which they get new ids, without those that `tokenizer` has; and
    /// whether each may be left out.
    fn in_order(&self, tokenizer: &Tokenizer) -> Vec<(AddedToken, bool)> {
        let is_named =
            |content: &str| self.named.iter().any(|named| named.token.content == content);
        let mut known: Vec<String> = Vec::new();
        let present = tokenizer.get_added_tokens_decoder();
        known.extend(present.values().map(|token| token.content.clone()));
        let mut tokens: Vec<(AddedToken, bool)> = Vec::new();
        for declared in self.declared.values() {
            let token = declared.to_token(is_named(&declared.content));
            known.push(token.content.clone());
            tokens.push((token, false));
        }
        for named in &self.named {
            if !known.contains(&named.token.content) {
                known.push(named.token.content.clone());
                tokens.push((named.token.to_token(true), named.optional));
            }
        }
        for extra in &self.extra {
            if !known.contains(&extra.content) {
                tokens.push((extra.to_token(is_named(&extra.content)), false));
            }
        }
        tokens
    }
}

/// Leaves out the last of those tokens that get a new id, as long as it has no row and may be missing.
/// Others would get another id without it.
fn drop_without_row(tokens: &mut Vec<(AddedToken, bool)>, tokenizer: &Tokenizer, rows: usize) {
    let is_new = |token: &AddedToken| tokenizer.token_to_id(&token.content).is_none();
    let new = tokens.iter().filter(|(token, _)| is_new(token)).count();
    // Classes that have tokens of their own start without added ones.
    let first = tokenizer.get_vocab_size(false);
    for id in (first..first + new).rev() {
        let last = tokens.iter().rposition(|(token, _)| is_new(token));
        match last.filter(|&last| tokens[last].1 && id >= rows) {
            Some(last) => drop(tokens.remove(last)),
            None => break,
        }
    }
}

fn check_id(
    tokenizer: &Tokenizer,
    content: &str,
    id: u32,
    file: &Path,
) -> Result<(), TokenizerError> {
    match tokenizer.token_to_id(content) {
        Some(found) if found != id => Err(TokenizerError::new(
            file,
            format!(
                "the token \"{content}\" has the id {id} there, and {found} by the vocabulary and the \
                 tokens that are added before it; one id is allowed"
            ),
        )),
        _ => Ok(()),
    }
}
