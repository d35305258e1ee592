//! The recipe of a request, resolved for the model.

use std::sync::Arc;

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::excerpt::excerpt;
use super::state::Service;
use crate::model::recipe::{RecipeRef, ResolvedRecipe, check_dimensions};
use crate::model::recipe_book::RecipeError;

/// Resolves a recipe, and cuts it to `dimensions` if the request has that field too.
///
/// # Errors
/// There is no such recipe, or it doesn't fit the model. `pointer` is the field that names it.
pub fn resolve(
    service: &Service,
    recipe: &RecipeRef,
    dimensions: Option<usize>,
    pointer: &str,
) -> Result<Arc<ResolvedRecipe>, ApiError> {
    let resolved = service.recipes.resolve(recipe).map_err(|error| match error {
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
    })?;
    if dimensions.is_none() {
        return Ok(resolved);
    }
    let kept = check_dimensions(dimensions, resolved.dimensions).map_err(|error| {
        ApiError::unacceptable(ErrorCode::InvalidDimensions, "/dimensions", error.message)
    })?;
    Ok(Arc::new(ResolvedRecipe { dimensions: kept, ..Arc::unwrap_or_clone(resolved) }))
}
