//! Marked texts: reading them, and the features of their tokens.

use std::ops::Range;
use std::path::Path;

use anyhow::anyhow;

use super::data_flags::{FileFlags, row_reader};
use super::failure::Failure;
use super::progress::Progress;
use crate::app::Parts;
use crate::config::Config;
use crate::model::checkpoint::ProblemType;
use crate::model::recipe::ResolvedRecipe;
use crate::training::{
    Features, Layout, LongTexts, Passes, SeenTokens, TaggedDataset, TaggingData, TokenRows,
    TokenisedText,
};

/// What is read of marked texts.
pub struct Marked<'a> {
    pub parts: &'a Parts,
    pub file: &'a FileFlags,
    /// A file of held-out texts; without it, some of the texts are held out.
    pub test: Option<&'a Path>,
    pub long_texts: LongTexts,
}

impl Marked<'_> {
    /// Reads the texts.
    pub fn read(&self) -> Result<TaggedDataset, Failure> {
        let Self { parts, file, test, long_texts } = self;
        if let Some(pair) = &file.pair {
            let message = "entities are those of one text; leave it out";
            return Err(Failure::Unusable(anyhow!("--pair {pair}: {message}")));
        }
        let reader = row_reader(parts, *long_texts);
        let seen: &SeenTokens<'_> = &|text, pair| reader.seen(text, pair);
        let layout = file.layout(Some(ProblemType::TokenClassification));
        let layout = Layout { hold_out: test.is_none(), ..layout };
        let read =
            |file: &Path| TaggedDataset::read(file, &layout, seen).map_err(Failure::unusable);
        let tagged = read(&file.data)?;
        Ok(match test {
            None => tagged,
            Some(test) => tagged.with_test(read(test)?, seen),
        })
    }

    /// Tokenises the texts; with `known` labels, those of a head, or else with the labels that can be
    /// learned.
    pub fn tokenise(
        &self,
        tagged: TaggedDataset,
        known: Option<&[String]>,
    ) -> Result<TaggingData, Failure> {
        let reader = row_reader(self.parts, self.long_texts);
        let rows = tagged.texts.rows.iter();
        let texts = rows.map(|row| TokenisedText::read(&reader, row));
        let texts = texts.collect::<Result<Vec<_>, _>>().map_err(Failure::unusable)?;
        let characters = |text: &TokenisedText| -> Vec<Range<usize>> {
            text.tokens.iter().map(|token| token.characters.clone()).collect()
        };
        let tokens: Vec<_> = texts.iter().map(characters).collect();
        let rows = TokenRows::new(&tagged, &tokens, known).map_err(Failure::unusable)?;
        Ok(TaggingData { tagged, texts, rows })
    }
}

/// Computes the recipe's rows of all tokens of `data`.
pub fn token_features(
    config: &Config,
    parts: &Parts,
    data: &TaggingData,
    recipe: &ResolvedRecipe,
) -> anyhow::Result<Features> {
    let TaggingData { texts, rows, .. } = data;
    let passes = Passes { model: &parts.model, token_budget: config.batching.budget_tokens.get() };
    let mut progress = Progress::new("features", texts.len(), "texts")?;
    let features =
        passes.token_features(recipe, texts, &rows.places, &mut |texts| progress.add(texts));
    let seconds = progress.finish();
    let features = features.map_err(|error| anyhow!("{}: {error}", rows.dataset.source.file))?;
    let (texts, tokens, columns) = (texts.len(), features.rows, features.width);
    eprintln!("features: {tokens} tokens of {texts} texts, {columns} each, in {seconds:.1} s");
    Ok(features)
}

/// Texts that were truncated.
pub fn truncated(data: &TaggingData) -> usize {
    data.texts.iter().filter(|text| text.truncated()).count()
}
