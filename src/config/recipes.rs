//! `[recipes]`: recipes by name, beside the built-in ones.

use std::collections::BTreeMap;

use toml::Table;

use super::error::Refusal;
use crate::model::recipe::Recipe;
use crate::model::recipe_book::BUILT_IN;

/// The recipes of the table, by name.
pub(super) fn recipes(raw: Table) -> Result<BTreeMap<String, Recipe>, Refusal> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let mut recipes = BTreeMap::new();
    for (name, value) in raw {
        let refused =
            |advice: String| Refusal::new(format!("recipes.{name}"), value.clone(), advice);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(refused("the name must be made of a to z, 0 to 9 and \"-\"".to_owned()));
        }
        if BUILT_IN.contains(&name.as_str()) {
            return Err(refused("the name must not be that of a built-in recipe".to_owned()));
        }
        let recipe = value.clone().try_into().map_err(|error: toml::de::Error| {
            refused(error.to_string().trim_end().replace('\n', " "))
        })?;
        recipes.insert(name, recipe);
    }
    Ok(recipes)
}

/// `written`, if it is the name of a built-in recipe or of one of `recipes`.
pub(super) fn known_recipe(
    key: &str,
    written: String,
    recipes: &BTreeMap<String, Recipe>,
) -> Result<String, Refusal> {
    let names: Vec<&str> = BUILT_IN.into_iter().chain(recipes.keys().map(String::as_str)).collect();
    if names.contains(&written.as_str()) {
        return Ok(written);
    }
    let advice = format!("must be one of {}", names.join(", "));
    Err(Refusal::new(key, written, advice))
}
