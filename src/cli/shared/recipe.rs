//! Recipes on the command line.

use anyhow::bail;

use crate::model::recipe::RecipeRef;

/// What a recipe looks like, for messages.
const EXAMPLE: &str = r#"{"layers": [-1, -2], "pooling": "mean"}"#;

/// Parses `--recipe`: a JSON object if it begins with `{`, a name otherwise.
pub fn parse_recipe(written: &str) -> anyhow::Result<RecipeRef> {
    if !written.trim_start().starts_with('{') {
        return Ok(RecipeRef::Name(written.to_owned()));
    }
    let mut json = serde_json::Deserializer::from_str(written);
    let advice = format!("give the name of a recipe, or an object such as {EXAMPLE}");
    match serde_path_to_error::deserialize(&mut json) {
        Ok(recipe) => match json.end() {
            Ok(()) => Ok(RecipeRef::Object(recipe)),
            Err(error) => bail!("--recipe: after the object: {error}; {advice}"),
        },
        Err(error) => bail!("--recipe: field \"{}\": {}; {advice}", error.path(), error.inner()),
    }
}
