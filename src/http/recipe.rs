//! The recipe of a request, resolved for the model.

use std::sync::Arc;

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::excerpt::excerpt;
use super::service::Service;
use crate::model::recipe::{RecipeRef, ResolvedRecipe, check_dimensions};
use crate::model::recipe_book::{NATIVE, RecipeError};

/// Resolves a recipe.
///
/// # Errors
/// There is no such recipe, or it doesn't fit the model. `pointer` is the field that names it.
pub fn resolve(
    service: &Service,
    recipe: &RecipeRef,
    pointer: &str,
) -> Result<Arc<ResolvedRecipe>, ApiError> {
    service.recipes.resolve(recipe).map_err(|error| match error {
        RecipeError::Unknown { name, known } => {
            let cut = RecipeError::Unknown { name: excerpt(&name).into_owned(), known };
            ApiError::unacceptable(ErrorCode::UnknownRecipe, pointer, cut.to_string())
        }
        RecipeError::Invalid(invalid) => {
            let code = match invalid.field.as_str() {
                "dimensions" => ErrorCode::InvalidDimensions,
                _ => ErrorCode::InvalidRecipe,
            };
            ApiError::unacceptable(code, format!("{pointer}/{}", invalid.field), invalid.message)
        }
    })
}

/// The recipe with only the first `dimensions` columns, if that is given.
///
/// # Errors
/// It doesn't have so many columns. `pointer` is the field that has the number.
pub fn cut(
    recipe: Arc<ResolvedRecipe>,
    dimensions: Option<usize>,
    pointer: &str,
) -> Result<Arc<ResolvedRecipe>, ApiError> {
    let kept = check_dimensions(dimensions, recipe.dimensions).map_err(|error| {
        ApiError::unacceptable(ErrorCode::InvalidDimensions, pointer, error.message)
    })?;
    Ok(match kept == recipe.dimensions {
        true => recipe,
        false => Arc::new(ResolvedRecipe { dimensions: kept, ..Arc::unwrap_or_clone(recipe) }),
    })
}

/// The recipe `native`, which other services' clients get; `normalize` goes over its own last step.
///
/// # Errors
/// None for a loaded model: it always has this recipe.
pub fn native(service: &Service, normalize: Option<bool>) -> Result<Arc<ResolvedRecipe>, ApiError> {
    let recipe = resolve(service, &RecipeRef::Name(NATIVE.to_owned()), "")?;
    Ok(match normalize {
        Some(normalize) if normalize != recipe.normalize => {
            Arc::new(ResolvedRecipe { normalize, ..Arc::unwrap_or_clone(recipe) })
        }
        _ => recipe,
    })
}
