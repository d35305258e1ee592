//! `[embed]`: defaults of `/embed`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::Refusal;
use super::recipes::known_recipe;
use crate::model::recipe::Recipe;

/// As written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEmbed {
    pub recipe: String,
    pub sparse: bool,
}

/// Defaults of `/embed`.
#[derive(Clone, Debug)]
pub struct EmbedConfig {
    /// Recipe of a request that names none: a built-in recipe or one of [`Config::recipes`](super::Config::recipes).
    pub recipe: String,
    /// Whether any masked language model gives sparse rows, and not only one whose files say so.
    pub sparse: bool,
}

impl RawEmbed {
    /// Checks that the recipe is a built-in one or one of `recipes`.
    pub(super) fn check(self, recipes: &BTreeMap<String, Recipe>) -> Result<EmbedConfig, Refusal> {
        let recipe = known_recipe("embed.recipe", self.recipe, recipes)?;
        Ok(EmbedConfig { recipe, sparse: self.sparse })
    }
}
