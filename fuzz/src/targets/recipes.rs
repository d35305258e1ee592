//! Recipes in JSON, as in requests and `head.json`, and in TOML, as in a configuration.

use strata::model::recipe::{Recipe, RecipeRef, ResolvedRecipe, Shape};

/// Shapes of models: a tiny one, MiniLM, BERT large.
const SHAPES: [Shape; 3] = [
    Shape { layers: 2, hidden: 8 },
    Shape { layers: 6, hidden: 384 },
    Shape { layers: 24, hidden: 1024 },
];

/// Reads a recipe. What is accepted fits the model, and is the same after it was written and read again;
/// what is refused is refused by one of its fields.
pub fn run(data: &[u8]) {
    if let Ok(RecipeRef::Object(recipe)) = serde_json::from_slice(data) {
        check(&recipe);
    }
    let toml = std::str::from_utf8(data).ok().and_then(|text| toml::from_str::<Recipe>(text).ok());
    if let Some(recipe) = toml {
        check(&recipe);
    }
}

fn check(recipe: &Recipe) {
    for shape in SHAPES {
        match recipe.resolve(shape) {
            Ok(resolved) => {
                check_fits(recipe, &resolved, shape);
                check_round_trips(recipe);
            }
            Err(refused) => {
                let field = refused.field.split('/').next().unwrap();
                assert!(["layers", "weights", "dimensions"].contains(&field), "{field}");
            }
        }
    }
}

fn check_fits(recipe: &Recipe, resolved: &ResolvedRecipe, shape: Shape) {
    assert_eq!(resolved.layers.len(), recipe.layers.len());
    assert!(resolved.layers.iter().all(|&layer| layer <= shape.layers));
    assert!((1..=resolved.width).contains(&resolved.dimensions));
    assert!(resolved.weights.iter().flatten().all(|weight| weight.is_finite()));
    // All layers with each of the two halves of `mean_max`.
    assert!(resolved.width <= 2 * (shape.layers + 1) * shape.hidden, "{}", resolved.width);
    let row = vec![1.0; resolved.width];
    assert_eq!(resolved.cut_and_normalize(row, resolved.dimensions).len(), resolved.dimensions);
}

fn check_round_trips(recipe: &Recipe) {
    let json = serde_json::to_string(recipe).unwrap();
    assert_eq!(serde_json::from_str::<Recipe>(&json).unwrap(), *recipe, "{json}");
    let toml = toml::to_string(recipe).unwrap();
    assert_eq!(toml::from_str::<Recipe>(&toml).unwrap(), *recipe, "{toml}");
}
