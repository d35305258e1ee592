//! Marked texts: reading them, and the features of their tokens.

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
    Features, Layout, LongTexts, Passes, SeenTokens, TaggedDataset, TaggingData, TokenLabels,
    TokenisedText,
};

/// What is read of marked texts.
pub struct Marked<'a> {
    pub parts: &'a Parts,
    pub file: &'a FileFlags,
    /// A file of held-out texts; without it, some of the texts are held out.
    pub test: Option<&'a Path>,
}

/// A truncated text would lose its entities.
pub const LONG_TEXTS: LongTexts = LongTexts::Window;

impl Marked<'_> {
    /// Reads the texts.
    pub fn read(&self) -> Result<TaggedDataset, Failure> {
        let Self { parts, file, test } = self;
        if let Some(pair) = &file.pair {
            let message = "entities are those of one text; leave it out";
            return Err(Failure::Unusable(anyhow!("--pair {pair}: {message}")));
        }
        let reader = row_reader(parts, LONG_TEXTS);
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

    /// Tokenises the texts, and makes rows of their tokens.
    pub fn tokenise(
        &self,
        tagged: TaggedDataset,
        labels: TokenLabels<'_>,
    ) -> Result<TaggingData, Failure> {
        let reader = row_reader(self.parts, LONG_TEXTS);
        let rows = tagged.texts.rows.iter();
        let texts = rows.map(|row| TokenisedText::read(&reader, row));
        let texts = texts.collect::<Result<Vec<_>, _>>().map_err(Failure::unusable)?;
        TaggingData::new(tagged, texts, labels).map_err(Failure::unusable)
    }
}

/// Fails if long texts are to be truncated.
pub fn check_long_texts(wanted: Option<LongTexts>) -> Result<(), Failure> {
    match wanted {
        Some(LongTexts::Truncate) => Err(Failure::Unusable(anyhow!(
            "--long-text truncate: texts with entities are read whole; leave it out"
        ))),
        Some(LongTexts::Window) | None => Ok(()),
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
