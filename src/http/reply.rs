//! A handler's answer: JSON, with the time of each stage beside it for `middleware`.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::error::ApiError;
use super::pipeline::to_json;
use super::timings::StageTimings;

/// Writes `answer`, which holds about `numbers` numbers.
///
/// # Errors
/// It can't be written, which is a failure of the server.
pub async fn reply<T: Serialize + Send + 'static>(
    answer: T,
    numbers: usize,
    timings: StageTimings,
) -> Result<Response, ApiError> {
    let body = to_json(answer, numbers).await?;
    let mut response = ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    response.extensions_mut().insert(timings);
    Ok(response)
}
