//! From marked texts to the rows of their tokens.

use std::ops::Range;
use std::sync::Arc;

use super::error::FeatureError;
use super::matrix::Features;
use super::passes::Passes;
use super::reading::RowReader;
use crate::model::output::Output;
use crate::model::recipe::ResolvedRecipe;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::text::{Encoded, Window, Words};
use crate::training::data::Row;

/// A text's own tokens, each once, without those that the tokenizer added.
#[derive(Debug, Clone)]
pub struct TokenisedText {
    windows: Vec<Window>,
    /// The tokens, in order.
    pub tokens: Vec<Token>,
}

/// A token of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its Unicode characters in the text; none for a token that stands for no character.
    pub characters: Range<usize>,
    /// Whether it goes on the word of the token before.
    pub continues_word: bool,
    /// Its place among all tokens that count, those that the tokenizer added among them.
    place: usize,
}

impl TokenisedText {
    /// Reads a text.
    ///
    /// # Errors
    /// It can't be tokenised.
    pub fn read(reader: &RowReader<'_>, row: &Row) -> Result<Self, FeatureError> {
        let windows = reader.windows(row)?;
        let words = Words::new(reader.tokenizer, &row.text);
        let counted = windows.iter().flat_map(Window::counted_places).enumerate();
        let own = counted.filter(|(_, (encoded, at))| !encoded.special[*at]);
        let token = |(place, (encoded, at)): (usize, (&Encoded, usize))| {
            let (start, end) = encoded.spans[at];
            let continues_word = words.continues(encoded, at);
            Token { characters: start..end, continues_word, place }
        };
        let tokens = own.map(token).collect();
        Ok(Self { windows, tokens })
    }

    /// The characters of each word, as the tokenizer divides the text.
    pub fn words(&self) -> Vec<Range<usize>> {
        let words = self.tokens.chunk_by(|_, next| next.continues_word);
        let range = |word: &[Token]| word[0].characters.start..word[word.len() - 1].characters.end;
        words.map(range).collect()
    }

    /// For each of some words in order the token that it begins with, if any stands for one of its
    /// characters.
    pub fn first_tokens(&self, words: &[Range<usize>]) -> Vec<Option<usize>> {
        let mut next = 0;
        let first = |word: &Range<usize>| {
            let ended = |token: &Token| token.characters.end <= word.start;
            while self.tokens.get(next).is_some_and(ended) {
                next += 1;
            }
            // Those that stand for no character may come before.
            let begins = |token: &Token| token.characters.start < word.end && !ended(token);
            self.tokens.get(next).filter(|token| begins(token)).map(|_| next)
        };
        words.iter().map(first).collect()
    }
}

impl Passes<'_> {
    /// The recipe's rows of tokens: of each pair of a text and one of its tokens, in ascending order.
    ///
    /// # Errors
    /// A pass failed.
    pub fn token_features(
        self,
        recipe: &ResolvedRecipe,
        texts: &[TokenisedText],
        wanted: &[(usize, usize)],
        done: &mut dyn FnMut(usize),
    ) -> Result<Features, FeatureError> {
        let width = recipe.dimensions;
        let mut features =
            Features { rows: wanted.len(), width, values: vec![0.0; wanted.len() * width] };
        let output = OutputSpec::Tokens(Arc::new(recipe.clone()));
        let spec = Arc::new(TaskSpec::new(vec![output]));
        let windows = texts.iter().map(|text| text.windows.clone());
        let mut take = |text: usize, output: Output| {
            let first = wanted.partition_point(|(other, _)| *other < text);
            let of_text = wanted[first..].iter().take_while(|(other, _)| *other == text);
            for (row, (_, token)) in (first..).zip(of_text) {
                let place = texts[text].tokens[*token].place;
                let values = &output.values[0][place * width..][..width];
                features.row_mut(row).copy_from_slice(values);
            }
        };
        self.run(&spec, windows, &mut take, done)?;
        Ok(features)
    }
}
