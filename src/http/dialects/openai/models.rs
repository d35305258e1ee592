//! `GET /v1/models`: the name of the model, and those that stand for it.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::http::model_name::{self, check};
use crate::http::state::AppState;

/// All names.
pub async fn list(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let models: Vec<Value> = model_name::names(state.service()?).map(model).collect();
    Ok(Json(json!({"object": "list", "data": models})))
}

/// One name.
pub async fn one(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    check(state.service()?, &name, "")?;
    Ok(Json(model(&name)))
}

/// The time of creation isn't known.
fn model(name: &str) -> Value {
    json!({"id": name, "object": "model", "created": 0, "owned_by": "strata"})
}
