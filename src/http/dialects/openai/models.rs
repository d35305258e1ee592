//! `GET /v1/models`: the names of the models, and those that stand for them.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ErrorBody;
use crate::http::error::ApiError;
use crate::http::models::{Entry, Wanted};
use crate::http::state::AppState;

/// The models.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiModels)]
pub struct Models {
    /// `list`
    object: &'static str,
    /// One per name.
    data: Vec<Model>,
}

/// A model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiModel)]
pub struct Model {
    /// Its name in requests.
    id: String,
    /// `model`
    object: &'static str,
    /// 0: the time isn't known.
    created: u64,
    /// `strata`
    owned_by: &'static str,
}

/// Lists all names of the models.
#[utoipa::path(
    get, path = "/v1/models", operation_id = "openai_models", tag = "OpenAI and Jina",
    responses(
        (status = 200, body = Models, description = "One model per name."),
        (status = 401, body = ErrorBody, description = "No key."),
        (status = 503, body = ErrorBody, description = "Starting."),
    ),
)]
pub async fn list(State(state): State<AppState>) -> Result<Json<Models>, ApiError> {
    // Whoever asks before anything serves should ask again.
    state.models().choose(Wanted::First)?;
    let models = state.models().all();
    let data = models.iter().flat_map(Entry::names).map(model).collect();
    Ok(Json(Models { object: "list", data }))
}

/// Describes the model of a name.
#[utoipa::path(
    get, path = "/v1/models/{name}", operation_id = "openai_model", tag = "OpenAI and Jina",
    params(("name" = String, Path, description = "A name of a model.")),
    responses(
        (status = 200, body = Model, description = "The model."),
        (status = 401, body = ErrorBody, description = "No key."),
        (status = 404, body = ErrorBody, description = "There is no model of this name."),
        (status = 503, body = ErrorBody, description = "Starting."),
    ),
)]
pub async fn one(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Json<Model>, ApiError> {
    state.models().choose(Wanted::Named { name: &name, pointer: "" })?;
    Ok(Json(model(&name)))
}

fn model(name: &str) -> Model {
    Model { id: name.to_owned(), object: "model", created: 0, owned_by: "strata" }
}
