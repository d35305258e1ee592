//! How a model of late interaction reads queries and documents, and which of their tokens get no vector.

use super::error::LoadError;
use crate::config::Config;
use crate::field::unusable;
use crate::model::checkpoint::{
    Checkpoint, CheckpointError, Expansion, ExpansionWidth, LateText, MultiVector,
};
use crate::model::multi_vector::SkippedTokens;
use crate::text::{Filling, LateReader, Tokenizer};

/// What a model of late interaction needs of its tokenizer.
pub struct Late {
    /// The lengths of queries and documents.
    pub reader: LateReader,
    /// The tokens that get no vector.
    pub skipped: SkippedTokens,
}

impl Late {
    /// Reads it, if the checkpoint makes vectors of tokens. `sequence_tokens` is the most of a text.
    ///
    /// # Errors
    /// A length is more than the encoder has positions, or queries can't be filled up.
    pub fn read(
        config: &Config,
        checkpoint: &Checkpoint,
        tokenizer: &Tokenizer,
        sequence_tokens: usize,
    ) -> Result<Option<Self>, LoadError> {
        let Some(MultiVector { text, .. }) = &checkpoint.sentence.multi_vector else {
            return Ok(None);
        };
        let configured = config.limits.sequence_tokens.map_or(usize::MAX, |tokens| tokens.get());
        let files = Files { text, checkpoint, tokenizer };
        let reader = files
            .reader(configured, sequence_tokens)
            .map_err(|message| CheckpointError::invalid(&text.file, message))?;
        Ok(Some(Self { reader, skipped: skipped(text, tokenizer) }))
    }
}

/// What a [`LateReader`] is read from.
struct Files<'f> {
    text: &'f LateText,
    checkpoint: &'f Checkpoint,
    tokenizer: &'f Tokenizer,
}

impl Files<'_> {
    /// `configured` is the most tokens of a sequence by the configuration, `sequence_tokens` by all that
    /// concerns any text. An error names the field.
    fn reader(&self, configured: usize, sequence_tokens: usize) -> Result<LateReader, String> {
        let Self { text, checkpoint, tokenizer } = *self;
        let positions = checkpoint.config.max_tokens;
        let special = tokenizer.special_tokens(false);
        let fits = |field: &str, tokens: usize| match tokens {
            _ if tokens > positions => {
                Err(unusable(field, tokens, &format!("the encoder has {positions} positions")))
            }
            _ if tokens <= special => {
                let allowed = format!("at least {} is needed beside special tokens", special + 1);
                Err(unusable(field, tokens, &allowed))
            }
            _ => Ok(tokens.min(configured)),
        };
        // What sentence-transformers calls the tokenizer with goes over both.
        let over = checkpoint.sentence.text.max_length.is_some();
        let length = |field: &str, tokens: Option<usize>| {
            tokens.filter(|_| !over).map(|tokens| fits(field, tokens)).transpose()
        };
        let document_tokens = length(text.fields.document, text.tasks.document_length)?;
        let document_tokens = document_tokens.unwrap_or(sequence_tokens);
        let query_length = length("query_length", text.tasks.query_length)?;
        let Some(expansion) = &text.tasks.expansion else {
            let query_tokens = query_length.unwrap_or(sequence_tokens);
            return Ok(LateReader { query_tokens, document_tokens, filling: None });
        };
        let least = fits(text.fields.filled_query, expansion.tokens)?;
        if least < expansion.tokens {
            let allowed =
                format!("queries have {} tokens, so at least as many are needed", expansion.tokens);
            return Err(unusable("the configured limits.sequence_tokens", least, &allowed));
        }
        let query_tokens = match expansion.width {
            ExpansionWidth::Fixed => least,
            ExpansionWidth::Min => query_length.map_or(sequence_tokens, |tokens| tokens.max(least)),
        };
        let filling = Some(self.filling(expansion)?);
        Ok(LateReader { query_tokens, document_tokens, filling })
    }

    /// An error names the field.
    fn filling(&self, expansion: &Expansion) -> Result<Filling, String> {
        let Self { checkpoint, tokenizer, .. } = *self;
        let Expansion { tokens, attended, ref token, .. } = *expansion;
        if !attended && !checkpoint.config.spec.allows_unattended() {
            let family = checkpoint.config.family.model_type;
            let allowed = format!("with a {family} only true can be served");
            return Err(unusable("query_expansion.attend", false, &allowed));
        }
        let id = match token {
        Some(token) => tokenizer.id(token).ok_or_else(|| {
            unusable("query_expansion.token", token.as_str(), "the vocabulary doesn't have it")
        })?,
        None => tokenizer.roles().mask.ok_or(
            "query_expansion has no token, and the tokenizer no mask token; name one as \"token\"",
        )?,
    };
        Ok(Filling { tokens, id, attended })
    }
}

/// The ids of the words that are a token; an unknown word isn't the token for unknown words.
fn skipped(text: &LateText, tokenizer: &Tokenizer) -> SkippedTokens {
    let words = &text.skipped;
    let unknown = tokenizer.roles().unknown;
    let id = |word: &String| {
        let id = tokenizer.id(word)?;
        let is_named = Some(id) != unknown || tokenizer.token(id).as_ref() == Some(word);
        is_named.then_some(id)
    };
    let ids: Vec<u32> = words.words.iter().filter_map(id).collect();
    if ids.len() < words.words.len() {
        let (words, unused) = (words.words.len(), words.words.len() - ids.len());
        tracing::warn!(
            words,
            unused,
            "some words of skiplist_words aren't tokens, and are ignored"
        );
    }
    let ids_if = |applies: bool| if applies { ids.clone() } else { Vec::new() };
    SkippedTokens { of_queries: ids_if(words.in_queries), of_documents: ids_if(words.in_documents) }
}
